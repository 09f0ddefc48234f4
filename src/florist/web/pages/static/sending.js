// Sending pictures one by one, each to its card, and showing what the server says of it. The answer
// is the same card that the server draws without a script.

import { remember } from "./remembering.js";

const AT_ONCE = 2;
const TRIES_WHEN_BUSY = 20;

const form = document.getElementById("form");
const news = document.getElementById("news");
const maxBytes = Number(form.dataset.maxBytes);

let stopped = false;

/** Send no picture that is not on its way yet. */
export function stop() {
  stopped = true;
}

/** Send pictures, each a `{file, card}`, a few at a time and in order; return those that were stopped. */
export async function sendAll(pictures) {
  const queue = [...pictures];
  stopped = false;
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
    while (queue.length && !stopped) await send(queue.shift());
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  for (const { card } of queue) {
    card.dataset.state = "ready";
    stage(card, "Ready");
  }
  return queue;
}

async function send(picture) {
  const { file, card } = picture;
  if (file.size > maxBytes) {
    const allowed = inBytes(maxBytes);
    fail(picture, "The picture is too large", `It has ${inBytes(file.size)}; at most ${allowed} can be sent.`);
    return;
  }
  let reply = await post(file, card);
  if (parsed(reply)?.code === "bad-csrf") {
    await renewToken();
    reply = await post(file, card);
  }
  for (let tries = 1; [429, 503].includes(reply.status) && tries < TRIES_WHEN_BUSY; tries += 1) {
    stage(card, "Busy, waiting …");
    const wait = Number(reply.getResponseHeader("Retry-After")) || 1;
    await new Promise((go) => setTimeout(go, Math.min(wait, 10) * 1000));
    reply = await post(file, card);
  }
  show(picture, reply);
}

/** A server that was started anew no longer knows the token of a page that stayed open. */
async function renewToken() {
  const reply = await fetch(form.action, { headers: { Accept: "text/html" } }).catch(() => null);
  const page = new DOMParser().parseFromString((await reply?.text()) ?? "", "text/html");
  form.elements.csrf_token.value = page.querySelector("[name=csrf_token]")?.value ?? "";
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
    const card = page.querySelector(".card");
    replace(picture.card, card);
    remember(card, answer.cards[0]);
  } else if (answer?.title) {
    fail(picture, answer.title, answer.detail, true);
  } else if (reply.status) {
    fail(picture, "The server gave no answer", `It said ${reply.status} and no more.`, true);
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
  const shown = card.querySelector(".card-picture");
  if (card.dataset.sequence) answer.dataset.sequence = card.dataset.sequence;
  if (shown.querySelector("img")) {
    answer.querySelector(".card-picture").replaceChildren(); // before it is loaded once more
    card.replaceWith(answer);
    answer.querySelector(".card-picture").replaceWith(shown);
  } else {
    card.replaceWith(answer);
  }
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

export function inBytes(size) {
  const units = ["bytes", "kB", "MB", "GB"];
  const power = Math.min(Math.floor(Math.log10(Math.max(size, 1)) / 3), 3);
  return `${(size / 1000 ** power).toFixed(power > 1 ? 1 : 0)} ${units[power]}`;
}
