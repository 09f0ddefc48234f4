// The model, in a thread of its own: a page that computes would not scroll.

import { InferenceSession, Tensor, env } from "./ort.mjs";
import { decoded } from "./decoding.js";
import { judgeOf } from "./judge.js";
import { download } from "./loading.js";
import { fitted } from "./resize.js";

const NETWORK = "model.onnx";
const JUDGE = "judge.json";
const RUNTIME = "ort-wasm-simd-threaded.wasm";

let answer; // a promise of what answers a picture

self.addEventListener("message", async ({ data: { id, model, picture } }) => {
  try {
    if (model) answer = load(model);
    const found = await answer;
    self.postMessage(picture ? { id, ...(await found(picture)) } : { id });
  } catch (error) {
    self.postMessage({ id, error: error.message ?? String(error) });
  }
});

async function load(model) {
  env.wasm.numThreads = self.crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency) : 1;
  const bytes = await download(model, (share, total) => self.postMessage({ share, total }));
  env.wasm.wasmBinary = bytes[RUNTIME];
  const session = await InferenceSession.create(bytes[NETWORK], { executionProviders: ["wasm"] });
  const [input] = session.inputNames;
  const output = session.outputNames.length === 1 ? session.outputNames[0] : "probabilities";
  const judge = judgeOf(JSON.parse(new TextDecoder().decode(bytes[JUDGE])));

  return async (picture) => {
    const started = performance.now();
    const bitmap = await decoded(picture);
    const { width, height } = bitmap;
    const pixels = fitted(bitmap, model);
    bitmap.close();
    const tensor = new Tensor("uint8", pixels, [1, model.size, model.size, 3]);
    const outputs = await session.run({ [input]: tensor });
    const scores = [...outputs[output].data];
    const verdict = judge(scores, outputs);
    return { scores, verdict, width, height, ms: performance.now() - started };
  };
}
