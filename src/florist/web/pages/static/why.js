// Why a picture got its answer, asked for when a person wants to know, and then shown or hidden.

import { renewToken } from "./token.js";
import { text } from "./text.js";

const news = document.getElementById("news");
const styled = style();

/**
 * Show or hide the reasons of the button's answer; the first time, ask for them.
 * @param {HTMLElement} button
 * @param {import("./waiting.js").Picture} [picture] where it is still at hand
 */
export async function toggle(button, picture) {
  const card = button.closest(".card, .answer");
  if (button.ariaBusy === "true") return;
  if (!card.querySelector(".reasons")) {
    button.ariaBusy = "true";
    await add(card, button, picture);
    button.ariaBusy = "false";
  }
  const shown = card.toggleAttribute("data-reasons");
  button.ariaExpanded = String(shown);
  if (shown) tell(card.querySelector(".reasons p").textContent);
  else card.querySelector("[data-failed]")?.remove(); // to ask once more
}

async function add(card, button, picture) {
  let reply = await ask(card, button, picture);
  if (reply?.code === "bad-csrf") {
    await renewToken();
    reply = await ask(card, button, picture);
  }
  await styled;
  if (reply?.why) {
    const page = new DOMParser().parseFromString(reply.why, "text/html");
    card.querySelector(".card-picture, .answer-picture").append(page.querySelector(".veil"));
    button.parentElement.after(page.querySelector(".reasons"));
  } else {
    const why = document.createElement("section");
    why.className = "reasons";
    why.dataset.failed = "";
    why.append(document.createElement("p"));
    why.firstChild.textContent = reply?.title ? `${reply.title}. ${reply.detail}` : text("The server cannot be reached.");
    button.parentElement.after(why);
  }
}

/** Return what the server says, null where it says nothing. */
async function ask(card, button, picture) {
  try {
    const body = new FormData();
    body.append("csrf_token", document.querySelector("[name=csrf_token]").value);
    body.append("image", await contentFor(card, button, picture), "picture");
    const headers = { Accept: "application/json" };
    const reply = await fetch(button.dataset.why, { method: "POST", body, headers });
    return await reply.json();
  } catch {
    return null;
  }
}

/** Return what was sent; after a refresh what was kept of it, or its preview. */
async function contentFor(card, { dataset }, picture) {
  if (picture) return (await import("./sending.js")).contentOf(picture);
  if (dataset.picture) return (await fetch(dataset.picture)).blob();
  const [, encoded] = card.querySelector(".card-picture img").src.split(";base64,");
  return new Blob([Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0))]);
}

function style() {
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = new URL("why.css", import.meta.url);
  document.head.append(link);
  return new Promise((done) => link.addEventListener("load", done));
}

function tell(words) {
  const line = document.createElement("p");
  line.textContent = words;
  news.append(line);
}
