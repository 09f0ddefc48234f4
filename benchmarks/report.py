"""The results as tables of docs/benchmarks.md, and as a picture of the ratios.

Both are written from the results alone, so there is no figure that was not measured.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib.figure import Figure

from florist.bundle import NETWORKS

Results = Mapping[str, Mapping[str, Any]]
Row = tuple[str, ...]

_BEGIN: Final = "<!-- bench: written by `make bench` -->"
_END: Final = "<!-- bench: end -->"

_SPEED_TO_REACH: Final = {"mobilenetv2": 25, "inceptionv3": 12, "mobilenetv2-0.35": 25}
_OVER_ENGINE_TO_REACH: Final = {"mobilenetv2": 0.6, "inceptionv3": 0.85, "mobilenetv2-0.35": 0.6}
_TRAINING_TO_REACH: Final = {"mobilenetv2-0.35": 12, "inceptionv3": 25}

_COLORS: Final = {"light": ("#2e7d4f", "#24292f"), "dark": ("#5dbb83", "#d0d7de")}


def write(results: Results, docs: Path) -> None:
    """Put the tables between their marks in benchmarks.md, and draw images/ratios-*.svg."""
    results = dict(sorted(results.items()))
    file = docs / "benchmarks.md"
    text = file.read_text() if file.exists() else f"# Benchmarks\n\n{_BEGIN}\n{_END}\n"
    before, rest = text.split(_BEGIN)
    after = rest.split(_END)[1]
    file.write_text(f"{before}{_BEGIN}\n\n{tables(results)}\n{_END}{after}")
    (docs / "images").mkdir(exist_ok=True)
    for shade, colors in _COLORS.items():
        draw(ratios(results), docs / "images" / f"ratios-{shade}.svg", colors)


def tables(results: Results) -> str:
    """Return everything that was measured, as Markdown."""
    parts = [
        table(("", "to reach", "measured"), goals(results)),
        *(serving(name, found) for name, found in named(results, "serving")),
        *(training(name, found) for name, found in named(results, "training")),
        machines(results),
    ]
    return "\n".join(parts)


def named(results: Results, kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Return what was measured with each backbone."""
    for name, found in results.items():
        if name.startswith(f"{kind} "):
            yield name.removeprefix(f"{kind} "), found


def goals(results: Results) -> Iterator[Row]:
    """Return what was to be reached, and what was."""
    for name, found in named(results, "training"):
        yield from training_goals(name, found)
    for name, found in named(results, "serving"):
        for precision in NETWORKS:
            yield from serving_goals(name, precision, found)
    if "decoding" in results:
        yield from decoding_goals(results["decoding"])
    if "startup" in results:
        for command, seconds in results["startup"]["seconds"].items():
            most = 0.25 if command == "--help" else 1
            yield f"`florist {command}`, whole process", f"≤ {most} s", f"{seconds:.2f} s"


def training_goals(name: str, found: Mapping[str, Any]) -> Iterator[Row]:
    """Return the ratios of wall time, and the accuracy where both were trained to the end."""
    ours = mean(found["florist"], "seconds")
    ratio = mean(found["classic"], "seconds") / ours
    goal = f"≥ {_TRAINING_TO_REACH[name]} ×"
    yield f"training {name}, faster than the classic way", goal, f"{ratio:.1f} ×"
    theirs = [run["test_accuracy"] for run in found["classic"]]
    if name == "mobilenetv2-0.35" and None not in theirs:
        lost = 100 * (np.mean(theirs) - mean(found["florist"], "test_accuracy"))
        what = f"training {name}, points of test accuracy lost, {len(theirs)} seed(s)"
        yield what, "≤ 0.5", f"{lost:.1f}"


def serving_goals(name: str, precision: str, found: Mapping[str, Any]) -> Iterator[Row]:
    """Return the ratios of requests a second, and of latencies."""
    ours = found[f"florist {precision}"]
    what = f"serving {name}, {precision}"
    ratio = rate(ours) / rate(found["classic"])
    over = rate(ours) / rate(found[f"engine {precision}"])
    spreads = [each["p99"] / each["p50"] for each in ours["latency_ms"]]
    spread = f"{np.median(spreads):.1f} ({min(spreads):.1f} to {max(spreads):.1f})"
    faster = f"≥ {_SPEED_TO_REACH[name]} ×"
    yield f"{what}: requests a second over the classic way's", faster, f"{ratio:.1f} ×"
    yield f"{what}: over the bare engine's", f"≥ {_OVER_ENGINE_TO_REACH[name]}", f"{over:.2f}"
    rounds = f"median of {len(spreads)} rounds (lowest to highest)"
    yield f"{what}: p99 over p50 at 70 % of that, {rounds}", "≤ 3", spread


def decoding_goals(found: Mapping[str, Any]) -> Iterator[Row]:
    """Return what decoding at a reduced scale gains, and what it changes."""
    ratio = found["ms"]["pillow"] / found["ms"]["florist"]
    count, same = found["pictures"], found["same_top_1"]
    difference = found["largest_mean_difference_of_255"]
    what = "12-megapixel JPEG"
    yield f"{what}, decoded and resized: faster than in full", "≥ 3 ×", f"{ratio:.1f} ×"
    yield f"{what}: mean difference of pixels, at most", "≤ 2/255", f"{difference:.2f}/255"
    yield f"{what}: same best class", f"{count} of {count}", f"{same} of {count}"


