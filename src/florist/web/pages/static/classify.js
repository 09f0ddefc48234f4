// Chosen, dropped, pasted and photographed pictures: previewed at once, sent without a reload.

import { send } from "./sending.js";
import { MOST, count, discard, lineUp, pictureOf, ready, waiting } from "./waiting.js";
import { text } from "./text.js";

const form = document.getElementById("form");
const cards = document.getElementById("cards");
const submit = document.getElementById("submit");
const message = document.getElementById("message");

/** Many pictures get a summary, which few need not load. */
function summarize() {
  if (lineUp()) import("./summary.js");
}

/** Take files, each a `{file, path}`. */
function add(found, why = "") {
  const taken = found.slice(0, MOST).map(({ file, path }) => waiting(file, path));
  say(found.length > MOST ? text("Only the first {most} pictures were taken.", { most: MOST }) : why);
  if (!taken.length) return;
  cards.prepend(...taken.map(({ card }) => card));
  count();
  summarize();
}

const alone = (files) => [...files].map((file) => ({ file, path: file.name }));

function say(words) {
  message.textContent = words;
}

// What a person does

form.addEventListener("change", async ({ target }) => {
  const files = [...target.files];
  target.value = ""; // the same picture can be chosen again
  if (!target.webkitdirectory) return add(alone(files));
  const { inFolder } = await import("./folders.js");
  const { found, why } = inFolder(files);
  add(found, why);
  if (found.length) submit.focus();
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (event.submitter?.name === "example") add(await (await import("./examples.js")).chosen(event.submitter));
  const pictures = ready();
  const sending = cards.querySelector("[data-state=busy]"); // a double click
  say(pictures.length || sending ? "" : text("Choose a picture first."));
  send(pictures);
});

cards.addEventListener("click", ({ target }) => {
  const card = target.closest(".card");
  const picture = pictureOf.get(card);
  if (target.closest(".remove")) {
    const next = card.nextElementSibling?.querySelector(".remove") ?? submit;
    discard([picture]);
    next.focus();
  } else if (target.closest("[data-again]")) {
    send([picture]);
  } else if (target.closest("[data-original]")) {
    const again = waiting(picture.file, picture.path, true);
    card.replaceWith(again.card);
    send([again]);
  } else if (target.closest("[data-why]")) {
    import("./why.js").then(({ toggle }) => toggle(target.closest("[data-why]"), picture));
  }
});

document.addEventListener("paste", ({ clipboardData }) => {
  if (clipboardData.files.length) {
    add(alone(clipboardData.files));
    submit.focus();
  } else if (clipboardData.getData("text").trim()) {
    say(text("That is text or an address, not a picture. Copy the picture itself, or save it and choose its file."));
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
  const { items, files } = event.dataTransfer;
  // Asked for before anything is waited for: afterwards the browser has forgotten what was dropped.
  const entries = [...items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (entries.some((entry) => entry.isDirectory)) {
    const { dropped } = await import("./folders.js");
    const { found, why } = await dropped(entries);
    add(found, why);
  } else {
    add(alone(files), files.length ? "" : text("That is a link, not a picture. Save the picture first, then drop its file."));
  }
  if (ready().length) submit.focus();
});

document.getElementById("theme")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { prefer } = await import("./preferences.js");
  prefer(event.target, event.submitter);
});

summarize();
