// Keeps the page and its model for when there is no network. A newer version, fetched whole, takes
// over once no page of this one is open. `SITE`, its version and its files, is written above.

const OURS = `florist ${new URL("./", self.location)} `; // other sites of this host have caches, too
const CACHE = OURS + SITE.version;

self.addEventListener("install", (event) => event.waitUntil(fetchMissing()));

async function fetchMissing() {
  const cache = await caches.open(CACHE);
  for (const file of SITE.files) {
    // The page itself has kept the large ones.
    if (!(await cache.match(file))) await cache.add(new Request(file, { cache: "no-cache" }));
  }
}

self.addEventListener("activate", (event) => event.waitUntil(takeOver()));

async function takeOver() {
  for (const name of await caches.keys()) {
    if (name.startsWith(OURS) && name !== CACHE) await caches.delete(name);
  }
  await self.clients.claim();
}

self.addEventListener("fetch", (event) => event.respondWith(answer(event.request)));

async function answer(request) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request.mode === "navigate" ? "./" : request, { ignoreVary: true });
  return kept ?? fetch(request);
}
