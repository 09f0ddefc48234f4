// "Why?" on the page of one answer. What answers it is loaded when somebody asks.

for (const button of document.querySelectorAll("[data-why]")) {
  button.hidden = false;
  button.addEventListener("click", async () => (await import("./why.js")).toggle(button));
}
