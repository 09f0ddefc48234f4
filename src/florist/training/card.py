"""The model card: what a person should know who is handed the model folder.

Its form is the one of Hugging Face: https://huggingface.co/docs/hub/model-cards.
"""

import json
from collections.abc import Sequence
from typing import Final

from florist.bundle import Manifest, Provenance
from florist.dataset import Duplicates
from florist.report import Report, figure

_MOST_NAMED: Final = 20

_KEPT: Final[dict[Duplicates, str]] = {
    "keep-together": "Identical and near-identical pictures were kept on one side of the split",
    "exact": "Identical files were kept on one side of the split, near-identical ones were not",
    "off": "Each picture was put on a side by itself, even where it is there twice",
}


def write_card(
    manifest: Manifest, trained: Provenance, report: Report, reasons: Sequence[str], trust: str
) -> str:
    """Return the model card as Markdown with a YAML head.

    `reasons` are sentences on what was chosen, and why; `trust` is one on foreign pictures.
    """
    return "\n".join(
        [
            *_head(manifest, report),
            f"# {manifest.name}",
            "",
            f"An image classifier for {len(manifest.classes)} classes: "
            f"{_listed(manifest.classes)}. Trained with florist {manifest.florist} and Keras "
            f"{trained.keras} on {manifest.created[:10]}.",
            "",
            "## Use",
            "",
            "```sh",
            "florist predict picture.jpg --model .",
            "```",
            "",
            *_data(trained),
            *_recipe(trained),
            *_results(report, trained),
            " ".join(reasons),
            "",
            *_limits(trained, report, trust),
        ]
    )


def _head(manifest: Manifest, report: Report) -> list[str]:
    # JSON strings are YAML strings: names from folders cannot break out of theirs.
    name = json.dumps(manifest.name, ensure_ascii=False)
    return [
        "---",
        "pipeline_tag: image-classification",
        "tags:",
        "- florist",
        "- onnx",
        "- keras",
        "metrics:",
        "- accuracy",
        "model-index:",
        f"- name: {name}",
        "  results:",
        "  - task:",
        "      type: image-classification",
        "    dataset:",
        f"      name: {name}",
        "      type: folder",
        "      split: test",
        "    metrics:",
        "    - type: accuracy",
        f"      value: {report.accuracy:.4f}",
        "---",
        "",
    ]


def _data(trained: Provenance) -> list[str]:
    pictures = trained.dataset.pictures
    rows = [
        f"| {_cell(name)} | {pictures['train'][name]} | {pictures['val'][name]} | "
        f"{pictures['test'][name]} |"
        for name in pictures["train"]
    ]
    return [
        "## Data",
        "",
        "| class | training | validation | test |",
        "| --- | ---: | ---: | ---: |",
        *rows,
        "",
        f"{_KEPT[trained.recipe['duplicates']]}, unless the folders said otherwise. `split.csv` "
        "lists every file with its side and digest.",
        "",
    ]


def _recipe(trained: Provenance) -> list[str]:
    recipe = trained.recipe
    layers = "all" if recipe["unfreeze"] == "all" else f"last {recipe['unfreeze']}"
    kept = f"Epoch {trained.best_epoch} of {trained.epochs}, with the lowest validation loss,"
    if _ends_cosine(trained):
        kept = f"The last of {trained.epochs} epochs, where the learning rate has come to nothing,"
    return [
        "## Recipe",
        "",
        f"`{recipe['recipe']}`: backbone {recipe['backbone']} from weights `{recipe['weights']}`, "
        f"{layers} layers trained; global average pooling, dense {recipe['dense']}, "
        f"dropout {recipe['dropout']}, softmax. {kept} is the one kept. `manifest.json` holds "
        "every option, `history.csv` and `training.png` the course.",
        "",
    ]


def _ends_cosine(trained: Provenance) -> bool:
    """Return whether the kept epoch is the last one of a cosine, which nothing had to choose."""
    recipe = trained.recipe
    return bool(recipe["recipe"] == "cosine" and recipe["epochs"] == trained.epochs)


def _results(report: Report, trained: Provenance) -> list[str]:
    low, high = report.interval
    first = "" if report.top3 is None else f", {report.top3:.1%} among the first three"
    chosen = ", which chose the epoch and is therefore a little too high"
    chosen = "" if _ends_cosine(trained) else chosen
    rows = [
        f"| {_cell(s.label)} | {figure(s.precision)} | {figure(s.recall)} | {figure(s.f1)} | "
        f"{s.support} |"
        for s in report.classes
    ]
    return [
        "## Results",
        "",
        f"Measured on {report.pictures} test pictures that neither the weights nor the choice of "
        "the epoch had seen, through the exported model that is served:",
        "",
        f"- accuracy {report.accuracy:.1%} (95 % interval {low:.1%} to {high:.1%}){first}",
        f"- {report.compared_with_guessing}",
        f"- macro F1 {report.macro_f1:.3f}",
        f"- expected {report.calibration}",
        f"- validation accuracy {trained.val_accuracy:.1%}{chosen}",
        "",
        "| class | precision | recall | F1 | pictures |",
        "| --- | ---: | ---: | ---: | ---: |",
        *rows,
        "",
    ]


def _limits(trained: Provenance, report: Report, trust: str) -> list[str]:
    recalls = {s.label: s.recall for s in report.classes if s.recall is not None}
    weakest = min(recalls, key=recalls.__getitem__)
    lines = [
        "## Limits",
        "",
        f"- {trust}",
        f"- It is weakest on {weakest}: {recalls[weakest]:.0%} of those pictures were recognised.",
        "- The figures hold for pictures like those it was trained on; other cameras, light or "
        "backgrounds will give others.",
    ]
    few = [scores.label for scores in report.classes if scores.support < 20]
    if few:
        lines.append(f"- Fewer than 20 test pictures stand behind the figures of {_listed(few)}.")
    if trained.dataset.leaks:
        lines.append(
            f"- {trained.dataset.leaks} pictures stand, identical or nearly so, on two sides of "
            "the given split: the accuracy is too high by up to their share."
        )
    return [*lines, ""]


def _listed(names: Sequence[str]) -> str:
    """Return the first few names, and how many there are besides."""
    rest = len(names) - _MOST_NAMED
    return ", ".join(names) if rest <= 0 else f"{', '.join(names[:_MOST_NAMED])} and {rest} more"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
