// The words of scripts, in the language of the page: English is in the code, others come with the page.

const { lang } = document.documentElement;
const words = JSON.parse(document.getElementById("words")?.textContent ?? "{}");

/** How times and numbers are written: as the browser would, where its language is the page's. */
export const locale = navigator.languages.find((each) => each.startsWith(lang)) ?? lang;

/** Return a text in the language of the page, with what stands for its {names}. */
export function text(english, values = {}) {
  return (words[english] ?? english).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}
