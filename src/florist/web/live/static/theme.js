// The colours of the page, by hand; it runs before anything is drawn, so that none flashes in others.

const KEY = "florist theme";

function paint(theme) {
  document.documentElement.dataset.theme = theme;
  document.querySelector("meta[name=color-scheme]").content = theme || "light dark";
}

function remembered() {
  try {
    return localStorage.getItem(KEY) ?? "";
  } catch {
    return ""; // a browser that keeps nothing: the system decides
  }
}

function choose(theme) {
  paint(theme);
  mark(theme);
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // It holds for as long as the page is open.
  }
}

function mark(theme) {
  for (const button of document.querySelectorAll(".preferences button")) {
    button.ariaPressed = String(button.value === theme);
  }
}

paint(remembered());

document.addEventListener("DOMContentLoaded", () => {
  mark(remembered());
  document.querySelector(".preferences").addEventListener("click", ({ target }) => {
    if (target instanceof HTMLButtonElement) choose(target.value);
  });
});
