// A picture's pixels, before they are fitted.

/** Return a picture upright and in its own colours, as the decoder of florist reads a file. */
export async function decoded(picture) {
  if (picture instanceof ImageBitmap) return picture;
  try {
    return await createImageBitmap(picture, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  } catch {
    throw new Error("This browser cannot read it as a picture. Save it as JPEG or PNG.");
  }
}
