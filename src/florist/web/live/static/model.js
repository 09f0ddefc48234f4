// The model as the page sees it: pictures in, scores out.

const FILES = "model.json";

/** Load the model; `onProgress` hears the share that has come, and of how many bytes. */
export async function load(onProgress) {
  const response = await fetch(FILES);
  if (!response.ok) throw new Error(`${FILES} cannot be loaded (${response.status}). Reload the page.`);
  const facts = await response.json();
  const ask = start(onProgress);
  await ask({ model: facts });
  return { ...facts, classify: (picture) => classify(picture, facts.classes, ask) };
}

/** Answer a file, or an ImageBitmap, which is then gone: its classes, the most probable first. */
async function classify(picture, classes, ask) {
  const { scores, ...rest } = await ask({ picture }, picture instanceof ImageBitmap ? [picture] : []);
  const ranked = scores.map((score, i) => ({ label: classes[i], score }));
  ranked.sort((one, other) => other.score - one.score);
  return { ...rest, ranked };
}

/** Start the thread; return what sends it a message, and waits for the answer. */
function start(onProgress) {
  const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
  const waiting = new Map();
  let last = 0;
  worker.addEventListener("message", ({ data: { id, share, total, error, ...answer } }) => {
    if (!id) return onProgress(share, total);
    const { done, failed } = waiting.get(id);
    waiting.delete(id);
    if (error) failed(new Error(error));
    else done(answer);
  });
  worker.addEventListener("error", () => {
    for (const { failed } of waiting.values()) failed(new Error("This browser cannot run the model. A newer one can."));
  });
  return (message, transferred = []) =>
    new Promise((done, failed) => {
      waiting.set(++last, { done, failed });
      worker.postMessage({ id: last, ...message }, transferred);
    });
}
