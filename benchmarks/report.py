"""The results as tables of docs/benchmarks.md, and as a picture of the ratios.

Both are written from the results alone, so there is no figure that was not measured.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from benchmarks.goals import goals, others
from benchmarks.load import CLIENTS
from benchmarks.results import Results, named, rate
from florist.bundle import NETWORKS

Row = tuple[str, ...]

_BEGIN: Final = "<!-- bench: written by `make bench` -->"
_END: Final = "<!-- bench: end -->"

_WAYS: Final = {"florist": "florist", "classic": "the classic way", "keras": "Keras' own guide"}
_LOADS: Final = {"steady": "undisturbed", "killed": "a worker killed on the way"}

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
        *(accuracy(name, found) for name, found in named(results, "accuracy")),
        *([trust(results["trust"]["seeds"])] if "trust" in results else []),
        *([left_out(results["trust left out"])] if "trust left out" in results else []),
        *([memory(results["memory"])] if "memory" in results else []),
        *([load(results["load"])] if "load" in results else []),
        *([pages(results["pages"])] if "pages" in results else []),
        machines(results),
    ]
    return "\n".join(parts)


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
    rows: list[Row] = []
    for way, title in _WAYS.items():
        if way not in found:
            continue
        run = found[way]
        views = f"{run['views_per_s']:.0f} views/s" if run.get("views_per_s") else ""
        correct = f"{run['test_accuracy']:.1%}" if "test_accuracy" in run else ""
        seconds, epoch = f"{run['seconds']:.0f} s", f"{run['epoch_s']:.1f} s"
        rows.append(
            (title, seconds, epochs_of(run), views, epoch, correct, f"{run['peak_mib']:.0f} MiB")
        )
    head = ("", "wall time", "epochs", "features", "an epoch", "test accuracy", "peak memory")
    return f"### Training {name}\n\n" + table(head, rows)


def epochs_of(run: Mapping[str, Any]) -> str:
    """Return how many epochs there were, and how many of them were really run."""
    measured = run.get("epochs_measured", run["epochs"])
    return f"{run['epochs']}" + (f" (from {measured})" if measured != run["epochs"] else "")


def accuracy(name: str, found: Mapping[str, Any]) -> str:
    """Return the accuracy of each way, a column for each seed."""
    rows = [
        (_WAYS[way], *(f"{each:.1%}" for each in found[way]), f"{np.mean(found[way]):.1%}")
        for way in ("florist", "classic")
    ]
    seeds = [f"seed {number}" for number in range(len(found["florist"]))]
    return f"### Test accuracy of {name}\n\n" + table(("", *seeds, "mean"), rows)


def trust(seeds: Sequence[Mapping[str, Any]]) -> str:
    """Return how each foreign set is told, as means over the seeds."""
    rows = [
        (
            name,
            str(seeds[0]["pictures"][name]),
            *(f"{np.mean([each['auroc'][name] for each in seeds]):.3f}",),
            *(f"{np.mean([s[what][name] for s in seeds]):.1%}" for what in ("fpr95", "caught")),
        )
        for name in seeds[0]["auroc"]
    ]
    head = ("", "pictures", "AUROC", "passing at 95 % kept", "caught at `--none 0.05`")
    return "### Foreign pictures, to MobileNetV2 0.35 on the photographs\n\n" + table(head, rows)


def left_out(found: Mapping[str, Any]) -> str:
    """Return how each class is told that was left out of the training."""
    rows = [
        (name, str(each["pictures"]), f"{each['auroc']:.3f}", f"{each['caught']:.1%}")
        for name, each in found["classes"].items()
    ]
    head = ("", "pictures", "AUROC", "caught at `--none 0.05`")
    return "### A class of the photographs that was left out\n\n" + table(head, rows)


def memory(found: Mapping[str, Any]) -> str:
    """Return the peaks of memory while training."""
    rows = [(f"{int(n):,} pictures", f"{mib:.0f} MiB") for n, mib in found["peak_mib"].items()]
    idle = ("TensorFlow, imported and used once", f"{found['idle_mib']:.0f} MiB")
    return "### Memory of training\n\n" + table(("", "peak"), [*rows, idle])


def load(found: Mapping[str, Any]) -> str:
    """Return what clients saw that ask for more than can be served."""
    rows: list[Row] = []
    for name, title in _LOADS.items():
        each = found[name]
        answers = {"200": 0, "429": 0} | each["answers"]
        live, mib = each["livez_ms"], each["mib"]
        rows.append(
            (
                title, f"{answers['200']:,}", f"{answers['429']:,}", f"{others(each)}",
                f"{live['p50']:.0f} / {live['max']:.0f} ms",
                f"{mib['peak']:.0f} / {mib['growth']:.1f} MiB",
            )
        )  # fmt: skip
    head = ("", "200", "429", "broken", "`/livez` p50 / max", "memory, growth")
    return f"### {CLIENTS} clients at once\n\n" + table(head, rows)


def pages(found: Mapping[str, Any]) -> str:
    """Return what the pages for people weigh and take."""
    both = [found["florist"], found["gradio"]]

    def visit(which: str) -> list[str]:
        weights = [each[which] for each in both]
        return [f"{each['bytes'] / 1000:.0f} kB in {each['requests']}" for each in weights]

    def seconds(what: str) -> list[str]:
        return [f"{each[what]:.1f} s" for each in both]

    photo = f"a photograph of 12 megapixels, {found['photo_mb']:.1f} MB, until it is answered"
    many = f"{found['pictures']} pictures, until all are answered"
    rows: list[Row] = [
        ("a first visit, bytes in requests", *visit("first")),
        ("a second one", *visit("second")),
        ("of use at 1.6 Mbit/s, from a first visit on", *seconds("usable_s")),
        (f"{photo}, at 750 kbit/s up", *seconds("photo_s")),
        (f"{many}, and florist has kept each safely", *seconds("many_s")),
        (f"{many}, and florist keeps none", f"{found['florist']['many_unkept_s']:.1f} s", ""),
    ]
    head = ("", "florist", f"Gradio {found['versions']['gradio']}")
    return "### The page beside Gradio's\n\n" + table(head, rows)


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
        faster = each["classic"]["seconds"] / each["florist"]["seconds"]
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
    # Without the salt, every run would name the picture's parts anew.
    with rc_context({"svg.hashsalt": "florist"}):
        figure.savefig(path, metadata={"Date": None})


def table(head: Row, rows: Iterator[Row] | Sequence[Row]) -> str:
    """Return a Markdown table with numbers to the right."""
    rule = ("---", *["---:"] * (len(head) - 1))
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, rule, *rows))
