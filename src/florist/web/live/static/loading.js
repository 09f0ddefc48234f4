// The network and the runtime: kept where the service worker keeps the rest, loaded where they are not.

/** Return the large files by name; tell what share has come, of how many bytes. */
export async function download({ version, sizes }, onProgress) {
  // The cache of service-worker.js, as it calls it; over plain http there is none.
  const name = `florist ${new URL("./", self.location)} ${version}`;
  const cache = await self.caches?.open(name).catch(() => undefined);
  const total = Object.values(sizes).reduce((all, one) => all + one, 0);
  let come = 0;
  const tell = (length) => onProgress((come += length) / total, total);
  const one = async ([file, size]) => [file, await bytesOf(file, size, cache, tell)];
  return Object.fromEntries(await Promise.all(Object.entries(sizes).map(one)));
}

async function bytesOf(file, size, cache, tell) {
  const kept = await cache?.match(file);
  if (kept) {
    tell(size);
    return new Uint8Array(await kept.arrayBuffer());
  }
  const response = await fetch(file);
  if (!response.ok) throw new Error(`${file} cannot be loaded (${response.status}). Reload the page.`);
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const reader = response.body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    if (at + value.length > size) throw new Error(`${file} has changed. Reload the page.`);
    bytes.set(value, at);
    at += value.length;
    tell(value.length);
  }
  if (at < size) throw new Error(`${file} has changed. Reload the page.`);
  await cache?.put(file, new Response(bytes)).catch(() => {}); // a full disk: it works while online
  return bytes;
}
