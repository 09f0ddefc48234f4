// What many pictures show together: how many of each class, one class alone, the doubtful first.

import { csvOf } from "./table.js";
import { send, stop } from "./sending.js";
import { discard, lineUp, pictureOf, ready } from "./waiting.js";
import { text } from "./text.js";

const ALL = text("all");
const UNSURE = text("not sure");
const NONE = text("none of these");
const NO_ANSWER = text("no answer");

const cards = document.getElementById("cards");
const summary = document.getElementById("summary");
const line = document.getElementById("answered");
const progress = summary.querySelector("progress");
const chips = document.getElementById("chips");
const tools = document.getElementById("tools");
const sorting = document.getElementById("sorted");
const missing = document.getElementById("missing");
const wide = document.getElementById("wide");
const order = document.getElementById("order");
const pausing = document.getElementById("pause");
const cancelling = document.getElementById("cancel");

/** @type {Map<string, HTMLButtonElement>} */
const buttons = new Map();
let shown = ALL;
let planned = 0;
let last = 0;

// A class is told from the words above by what stands before it.
const kinds = {
  [ALL]: () => true,
  [UNSURE]: (card) => card.dataset.verdict === "unsure",
  [NONE]: (card) => card.dataset.verdict === "none",
  [NO_ANSWER]: (card) => isOver(card) && card.dataset.label === undefined,
};

const isOver = (card) => ["done", "failed"].includes(card.dataset.state);
const classed = ({ dataset }) => dataset.label !== undefined && dataset.verdict !== "none";
const matches = (card, kind) => kinds[kind]?.(card) ?? (classed(card) && `class ${card.dataset.label}` === kind);

function draw() {
  planned = 0;
  lineUp();
  const all = [...cards.children];
  for (const card of all.toReversed()) card.dataset.sequence ??= last += 1;
  const over = all.filter(isOver).length;
  const busy = all.filter(({ dataset }) => dataset.state === "busy").length;
  const told = { over, all: all.length };
  line.textContent = over < all.length ? text("{over} of {all} answered", told) : text("{all} pictures", told);
  progress.hidden = over === all.length;
  progress.value = over / (all.length || 1);
  chips.hidden = tools.hidden = !over && !busy;
  pausing.textContent = busy ? text("Pause") : text("Resume");
  pausing.hidden = !busy && (!over || over === all.length);
  cancelling.textContent = busy || over ? text("Cancel the rest") : text("Remove all");
  cancelling.hidden = over === all.length;
  sorting.hidden = !all.some((card) => isOver(card) && pictureOf.has(card));
  drawChips(all);
  for (const card of all) card.hidden = !matches(card, shown);
  summary.hidden = !all.length;
  observer.takeRecords(); // what was changed here
}

function drawChips(all) {
  const counts = new Map();
  for (const { dataset } of all.filter(classed)) {
    counts.set(`class ${dataset.label}`, (counts.get(`class ${dataset.label}`) ?? 0) + 1);
  }
  const classes = [...counts].sort(([, one], [, other]) => other - one);
  const others = [UNSURE, NONE, NO_ANSWER].map((kind) => [kind, all.filter(kinds[kind]).length]);
  const every = [[ALL, all.length], ...classes, ...others].filter(([, count]) => count);
  if (!every.some(([kind]) => kind === shown)) shown = ALL;
  const wanted = every.map(([kind, count]) => chip(kind, count));
  if (wanted.some((button, place) => chips.children[place] !== button)) chips.replaceChildren(...wanted);
  while (chips.children.length > wanted.length) chips.lastChild.remove();
}

function chip(kind, count) {
  if (!buttons.has(kind)) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button";
    button.addEventListener("click", () => {
      shown = kind;
      draw();
    });
    buttons.set(kind, button);
  }
  const button = buttons.get(kind);
  button.textContent = `${kind.startsWith("class ") ? kind.slice(6) : kind} ${count}`;
  button.ariaPressed = String(kind === shown);
  return button;
}

const SORTS = {
  chosen: (one, other) => other.dataset.sequence - one.dataset.sequence,
  doubt: (one, other) => (one.dataset.score ?? 0) - (other.dataset.score ?? 0),
  class: (one, other) => (one.dataset.label ?? "").localeCompare(other.dataset.label ?? "") || -SORTS.doubt(one, other),
};

function sort() {
  cards.append(...[...cards.children].sort(SORTS[order.value]));
}

const folderOf = (card) => (classed(card) ? card.dataset.label : card.dataset.verdict === "none" ? NONE : NO_ANSWER);

async function saveSorted() {
  const name = sorting.textContent;
  sorting.disabled = true;
  const { sorted } = await import("./sorted.js");
  const { zip, left } = await sorted([...cards.children].filter(isOver), folderOf, (share) => {
    sorting.textContent = text("{share} read", { share: `${Math.floor(100 * share)} %` });
  });
  sorting.textContent = name;
  sorting.disabled = false;
  missing.textContent = left
    ? text("{left} of them could not be read any more: choose their files again to have them in it.", { left })
    : "";
  save(zip, "sorted.zip");
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // a browser may still begin to read it
}

const widen = () => cards.classList.toggle("wide", wide.checked);

order.addEventListener("change", sort);
wide.addEventListener("change", widen);
pausing.addEventListener("click", () => {
  if (cards.querySelector("[data-state=busy]")) stop();
  else send(ready());
});
cancelling.addEventListener("click", () => {
  stop();
  discard(ready());
});
sorting.addEventListener("click", saveSorted);
document.getElementById("csv").addEventListener("click", () => {
  save(new Blob([csvOf(cards)], { type: "text/csv" }), "answers.csv");
});

const observer = new MutationObserver(() => {
  planned ||= requestAnimationFrame(draw);
});
widen(); // a browser that comes back may remember what was checked
observer.observe(cards, { attributeFilter: ["data-state"], childList: true, subtree: true });
draw();
