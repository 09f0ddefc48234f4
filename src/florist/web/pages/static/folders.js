// The pictures in folders that were dropped or chosen, however deep, each a `{file, path}`.

import { MOST } from "./waiting.js";
import { text } from "./text.js";

const PICTURE = /\.(jpe?g|jfif|png|webp|gif|bmp|tiff?|heic|heif)$/i;

const isPicture = ({ name }) => PICTURE.test(name) && !name.startsWith(".");
const none = (found) => (found.length ? "" : text("There are no pictures in that folder."));
const collator = new Intl.Collator(undefined, { numeric: true });

/** Return in `found` the pictures of a folder that was chosen, and in `why` what to know of it. */
export function inFolder(files) {
  const found = files.filter(isPicture).map((file) => ({ file, path: file.webkitRelativePath }));
  found.sort((one, other) => collator.compare(one.path, other.path));
  return { found, why: none(found) };
}

/** Return the same of what was dropped: folders, and files beside them. */
export async function dropped(entries) {
  const found = [];
  for (const entry of entries) await collect(entry, found);
  return { found, why: none(found) };
}

async function collect(entry, found) {
  if (found.length > MOST) return;
  const path = entry.fullPath.slice(1);
  if (entry.isFile) {
    // What lies in a folder need not be a picture.
    if (!path.includes("/") || isPicture(entry)) {
      found.push({ file: await new Promise((done, failed) => entry.file(done, failed)), path });
    }
    return;
  }
  const children = await childrenOf(entry);
  children.sort((one, other) => collator.compare(one.name, other.name));
  for (const child of children) await collect(child, found);
}

async function childrenOf(folder) {
  const reader = folder.createReader();
  const all = [];
  for (;;) {
    const some = await new Promise((done, failed) => reader.readEntries(done, failed)); // a hundred at most
    if (!some.length) return all;
    all.push(...some);
  }
}
