// A test picture of the model, taken as if somebody had chosen its file.

/** Return the example of a button as files are returned that were chosen. */
export async function chosen(button) {
  const reply = await fetch(button.querySelector("img").src);
  const path = `${button.textContent.trim()}.webp`;
  return [{ file: new File([await reply.blob()], path, { type: "image/webp" }), path }];
}
