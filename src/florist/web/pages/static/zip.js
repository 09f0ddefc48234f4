// A ZIP file of stored entries, as PKWARE's APPNOTE.TXT describes it; sections of version 6.3.10.
//
// What is stored needs no compressor, and photographs have none to gain from. The browser takes the
// pictures from their files when it writes this one, so they are never in memory together.

const UTF_8 = 0x0800; // flag of names, 4.4.4
const VERSION = 45; // with ZIP64, 4.4.3
const BEYOND = 0xffffffff; // what does not fit is said in ZIP64's fields, 4.5.3
const CHUNK = 2 ** 22;

/** Put files together, each a `{path, blob, crc, modified}`. */
export function zipOf(files) {
  const parts = [];
  const directory = [];
  let offset = 0;
  for (const { path, blob, crc, modified } of files) {
    const name = new TextEncoder().encode(path);
    const about = [two(VERSION, UTF_8, 0), moment(modified), four(crc, blob.size, blob.size)];
    const header = [four(0x04034b50), ...about, two(name.length, 0), name]; // 4.3.7
    const extra = offset < BEYOND ? [] : [two(1, 8), eight(offset)];
    const others = [two(name.length, extra.length ? 12 : 0, 0, 0, 0), four(0, Math.min(offset, BEYOND)), name];
    directory.push(four(0x02014b50), two(VERSION), ...about, ...others, ...extra); // 4.3.12
    parts.push(...header, blob);
    offset += 30 + name.length + blob.size;
  }
  const { size } = new Blob(directory);
  return new Blob([...parts, ...directory, ...end(files.length, size, offset)], { type: "application/zip" });
}

function end(count, size, offset) {
  return [
    ...[four(0x06064b50), eight(44), two(VERSION, VERSION), four(0, 0), eight(count, count, size, offset)], // 4.3.14
    ...[four(0x07064b50, 0), eight(offset + size), four(1)], // 4.3.15
    ...[four(0x06054b50), two(0, 0, count, count), four(size, Math.min(offset, BEYOND)), two(0)], // 4.3.16
  ];
}

// Numbers of so many bytes, the lowest byte first.

const two = (...numbers) => written(2, numbers, (view, at, number) => view.setUint16(at, number, true));
const four = (...numbers) => written(4, numbers, (view, at, number) => view.setUint32(at, number, true));
const eight = (...numbers) => written(8, numbers, (view, at, number) => view.setBigUint64(at, BigInt(number), true));

function written(bytes, numbers, write) {
  const view = new DataView(new ArrayBuffer(bytes * numbers.length));
  for (const [place, number] of numbers.entries()) write(view, bytes * place, number);
  return view;
}

/** Time and date as MS-DOS has them, 4.4.6. */
function moment(modified) {
  const date = new Date(Math.max(modified, Date.UTC(1980, 0, 2)));
  return two(
    (date.getHours() << 11) | (date.getMinutes() << 5) | (date.getSeconds() >> 1),
    ((date.getFullYear() - 1980) << 9) | ((date.getMonth() + 1) << 5) | date.getDate(),
  );
}

const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit += 1) byte = byte & 1 ? (byte >>> 1) ^ 0xedb88320 : byte >>> 1;
  return byte;
});

/** Return the CRC-32 of a file, 4.4.7, a piece at a time. */
export async function crcOf(blob) {
  let crc = -1;
  for (let start = 0; start < blob.size; start += CHUNK) {
    const bytes = new Uint8Array(await blob.slice(start, start + CHUNK).arrayBuffer());
    for (let at = 0; at < bytes.length; at += 1) crc = TABLE[(crc ^ bytes[at]) & 255] ^ (crc >>> 8);
  }
  return ~crc >>> 0;
}