def serving(name: str, found: Mapping[str, Any]) -> str:
    """Return what each server did with a network."""
    rows: list[Row] = []
    for who, each in servers(found):
        ratio = rate(each) / rate(found["classic"])
        memory = f"{each['mib']:.0f} MiB" if "mib" in each else ""
        latency = medians(each["latency_ms"]) if "latency_ms" in each else ""
        rows.append((who, f"{rate(each):.1f}", f"{ratio:.1f} ×", latency, memory))
    head = ("", "requests/s", "classic = 1", "p50 / p99 at 70 %", "memory")
    return f"### Serving {name}\n\n" + table(head, rows)


def medians(rounds: Sequence[Mapping[str, float]]) -> str:
    """Return the medians, over the rounds, of two percentiles of the latency."""
    p50, p99 = (np.median([each[name] for each in rounds]) for name in ("p50", "p99"))
    return f"{p50:.1f} / {p99:.1f} ms"


def servers(found: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Return every server's name and figures, florist's first."""
    for precision in NETWORKS:
        yield f"florist, {precision}", found[f"florist {precision}"]
        yield f"engine alone, decoded pictures, {precision}", found[f"engine {precision}"]
    for peer, title in (("litserve", "LitServe"), ("bentoml", "BentoML"), ("gradio", "Gradio")):
        for precision in NETWORKS if peer in found else ():
            version = found[peer]["versions"][peer]
            yield f"{title} {version}, the same file, {precision}", found[peer][precision]
    yield "the classic way", found["classic"]


def training(name: str, found: Mapping[str, Any]) -> str:
    """Return what each way of training took."""
    titles = {"florist": "florist", "classic": "the classic way", "keras": "Keras' own guide"}
    rows: list[Row] = []
    for way, title in titles.items():
        if way not in found:
            continue
        runs = found[way]
        epochs = ", ".join(epochs_of(run) for run in runs)
        correct = [run["test_accuracy"] for run in runs]
        shown = "" if None in correct else ", ".join(f"{each:.1%}" for each in correct)
        peak = f"{max(run['peak_mib'] for run in runs):.0f} MiB"
        rows.append((title, f"{mean(runs, 'seconds'):.0f} s", epochs, shown, peak))
    head = ("", "wall time", "epochs", "test accuracy", "peak memory")
    return f"### Training {name}\n\n" + table(head, rows)


def epochs_of(run: Mapping[str, Any]) -> str:
    """Return how many epochs there were, and how many of them were really run."""
    measured = run.get("epochs_measured", run["epochs"])
    return f"{run['epochs']}" + (f" (from {measured})" if measured != run["epochs"] else "")


def machines(results: Results) -> str:
    """Return where and when each part was measured."""
    groups: dict[str, list[str]] = {}
    for part, found in results.items():
        there = found["machine"]
        packages = ", ".join(f"{name} {number}" for name, number in there["versions"].items())
        vnni = "with" if there["vnni"] else "without"
        where = f"{there['cores']} cores of {there['cpu']}, {vnni} VNNI"
        text = f"{where}; Python {there['python']}, {packages}"
        groups.setdefault(text, []).append(f"{part} ({found['measured']})")
    lines = [f"- {text}: {', '.join(parts)}" for text, parts in groups.items()]
    return "### Where\n\n" + "\n".join(lines) + "\n"


def ratios(results: Results) -> list[tuple[str, float]]:
    """Return how many times as fast as the classic way florist is, in words and numbers."""
    found = []
    for name, each in named(results, "training"):
        faster = mean(each["classic"], "seconds") / mean(each["florist"], "seconds")
        found.append((f"train {name}", faster))
    for name, each in named(results, "serving"):
        for precision in NETWORKS:
            faster = rate(each[f"florist {precision}"]) / rate(each["classic"])
            found.append((f"serve {name}, {precision}", faster))
    return found


def draw(bars: Sequence[tuple[str, float]], path: Path, colors: tuple[str, str]) -> None:
    """Draw the ratios as bars, in the colour of the bars and that of the text."""
    bar, ink = colors
    figure = Figure(figsize=(8, 0.9 + 0.42 * len(bars)), layout="constrained")
    figure.patch.set_alpha(0)
    axes = figure.subplots()
    axes.patch.set_alpha(0)
    names, values = [name for name, _ in bars], [value for _, value in bars]
    drawn = axes.barh(names, values, color=bar)
    axes.bar_label(drawn, [f"{value:.1f} ×" for value in values], padding=4, color=ink)
    axes.invert_yaxis()
    axes.axvline(1, color=ink, linewidth=1, linestyle=":")
    axes.set_title("Times as fast as the classic way", color=ink, loc="left")
    axes.tick_params(colors=ink, length=0)
    axes.set_xlim(0, 1.12 * max(values, default=1))
    axes.xaxis.set_visible(False)
    axes.spines[:].set_visible(False)
    figure.savefig(path, metadata={"Date": None})


def mean(runs: Sequence[Mapping[str, float]], what: str) -> float:
    """Return the mean of a figure over all seeds."""
    return float(np.mean([run[what] for run in runs]))


def rate(found: Mapping[str, Any]) -> float:
    """Return requests a second."""
    return float(found["requests_per_s"])


def table(head: Row, rows: Iterator[Row] | Sequence[Row]) -> str:
    """Return a Markdown table with numbers to the right."""
    rule = ("---", *["---:"] * (len(head) - 1))
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, rule, *rows))
