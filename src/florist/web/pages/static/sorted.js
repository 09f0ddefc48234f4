// The pictures in a folder for each class, as a ZIP, made here of the files that were chosen.

import { pictureOf } from "./waiting.js";
import { crcOf, zipOf } from "./zip.js";

// What Windows, macOS or Linux take in no name, and what Windows takes for a device.
const FORBIDDEN = /[\p{Cc}\p{Cf}\p{Cs}/\\:*?"<>|]/gu;
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(?=\.|$)/i;
const LONGEST = 100;

/**
 * Return the ZIP of the cards whose files are at hand, and how many others there are.
 * `folderOf` names a card's class; `told` hears which share is done.
 */
export async function sorted(cards, folderOf, told) {
  const folders = new Map();
  const taken = new Set();
  const files = [];
  for (const [place, card] of cards.entries()) {
    told(place / cards.length);
    const blob = pictureOf.get(card)?.file;
    const crc = blob && (await crcOf(blob).catch(() => null)); // null: it was moved or changed meanwhile
    if (crc == null) continue;
    const folder = folderOf(card);
    if (!folders.has(folder)) folders.set(folder, free(safe(folder), "", taken));
    const [, stem, suffix] = safe(blob.name).match(/^(.+?)(\.[^.]*)?$/);
    const path = free(`${folders.get(folder)}/${stem}`, suffix ?? "", taken);
    files.push({ path, blob, crc, modified: blob.lastModified });
  }
  return { zip: zipOf(files), left: cards.length - files.length };
}

function safe(name) {
  const plain = name.normalize("NFC").replace(FORBIDDEN, "_").replace(DEVICE, "_$1");
  const end = plain.length > LONGEST ? plain.slice(-LONGEST / 2) : "";
  return `${plain.slice(0, LONGEST - end.length)}${end}`.replace(/^[. ]|[. ]$/g, "_") || "_";
}

/** Return a name that none has yet, whether a disk tells A from a or not. */
function free(stem, suffix, taken) {
  for (let number = 1; ; number += 1) {
    const name = number > 1 ? `${stem} (${number})${suffix}` : `${stem}${suffix}`;
    if (taken.has(name.toLowerCase())) continue;
    taken.add(name.toLowerCase());
    return name;
  }
}
