// Answers outlive a refresh and Back: the browser keeps their cards with this entry of its history,
// in this tab alone. A card is kept as the server sent it, for a preview ends with the page.

const PAUSE_MS = 500; // a browser refuses to note more than a hundred times in half a minute
const A_CARD_MS = 5; // all are noted anew each time: the more there are, the seldomer
const cards = document.getElementById("cards");
const sent = new WeakMap();
const { lang } = document.documentElement;
let planned = 0;

/** Note a card that stands on the page, with what the server had sent for it. */
export function remember(card, html) {
  sent.set(card, html);
  planned ||= setTimeout(note, PAUSE_MS + cards.children.length * A_CARD_MS);
}

function note() {
  planned = 0;
  const all = [...cards.children].map((card) => sent.get(card)).filter(Boolean);
  try {
    history.replaceState({ lang, cards: all }, "");
  } catch {
    // Too much for this browser: these answers end with the page, as all did before.
  }
}

function recall() {
  if (history.state?.lang !== lang) return; // another language was chosen meanwhile
  for (const html of history.state.cards) {
    const card = new DOMParser().parseFromString(html, "text/html").querySelector(".card");
    if (!card) continue;
    cards.append(card);
    sent.set(card, html);
  }
}

recall();
