// Another theme at once, without a reload: what stands on the page, and was not sent yet, stays.

/** Note what was chosen, as the form would. */
export async function prefer(form, button) {
  const theme = button.value;
  document.documentElement.dataset.theme = theme;
  document.querySelector("meta[name=color-scheme]").content = theme || "light dark";
  for (const each of form.elements) each.ariaPressed = String(each === button);
  await fetch(form.action, { method: "POST", body: new FormData(form, button), redirect: "manual" });
}
