// The table of what it costs to be sure, as a slider that says one row at a time.
const section = document.querySelector(".refusal");
const rows = [...(section?.querySelectorAll("tbody tr") ?? [])];

function tell(slider) {
  const { said, how, answered } = rows[slider.value].dataset;
  section.querySelector(".said").textContent = said;
  section.querySelector(".how").textContent = how;
  section.querySelector(".right").setAttribute("width", `${100 * answered}%`);
  slider.setAttribute("aria-valuetext", said);
}

if (rows.length > 1) {
  const slider = section.querySelector("input");
  slider.value = Math.max(0, rows.findLastIndex((row) => row.dataset.chosen === "1"));
  slider.addEventListener("input", () => tell(slider));
  tell(slider);
  section.querySelector(".slide").hidden = false;
  section.querySelector(".scroll").hidden = true;
}
