// What the model is to see of a picture: the same filter, fit and background as in florist/images.

const BACKGROUND = 255;
const PIXELS_A_STRIP = 2 ** 20; // a phone's canvas ends at 16 megapixels, its picture may not
const BITS = 22; // of a weight, as in Pillow, whose sums these are to the bit

/** Return `size` × `size` RGB pixels of an ImageBitmap, fitted by stretch, crop or pad. */
export function fitted(bitmap, { size, fit }) {
  const { width, height } = bitmap;
  if (fit === "crop") {
    const side = Math.min(width, height);
    return opaque(resized(bitmap, [size, size], [(width - side) / 2, (height - side) / 2, side, side]));
  }
  const inner = fit === "pad" ? within([width, height], size) : [size, size];
  const pixels = opaque(resized(bitmap, inner, [0, 0, width, height]));
  return fit === "pad" ? padded(pixels, inner, size) : pixels;
}

/** Return what is in the box (left, top, width, height), antialiased, as premultiplied RGBA. */
function resized(bitmap, [width, height], [left, top, boxWidth, boxHeight]) {
  const across = weights(left, boxWidth, bitmap.width, width);
  const down = weights(top, boxHeight, bitmap.height, height);
  const narrow = new Uint8Array(width * bitmap.height * 4);
  const rows = Math.max(1, Math.floor(PIXELS_A_STRIP / bitmap.width));
  const canvas = new OffscreenCanvas(bitmap.width, Math.min(rows, bitmap.height));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  for (let first = 0; first < bitmap.height; first += rows) {
    const count = Math.min(rows, bitmap.height - first);
    context.clearRect(0, 0, bitmap.width, count);
    context.drawImage(bitmap, 0, -first);
    const strip = premultiplied(context.getImageData(0, 0, bitmap.width, count).data);
    for (let row = 0; row < count; row++) {
      apply(across, strip, row * bitmap.width * 4, 4, narrow, (first + row) * width * 4, 4);
    }
  }
  const small = new Uint8Array(width * height * 4);
  for (let column = 0; column < width; column++) {
    apply(down, narrow, column * 4, width * 4, small, column * 4, width * 4);
  }
  return small;
}

/** Return, for each of `size` pixels, the first of those it is made of, and how much of each. */
function weights(start, length, limit, size) {
  const scale = length / size;
  const reach = Math.max(scale, 1); // of the triangle: what is made larger is interpolated
  return Array.from({ length: size }, (_, place) => {
    const centre = start + (place + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - reach + 0.5));
    const last = Math.min(limit, Math.trunc(centre + reach + 0.5));
    const shares = Array.from({ length: last - first }, (_, i) =>
      Math.max(0, 1 - Math.abs((first + i - centre + 0.5) / reach)),
    );
    const sum = shares.reduce((all, one) => all + one, 0);
    return { first, of: Int32Array.from(shares, (share) => Math.trunc(0.5 + (share / sum) * 2 ** BITS)) };
  });
}

/** Weigh the pixels of one line, `step` apart, into one of another length. */
function apply(line, from, start, step, to, place, stride) {
  for (const { first, of } of line) {
    let red = 1 << (BITS - 1);
    let green = red;
    let blue = red;
    let alpha = red;
    let at = start + first * step;
    for (const share of of) {
      red += from[at] * share;
      green += from[at + 1] * share;
      blue += from[at + 2] * share;
      alpha += from[at + 3] * share;
      at += step;
    }
    to[place] = red >> BITS;
    to[place + 1] = green >> BITS;
    to[place + 2] = blue >> BITS;
    to[place + 3] = alpha >> BITS;
    place += stride;
  }
}

/** Multiply by the opacity, so that what is transparent does not tint what is beside it. */
function premultiplied(pixels) {
  for (let at = 0; at < pixels.length; at += 4) {
    const alpha = pixels[at + 3];
    if (alpha === 255) continue;
    for (let channel = at; channel < at + 3; channel++) {
      pixels[channel] = Math.round((pixels[channel] * alpha) / 255);
    }
  }
  return pixels;
}

/** Lay premultiplied RGBA on the background. */
function opaque(pixels) {
  const rgb = new Uint8Array((pixels.length / 4) * 3);
  for (let at = 0, to = 0; at < pixels.length; at += 4) {
    const through = BACKGROUND - pixels[at + 3];
    for (let channel = at; channel < at + 3; channel++) rgb[to++] = Math.min(255, pixels[channel] + through);
  }
  return rgb;
}

function padded(pixels, [width, height], size) {
  const square = new Uint8Array(size * size * 3).fill(BACKGROUND);
  const left = roundToEven((size - width) / 2);
  const top = roundToEven((size - height) / 2);
  for (let row = 0; row < height; row++) {
    square.set(pixels.subarray(row * width * 3, (row + 1) * width * 3), ((top + row) * size + left) * 3);
  }
  return square;
}

/** Return the size whose longer side is this, as near to the same shape as pixels allow. */
function within(size, side) {
  return size.map((each) => Math.max(1, roundToEven((each / Math.max(...size)) * side)));
}

/** As Python rounds. */
function roundToEven(number) {
  const floor = Math.floor(number);
  return number - floor === 0.5 ? floor + (floor % 2) : Math.round(number);
}
