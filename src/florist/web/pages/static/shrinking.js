// Makes a large picture smaller, in a thread of its own, so that it takes seconds on a slow line.
//
// The server sees the same: it ignores colour profiles and turns a picture upright, and so does what
// is asked of the browser here. What is transparent anywhere, or in a format that a browser would
// not turn, goes as it is. Pixels are averaged once more for the model: three times its side leave
// that enough to work on.

const TIMES_THE_SIDE = 3;
const LONGER_SIDE = 1024;
const QUALITY = 0.9;
const FIRST_BYTES = [0xff, 0x89, 0x42]; // of JPEG, PNG and BMP

self.addEventListener("message", async ({ data: { file, side } }) => {
  // What this browser cannot decode (HEIC, TIFF), or not in such a thread, is sent as it is.
  self.postMessage(await smaller(file, side).catch(() => null));
});

/** Return a JPEG that is smaller, or null where the file is to be sent as it is. */
async function smaller(file, side) {
  const [first] = new Uint8Array(await file.slice(0, 1).arrayBuffer());
  if (!FIRST_BYTES.includes(first)) return null;
  const picture = await createImageBitmap(file, { colorSpaceConversion: "none" });
  const { width, height } = picture;
  const scale = Math.max((TIMES_THE_SIDE * side) / Math.min(width, height), LONGER_SIDE / Math.max(width, height));
  if (scale >= 1) return null;
  const canvas = new OffscreenCanvas(Math.round(width * scale), Math.round(height * scale));
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  if (!isOpaque(context.getImageData(0, 0, canvas.width, canvas.height).data)) return null;
  const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
  return blob.size < file.size ? blob : null;
}

function isOpaque(pixels) {
  for (let place = 3; place < pixels.length; place += 4) if (pixels[place] < 255) return false;
  return true;
}
