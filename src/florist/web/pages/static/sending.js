// Sending pictures one by one, each to its card, and showing what the server says of it. The answer
// is the same card that the server draws without a script.

import { remember } from "./remembering.js";
import { count, inBytes, pictureOf, stage } from "./waiting.js";
import { locale, text } from "./text.js";

const AT_ONCE = 3;
const LARGE = 1e6; // bytes; a larger picture is made smaller first
const FEW = 5; // answers that are read out one by one

const form = document.getElementById("form");
const news = document.getElementById("news");
const maxBytes = Number(form.dataset.maxBytes);

/** @type {import("./waiting.js").Picture[]} */
let queue = [];
let working = 0;
let askAgain = 0; // when a server that was busy wants to be asked

/** Send pictures, a few at a time and in order. */
export function send(pictures) {
  for (const { card } of pictures) {
    card.dataset.state = "busy";
    card.classList.remove("card-error");
    card.querySelector("progress").hidden = false;
    card.querySelector("[data-detail]").textContent = "";
    card.querySelector("[data-again]").hidden = true;
    stage(card, text("Waiting …"));
  }
  count();
  pictures[0]?.card.scrollIntoView({ block: "nearest" });
  queue.push(...pictures);
  while (working < AT_ONCE && working < queue.length) work();
}

/** Send no picture that is not on its way yet. */
export function stop() {
  for (const { card } of queue) {
    card.dataset.state = "ready";
    stage(card, text("Ready"));
  }
  queue = [];
  count();
}

async function work() {
  working += 1;
  while (queue.length) {
    const early = askAgain - Date.now();
    if (early > 0) {
      await new Promise((go) => setTimeout(go, early));
      continue;
    }
    const picture = queue.shift();
    const seconds = await sendOne(picture);
    if (seconds) {
      queue.unshift(picture); // where it can be stopped
      askAgain = Date.now() + seconds * 1000;
    }
  }
  working -= 1;
}

/** Send a picture; return after how many seconds to try again where the server is busy. */
async function sendOne(picture) {
  const { card } = picture;
  const content = (picture.content ??= await contentOf(picture));
  if (content.size > maxBytes) {
    const allowed = inBytes(maxBytes);
    fail(picture, text("The picture is too large"), text("It has {size}; at most {allowed} can be sent.", { size: inBytes(content.size), allowed }));
    return 0;
  }
  let reply = await post(picture);
  if (parsed(reply)?.code === "bad-csrf") {
    await (await import("./token.js")).renewToken();
    reply = await post(picture);
  }
  if ([429, 503].includes(reply.status)) {
    const seconds = Number(reply.getResponseHeader("Retry-After")) || 1;
    stage(card, seconds < 60 ? text("Busy, waiting …") : text("Waiting until {time} …", { time: timeIn(seconds) }));
    return seconds;
  }
  show(picture, reply);
  delete picture.content;
  return 0;
}

/** Return what is sent of a picture: its file, or fewer pixels where that is large. */
export function contentOf({ file, card, original }) {
  const side = Number(form.dataset.side);
  if (original || !side || file.size <= LARGE) return file;
  stage(card, text("Making it smaller …"));
  const worker = new Worker(new URL("shrinking.js", import.meta.url));
  return new Promise((done) => {
    worker.onmessage = ({ data }) => done(data ?? file);
    worker.onerror = () => done(file);
    worker.postMessage({ file, side });
  }).finally(() => worker.terminate());
}

const timeIn = (seconds) =>
  new Date(Date.now() + seconds * 1000).toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit" });

/** Send one picture; XMLHttpRequest, because fetch does not tell how much has been sent. */
function post({ file, content, card }) {
  const body = new FormData();
  body.append("csrf_token", form.elements.csrf_token.value);
  body.append("image", content, file.name);
  const bar = card.querySelector("progress");
  bar.value = 0;
  stage(card, text("Sending …"));
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      bar.value = loaded / total;
    });
    request.upload.addEventListener("load", () => {
      bar.removeAttribute("value");
      stage(card, text("Looking …"));
    });
    request.addEventListener("loadend", () => done(request));
    request.send(body);
  });
}

// Showing

function show(picture, reply) {
  const answer = parsed(reply);
  if (answer?.cards) {
    const page = new DOMParser().parseFromString(answer.cards[0], "text/html");
    const card = page.querySelector(".card");
    card.dataset.path = picture.path;
    noteSize(card, picture);
    remember(card, card.outerHTML);
    replace(picture, card);
  } else if (answer?.title) {
    fail(picture, answer.title, answer.detail, true);
  } else if (reply.status) {
    fail(picture, text("The server gave no answer"), text("It said {status} and no more.", { status: reply.status }), true);
  } else {
    fail(picture, text("The server cannot be reached"), text("Is the connection still there?"), true);
  }
}

/** Say of what was made smaller that it was, and offer to send it as it is. */
function noteSize(answer, { file, content }) {
  const foot = answer.querySelector(".card-foot");
  if (content === file || !foot) return;
  const note = document.createElement("span");
  note.className = "remark";
  const sizes = { small: inBytes(content.size), large: inBytes(file.size) };
  note.append(" ", text("Sent smaller, {small} of {large}.", sizes), " ");
  foot.querySelector(".remark").after(note);
  if (file.size > maxBytes) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "link";
  button.dataset.original = "";
  button.textContent = text("Send the original");
  note.append(button);
}

function parsed(reply) {
  try {
    return JSON.parse(reply.responseText);
  } catch {
    return null; // nothing came back, or something between here and the server answered
  }
}

/** Put the answer where the picture waits. The preview stays: it is there already. */
function replace(picture, answer) {
  const { card } = picture;
  const shown = card.querySelector(".card-picture");
  const drawn = answer.querySelector(".card-picture");
  const preview = shown.querySelector("img");
  if (card.dataset.sequence) answer.dataset.sequence = card.dataset.sequence;
  if (preview) drawn.remove(); // before it is loaded once more
  card.replaceWith(answer);
  if (preview) {
    answer.prepend(shown);
    preview.addEventListener("error", () => shown.replaceWith(drawn)); // out of sight until now
  }
  picture.card = answer;
  pictureOf.set(answer, picture);
  if (answer.parentNode.children.length <= FEW) tell(answer.dataset.news);
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

function tell(words) {
  const line = document.createElement("p");
  line.textContent = words;
  news.append(line);
}
