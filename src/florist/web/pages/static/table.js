// The answers as `florist predict --csv` writes them, and like there no cell that a spreadsheet computes.

const FORMULA = /^[=+\-@＝＋－＠]/;

export function csvOf(cards) {
  const answers = [...cards.children].filter(({ dataset }) => ["done", "failed"].includes(dataset.state));
  const rows = answers.map((card) => ({
    file: card.dataset.path ?? card.querySelector(".card-file .name").textContent,
    verdict: [card.dataset.verdict ?? "", card.dataset.familiarity ?? ""],
    scores: [...card.querySelectorAll(".scores [data-score]")],
    error: card.classList.contains("card-error") ? card.querySelector(".detail").textContent : "",
  }));
  const top = Math.max(1, ...rows.map(({ scores }) => scores.length));
  const ranks = Array.from({ length: top }, (_, rank) => (rank ? `_${rank + 1}` : ""));
  const lines = [["file", ...ranks.flatMap((rank) => [`label${rank}`, `score${rank}`]), "verdict", "familiarity", "error"]];
  for (const { file, scores, verdict, error } of rows) {
    const cells = ranks.flatMap((_, rank) => {
      const score = scores[rank];
      return score ? [defused(score.querySelector(".name").textContent), score.dataset.score] : ["", ""];
    });
    lines.push([defused(file), ...cells, ...verdict, defused(error)]);
  }
  return lines.map((line) => `${line.map(quoted).join(",")}\n`).join("");
}

const defused = (text) => (FORMULA.test(text) ? `'${text}` : text);
const quoted = (cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
