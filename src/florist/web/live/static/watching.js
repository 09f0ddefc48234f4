// What the camera sees, answered as fast as the device can.

import * as camera from "./camera.js";
import { headline, percent, show } from "./scores.js";

const part = (id) => document.getElementById(id);
const [stage, video, scores, news, why] = ["stage", "video", "scores", "news", "why"].map(part);
const answer = part("answer");
const [start, freeze, change] = ["start", "freeze", "switch"].map(part);

let watching = false;
let seen; // what was answered last

/** Let a person start the camera, freeze it, and change to another one. */
export function watchCamera(model) {
  start.disabled = false;
  start.addEventListener("click", () => begin(model));
  freeze.addEventListener("click", () => (watching ? stop() : resume(model)));
  change.addEventListener("click", () => begin(model, camera.next()));
}

/** Open a camera: that of the promise, or any. */
async function begin(model, another) {
  if (stage.ariaBusy === "true") return; // disabled instead, a button would lose the focus
  stage.ariaBusy = "true";
  watching = false;
  why.textContent = "";
  try {
    await camera.open(video, await another);
    freeze.hidden = false;
    if (document.activeElement === start) freeze.focus();
    start.hidden = true;
    change.hidden = !(await camera.next());
    resume(model);
  } catch (error) {
    why.textContent = error.message;
    start.hidden = false;
    freeze.hidden = change.hidden = true;
  } finally {
    stage.ariaBusy = "false";
  }
}

async function resume(model) {
  freeze.textContent = "Freeze";
  news.textContent = "";
  await video.play();
  watching = true;
  while (watching) {
    const frame = await createImageBitmap(video);
    const found = await model.classify(frame);
    if (!watching) break;
    seen = found;
    answer.textContent = headline(found);
    scores.classList.toggle("quiet", found.verdict === "none");
    show(scores, placed(found.ranked, model.classes, scores.children.length));
    await new Promise(requestAnimationFrame); // none comes while the page is hidden
  }
}

/** Return the classes in places of their own, or where there are fewer places, the best ones. */
function placed(ranked, classes, places) {
  if (classes.length > places) return ranked.slice(0, places);
  return [...ranked].sort((one, other) => classes.indexOf(one.label) - classes.indexOf(other.label));
}

function stop() {
  watching = false;
  video.pause();
  freeze.textContent = "Go on";
  if (seen) news.textContent = `${headline(seen)}, ${percent(seen.ranked[0].score)}.`;
}
