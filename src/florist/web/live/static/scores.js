// Scores as bars and in words; the words are those of the other pages.

const row = document.getElementById("score").content.firstElementChild;

/** Show the classes in this order, each with its bar; those that are shown already move. */
export function show(list, predictions) {
  const best = Math.max(...predictions.map(({ score }) => score));
  while (list.children.length < predictions.length) list.append(row.cloneNode(true));
  predictions.forEach(({ label, score }, i) => {
    const item = list.children[i];
    item.toggleAttribute("data-best", score > 0 && score === best);
    item.querySelector(".name").textContent = item.querySelector(".name").title = label;
    item.querySelector("rect").style.transform = `scaleX(${score})`;
    item.querySelector(".value").textContent = percent(score);
  });
}

/** Write a share of 1; what is not quite 0 or 1 never looks as if it were. */
export function percent(share) {
  if (share > 0 && share < 0.001) return "<0.1\u00a0%";
  if (share > 0.999 && share < 1) return ">99.9\u00a0%";
  return `${(100 * share).toFixed(1)}\u00a0%`;
}

/** Write an answer in words. */
export function headline({ verdict, ranked: [best, other] }) {
  if (verdict === "none") return "Probably none of these";
  return verdict === "unsure" ? `Could be ${best.label} or ${other.label}` : best.label;
}
