// What was dropped: files, and the pictures in folders, however deep.

const MOST = 2000;
const PICTURE = /\.(jpe?g|jfif|png|webp|gif|bmp|tiff?|heic|heif)$/i;

/** Return the `files`, and in `why` what a person should know of those that are not among them. */
export async function dropped({ items, files }) {
  // Asked for before anything is waited for: afterwards the browser has forgotten what was dropped.
  const entries = [...items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) {
    const why = files.length ? "" : "That is a link, not a picture. Save the picture first, then drop its file.";
    return { files: [...files], why };
  }
  const found = [];
  for (const entry of entries) await collect(entry, found);
  if (found.length > MOST) {
    return { files: found.slice(0, MOST), why: `Only the first ${MOST} pictures were taken.` };
  }
  return { files: found, why: found.length ? "" : "There are no pictures in that folder." };
}

async function collect(entry, found) {
  if (found.length > MOST) return;
  if (entry.isFile) {
    const within = entry.fullPath.lastIndexOf("/") > 0; // what lies in a folder need not be a picture
    if (!within || (PICTURE.test(entry.name) && !entry.name.startsWith("."))) {
      found.push(await new Promise((done, failed) => entry.file(done, failed)));
    }
    return;
  }
  const children = await childrenOf(entry);
  children.sort((one, other) => one.name.localeCompare(other.name, undefined, { numeric: true }));
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
