// Pictures that were chosen, and the cards in which they wait for their answers.

import { locale, text } from "./text.js";

/**
 * Where a file came from is its path; `original` asks for it as it is, however large.
 * @typedef {{file: File, path: string, card: HTMLElement, original?: boolean}} Picture
 */

/** So many are taken at a time. */
export const MOST = 2000;

const MANY = 6;

const cards = document.getElementById("cards");
const submit = document.getElementById("submit");
const template = document.getElementById("waiting").content.firstElementChild;

/** The picture that a card shows, where its file is still at hand. @type {WeakMap<HTMLElement, Picture>} */
export const pictureOf = new WeakMap();

/** Return a new picture with a card that waits. */
export function waiting(file, path, original = false) {
  const card = template.cloneNode(true);
  card.querySelector(".name").textContent = file.name;
  card.querySelector(".name").title = card.dataset.path = path;
  card.querySelector(".size").textContent = inBytes(file.size);
  card.querySelector(".remove .visually-hidden").textContent = text("Remove {name}", { name: file.name });
  const image = new Image();
  image.alt = "";
  image.loading = "lazy"; // of thousands, only what comes into sight is read
  image.src = URL.createObjectURL(file);
  // What this browser cannot show (HEIC, or no picture at all) leaves the flower in its place.
  image.addEventListener("error", () => {
    URL.revokeObjectURL(image.src);
    image.remove();
  });
  card.querySelector(".card-picture").append(image);
  const picture = { file, path, card, original };
  pictureOf.set(card, picture);
  return picture;
}

/** Give each of many pictures a row; return whether they are many. */
export function lineUp() {
  return cards.classList.toggle("rows", cards.children.length >= MANY);
}

/** Return the pictures that are to be sent, in the order of their cards. */
export function ready() {
  return [...cards.querySelectorAll(".card[data-state=ready]")].map((card) => pictureOf.get(card));
}

/** Say on the button how many pictures it sends. */
export function count() {
  const { length } = cards.querySelectorAll(".card[data-state=ready]");
  submit.textContent = length > 1 ? text("Submit {count} pictures", { count: length }) : text("Submit");
}

/** Take pictures back that were not sent. */
export function discard(unsent) {
  for (const { card } of unsent) {
    const image = card.querySelector(".card-picture img");
    if (image) URL.revokeObjectURL(image.src);
    card.remove();
  }
  count();
}

/** Say how far a waiting picture is; one that has its answer needs no telling. */
export function stage(card, words) {
  const line = card.querySelector("[data-stage]");
  if (line) line.textContent = words;
}

export function inBytes(size) {
  const units = [text("bytes"), "kB", "MB", "GB"];
  const power = Math.min(Math.floor(Math.log10(Math.max(size, 1)) / 3), 3);
  const digits = power > 1 ? 1 : 0;
  const form = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return `${(size / 1000 ** power).toLocaleString(locale, form)} ${units[power]}`;
}
