// The page: loads the model, then answers what the camera sees and what files are chosen.

import { watchCamera } from "./watching.js";
import { takeFiles } from "./files.js";
import { load } from "./model.js";

const state = document.getElementById("state");
const progress = document.getElementById("progress");

async function begin() {
  if (!("WebAssembly" in globalThis)) throw new Error("This browser has no WebAssembly, so it cannot run the model.");
  const model = await load((share, bytes) => {
    progress.value = share;
    state.textContent = `Loading the model: ${Math.floor(100 * share)}\u00a0% of ${Math.ceil(bytes / 1e6)}\u00a0MB`;
  });
  watchCamera(model);
  takeFiles(model);
  state.textContent = "Ready.";
  if (await keep()) state.textContent = "Ready, also without a network.";
}

/** Keep the page for when there is no network; tell whether it is kept. */
async function keep() {
  try {
    await navigator.serviceWorker.register("service-worker.js");
    await navigator.serviceWorker.ready;
    return true;
  } catch {
    return false; // over plain http, or where a browser keeps nothing: the page works while it is online
  }
}

begin()
  .catch((error) => (state.textContent = error.message))
  .finally(() => (progress.parentElement.dataset.done = ""));
