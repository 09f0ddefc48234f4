// Chosen, dropped, pasted and photographed pictures: previewed at once, sent one by one without a
// reload. The answer comes from the server as the same card that it draws without this script.

const AT_ONCE = 2;
const TRIES_WHEN_BUSY = 20;

const form = document.getElementById("form");
const cards = document.getElementById("cards");
const submit = document.getElementById("submit");
const message = document.getElementById("message");
const news = document.getElementById("news");
const waiting = document.getElementById("waiting").content.firstElementChild;
const maxBytes = Number(form.dataset.maxBytes);

/** @type {{file: File, card: HTMLElement}[]} */
let chosen = [];

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

function inBytes(size) {
  const units = ["bytes", "kB", "MB", "GB"];
  const power = Math.min(Math.floor(Math.log10(Math.max(size, 1)) / 3), 3);
  return `${(size / 1000 ** power).toFixed(power > 1 ? 1 : 0)} ${units[power]}`;
}

function say(text) {
  message.textContent = text;
}

// Sending

async function sendAll(pictures) {
  const queue = [...pictures];
  for (const { card } of queue) {
    card.dataset.state = "busy";
    card.classList.remove("card-error");
    card.querySelector("progress").hidden = false;
    card.querySelector("[data-detail]").textContent = "";
    card.querySelector("[data-again]").hidden = true;
    stage(card, "Waiting …");
  }
  queue[0].card.scrollIntoView({ block: "nearest" });
  const worker = async () => {
    for (let picture = queue.shift(); picture; picture = queue.shift()) await send(picture);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

async function send(picture) {
  const { file, card } = picture;
  if (file.size > maxBytes) {
    const allowed = inBytes(maxBytes);
    fail(picture, "The picture is too large", `It has ${inBytes(file.size)}; at most ${allowed} can be sent.`);
    return;
  }
  for (let tries = 1; ; tries += 1) {
    const reply = await post(file, card);
    if (![429, 503].includes(reply.status) || tries === TRIES_WHEN_BUSY) {
      show(picture, reply);
      return;
    }
    stage(card, "Busy, waiting …");
    const wait = Number(reply.getResponseHeader("Retry-After")) || 1;
    await new Promise((go) => setTimeout(go, Math.min(wait, 10) * 1000));
  }
}

/** Send one picture; XMLHttpRequest, because fetch does not tell how much has been sent. */
function post(file, card) {
  const body = new FormData();
  body.append("csrf_token", form.elements.csrf_token.value);
  body.append("image", file, file.name);
  const bar = card.querySelector("progress");
  bar.value = 0;
  stage(card, "Sending …");
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      bar.value = loaded / total;
    });
    request.upload.addEventListener("load", () => {
      bar.removeAttribute("value");
      stage(card, "Looking …");
    });
    request.addEventListener("loadend", () => done(request));
    request.send(body);
  });
}

function stage(card, text) {
  card.querySelector("[data-stage]").textContent = text;
}

// Showing

function show(picture, reply) {
  const answer = parsed(reply);
  if (answer?.cards) {
    const page = new DOMParser().parseFromString(answer.cards[0], "text/html");
    replace(picture.card, document.adoptNode(page.querySelector(".card")));
  } else if (answer?.title) {
    fail(picture, answer.title, answer.detail, true);
  } else {
    fail(picture, "The server cannot be reached", "Is the connection still there?", true);
  }
}

function parsed(reply) {
  try {
    return JSON.parse(reply.responseText);
  } catch {
    return null; // nothing came back, or something between here and the server answered
  }
}

/** Put the answer where the picture waits. The preview stays: it is there already. */
function replace(card, answer) {
  const preview = card.querySelector(".card-picture img");
  if (preview) answer.querySelector(".card-picture").replaceWith(preview.parentElement);
  card.replaceWith(answer);
  tell(answer.dataset.news);
}

function fail({ card }, title, detail, canRetry) {
  stage(card, title);
  card.querySelector("progress").hidden = true;
  card.querySelector("[data-detail]").textContent = detail;
  card.querySelector("[data-again]").hidden = !canRetry;
  card.classList.add("card-error");
  card.dataset.state = "failed";
  tell(`${card.querySelector(".name").textContent}: ${title}. ${detail}`);
}

function tell(text) {
  const line = document.createElement("p");
  line.textContent = text;
  news.append(line);
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
    say("Choose a picture first.");
    return;
  }
  say("");
  const pictures = chosen;
  chosen = [];
  count();
  sendAll(pictures);
});

document.addEventListener("paste", ({ clipboardData }) => {
  if (clipboardData.files.length) {
    add(clipboardData.files);
    submit.focus();
  }
});

document.addEventListener("dragover", (event) => {
  event.preventDefault();
  form.dataset.over = "";
});

document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) delete form.dataset.over;
});

document.addEventListener("drop", (event) => {
  event.preventDefault();
  delete form.dataset.over;
  const { files, items } = event.dataTransfer;
  if ([...items].some((item) => item.webkitGetAsEntry?.()?.isDirectory)) {
    say("That is a folder. Drop the pictures in it.");
  } else if (files.length) {
    add(files);
    submit.focus();
  } else {
    say("That is a link, not a picture. Save the picture first, then drop its file.");
  }
});
