// Chosen and dropped files, answered one after the other, each on its card.

import { headline, show } from "./scores.js";

const TOP = 3;

const cards = document.getElementById("cards");
const drop = document.getElementById("drop");
const message = document.getElementById("message");
const input = document.getElementById("pictures");
const news = document.getElementById("news");
const template = document.getElementById("card").content.firstElementChild;

let queue = Promise.resolve();

/** Let a person choose, drop and paste pictures. */
export function takeFiles(model) {
  const take = (files) => {
    message.textContent = "";
    const fresh = [...files].map((file) => ({ file, card: cardFor(file, model) }));
    cards.prepend(...fresh.map(({ card }) => card));
    for (const { file, card } of fresh) queue = queue.then(() => answer(file, card, model));
  };
  input.disabled = false;
  input.addEventListener("change", () => {
    take(input.files);
    input.value = ""; // the same picture can be chosen again
  });
  document.addEventListener("paste", ({ clipboardData }) => take(clipboardData.files));
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.dataset.over = "";
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) delete drop.dataset.over;
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    delete drop.dataset.over;
    const { files } = event.dataTransfer;
    take(files);
    if (!files.length) message.textContent = "That is no file. Save the picture first, then drop its file.";
  });
}

function cardFor(file, { classes }) {
  const card = template.cloneNode(true);
  card.querySelector(".name").textContent = file.name;
  show(card.querySelector(".scores"), classes.slice(0, TOP).map(() => ({ label: "\u00a0", score: 0 })));
  return card;
}

async function answer(file, card, model) {
  const write = (part, text) => (card.querySelector(part).textContent = text);
  try {
    const found = await model.classify(file);
    const { ranked, verdict, width, height, ms } = found;
    picture(file, card);
    write(".card-label", headline(found));
    card.classList.toggle("card-none", verdict === "none");
    write(".size", `${width} × ${height}`);
    write(".card-foot", `Answered on this device in ${ms.toFixed(0)} ms.`);
    show(card.querySelector(".scores"), ranked.slice(0, TOP));
    news.textContent = `${file.name}: ${headline(found)}.`;
  } catch (error) {
    card.classList.add("card-error");
    write(".card-label", "This is no picture that can be read");
    write(".detail", error.message);
    card.querySelector(".scores").remove();
    news.textContent = `${file.name}: ${error.message}`;
  }
}

function picture(file, card) {
  const image = new Image();
  image.alt = "";
  image.src = URL.createObjectURL(file);
  card.querySelector(".card-picture").append(image);
}
