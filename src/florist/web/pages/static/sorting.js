// Tables that sort at a click on a column's name. Without this script they stay as the server
// ordered them, which aria-sort says.
const collator = new Intl.Collator(undefined, { numeric: true });

function compare(one, other) {
  const [a, b] = [one.dataset.value, other.dataset.value];
  return a === undefined ? collator.compare(one.textContent, other.textContent) : a - b;
}

function sort(table, heading) {
  const column = heading.cellIndex;
  const descending = heading.ariaSort === "ascending";
  const rows = [...table.tBodies[0].rows];
  // What has no figure comes last, whichever way.
  const without = rows.filter((row) => row.cells[column].dataset.value === "");
  const others = rows.filter((row) => !without.includes(row));
  others.sort((one, other) => compare(one.cells[column], other.cells[column]));
  if (descending) others.reverse();
  table.tBodies[0].append(...others, ...without);
  for (const each of table.tHead.rows[0].cells) each.ariaSort = null;
  heading.ariaSort = descending ? "descending" : "ascending";
}

for (const table of document.querySelectorAll("table.sortable")) {
  for (const heading of table.tHead.rows[0].cells) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    button.addEventListener("click", () => sort(table, heading));
    heading.append(button);
  }
}
