// Chosen, dropped, pasted and photographed pictures: previewed at once, sent without a reload.

import { dropped } from "./dropping.js";
import { inBytes, sendAll } from "./sending.js";

const form = document.getElementById("form");
const cards = document.getElementById("cards");
const submit = document.getElementById("submit");
const message = document.getElementById("message");
const waiting = document.getElementById("waiting").content.firstElementChild;

/** @type {{file: File, card: HTMLElement}[]} */
let chosen = [];
const MANY = 6;

// Choosing

function add(files) {
  say("");
  const fresh = [...files].map((file) => ({ file, card: cardFor(file) }));
  cards.prepend(...fresh.map(({ card }) => card));
  for (const picture of fresh) {
    picture.card.querySelector(".remove").addEventListener("click", () => remove(picture));
    picture.card.querySelector("[data-again]").addEventListener("click", () => sendAll([picture]));
  }
  chosen.push(...fresh);
  count();
  summarize();
}

/** Many pictures get a summary, which few need not load. */
function summarize() {
  if (cards.children.length >= MANY) import("./summary.js");
}

function cardFor(file) {
  const card = waiting.cloneNode(true);
  card.querySelector(".name").textContent = file.name;
  card.querySelector(".size").textContent = inBytes(file.size);
  card.querySelector(".remove .visually-hidden").textContent = `Remove ${file.name}`;
  const image = new Image();
  image.alt = "";
  image.src = URL.createObjectURL(file);
  // What this browser cannot show (HEIC, or no picture at all) leaves the flower in its place.
  image.addEventListener("load", () => card.querySelector(".card-picture")?.append(image));
  image.addEventListener("error", () => URL.revokeObjectURL(image.src));
  return card;
}

function remove(picture) {
  chosen = chosen.filter((other) => other !== picture);
  const next = picture.card.nextElementSibling?.querySelector(".remove") ?? submit;
  forget(picture.card);
  picture.card.remove();
  next.focus();
  count();
}

function forget(card) {
  const image = card.querySelector(".card-picture img");
  if (image?.src.startsWith("blob:")) URL.revokeObjectURL(image.src);
}

function count() {
  submit.textContent = chosen.length > 1 ? `Submit ${chosen.length} pictures` : "Submit";
}

function say(text) {
  message.textContent = text;
}

// What a person does

for (const input of form.querySelectorAll("input[type=file]")) {
  input.addEventListener("change", () => {
    add(input.files);
    input.value = ""; // the same picture can be chosen again
  });
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!chosen.length) {
    const sending = cards.querySelector("[data-state=busy]"); // a double click
    if (!sending) say("Choose a picture first.");
    return;
  }
  say("");
  const pictures = chosen;
  chosen = [];
  count();
  send(pictures);
});

async function send(pictures) {
  const left = await sendAll(pictures);
  chosen.unshift(...left);
  count();
}

document.addEventListener("paste", ({ clipboardData }) => {
  if (clipboardData.files.length) {
    add(clipboardData.files);
    submit.focus();
  } else if (clipboardData.getData("text").trim()) {
    say("That is text or an address, not a picture. Copy the picture itself, or save it and choose its file.");
  }
});

document.addEventListener("dragover", (event) => {
  event.preventDefault();
  form.dataset.over = "";
});

document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) delete form.dataset.over;
});

document.addEventListener("drop", async (event) => {
  event.preventDefault();
  delete form.dataset.over;
  say("");
  const { files, why } = await dropped(event.dataTransfer);
  if (files.length) {
    add(files);
    submit.focus();
  }
  if (why) say(why);
});

summarize();
