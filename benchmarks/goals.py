"""What was to be reached, and what was."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from benchmarks.load import CLIENTS
from benchmarks.results import Results, named, rate
from florist.bundle import NETWORKS

Goal = tuple[str, str, str]
"""What, how much it should be, and how much it is."""

_SPEED_TO_REACH: Final = {"mobilenetv2": 25, "inceptionv3": 12, "mobilenetv2-0.35": 25}
_OVER_ENGINE_TO_REACH: Final = {"mobilenetv2": 0.6, "inceptionv3": 0.85, "mobilenetv2-0.35": 0.6}
_TRAINING_TO_REACH: Final = {"mobilenetv2-0.35": 12, "inceptionv3": 25}


def goals(results: Results) -> Iterator[Goal]:
    """Return what was to be reached, and what was."""
    for name, found in named(results, "training"):
        yield from training_goals(name, found)
    for name, found in named(results, "accuracy"):
        yield from accuracy_goals(name, found)
    for name, found in named(results, "serving"):
        for precision in NETWORKS:
            yield from serving_goals(name, precision, found)
    for name, of_part in _PARTS.items():
        if name in results:
            yield from of_part(results[name])


def training_goals(name: str, found: Mapping[str, Any]) -> Iterator[Goal]:
    """Return the ratio of wall times."""
    ratio = found["classic"]["seconds"] / found["florist"]["seconds"]
    goal = f"≥ {_TRAINING_TO_REACH[name]} ×"
    yield f"training {name}, faster than the classic way", goal, f"{ratio:.1f} ×"


def accuracy_goals(name: str, found: Mapping[str, Any]) -> Iterator[Goal]:
    """Return what florist's way loses against the classic one."""
    lost = 100 * (np.mean(found["classic"]) - np.mean(found["florist"]))
    what = f"training {name}, points of test accuracy lost, mean of {len(found['classic'])}"
    yield what, "≤ 0.5", f"{lost:.1f}"


def serving_goals(name: str, precision: str, found: Mapping[str, Any]) -> Iterator[Goal]:
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


def trust_goals(found: Mapping[str, Any]) -> Iterator[Goal]:
    """Return how far scores are off, and how well foreign pictures are told, over the seeds."""
    seeds = found["seeds"]
    scores = [each["scores"] for each in seeds]
    beyond = [each["error"] - each["floor"] for each in scores]
    lower = sum(each["log_loss"] < each["raw_log_loss"] for each in scores)
    what = f"scores, mean of {len(seeds)}"
    yield f"{what}: calibration error beyond its floor", "≤ 0.010", f"{np.mean(beyond):.3f}"
    yield "scores: seeds whose log loss the temperature lowers", f"{len(seeds)}", f"{lower}"
    areas = {name: np.mean([each["auroc"][name] for each in seeds]) for name in seeds[0]["auroc"]}
    passing = np.mean([list(each["fpr95"].values()) for each in seeds])
    kept = np.mean([each["kept"] for each in seeds])
    worst = min(areas, key=areas.__getitem__)
    yield (
        "foreign pictures: AUROC, mean of the sets",
        "≥ 0.98",
        f"{np.mean(list(areas.values())):.3f}",
    )
    yield f"foreign pictures: the lowest, {worst}", "≥ 0.96", f"{areas[worst]:.3f}"
    yield "foreign pictures: passing where 95 % are kept", "≤ 6 %", f"{passing:.1%}"
    yield "test pictures kept at `--none 0.05`", "93.5 to 96.5 %", f"{kept:.1%}"
    refused = {
        name: np.mean([each["refusal"][name] for each in seeds]) for name in seeds[0]["refusal"]
    }
    yield "`--max-error 0.02`: wrong answers on test pictures", "≤ 2 %", f"{refused['error']:.1%}"
    yield "`--max-error 0.02`: test pictures answered", "≥ 78 %", f"{refused['answered']:.1%}"
    yield "label sets at 95 %: with the right class", "95 %", f"{refused['covered']:.1%}"
    yield "label sets at 95 %: classes in a set, mean", "", f"{refused['set_size']:.2f}"
    share, size = max(each["judge_share"] for each in seeds), max(each["kb"] for each in seeds)
    yield "the judge's share of a prediction's time", "≤ 3 %", f"{share:.1%}"
    yield "`trust.npz`", "≤ 1,000 kB", f"{size:,.0f} kB"
    yield from explanation_goals("MobileNetV2 0.35", seeds)


def explanation_goals(name: str, seeds: Sequence[Mapping[str, Any]]) -> Iterator[Goal]:
    """Return what an explanation takes, in each precision."""
    for precision in NETWORKS:
        times = np.mean([each["explanation"][precision] for each in seeds])
        what = f"{name}, {precision}: an explanation with its overlay"
        yield what, "≤ 1.5 predictions", f"{times:.2f}"


def left_out_goals(found: Mapping[str, Any]) -> Iterator[Goal]:
    """Return how well a class is told that was left out of the training."""
    areas = [each["auroc"] for each in found["classes"].values()]
    yield f"a class left out: AUROC, mean of {len(areas)}", "≥ 0.80", f"{np.mean(areas):.3f}"


def tiny_goals(found: Mapping[str, Any]) -> Iterator[Goal]:
    """Return what the demo's network keeps and catches."""
    yield "`tiny` on drawn flowers: kept at `--none 0.05`", "≥ 93 %", f"{found['kept']:.1%}"
    for name in ("noise", "text", "screens"):
        if name in found["caught"]:
            yield f"`tiny`, caught: {name}", "≥ 90 %", f"{found['caught'][name]:.1%}"
    flower = found["flower"]
    where = f"places that show the plant, {flower['places']:.0%} of all"
    yield f"`tiny`, why: of the map in {where}", "≥ 70 %", f"{flower['map']:.1%}"
    yield from explanation_goals("`tiny`", [found])


def labels_goals(found: Mapping[str, Any]) -> Iterator[Goal]:
    """Return how well labels are found that are wrong on purpose, and what that costs."""
    seeds = found["seeds"]
    wrong = round(100 * seeds[0]["wrong"] / seeds[0]["pictures"])
    what = f"{wrong} % wrong labels, mean of {len(seeds)}"
    precision, first, seconds = (
        float(np.mean([each[name] for each in seeds]))
        for name in ("average_precision", "first", "seconds")
    )
    yield f"{what}: average precision of `doubts.csv`", "≥ 0.85", f"{precision:.3f}"
    yield f"{what}: wrong ones among its first 50", "", f"{first:.1f}"
    yield f"{what}: beyond training", "≤ 5 s", f"{seconds:.1f} s"


def memory_goals(found: Mapping[str, Any]) -> Iterator[Goal]:
    """Return what the largest training takes beyond TensorFlow's own memory."""
    pictures = max(found["peak_mib"], key=int)
    beyond = (found["peak_mib"][pictures] - found["idle_mib"]) / 1024
    what = f"training on {int(pictures):,} pictures: memory beyond TensorFlow's own"
    yield what, "≤ 1.5 GiB", f"{beyond:.2f} GiB"


def load_goals(found: Mapping[str, Any]) -> Iterator[Goal]:
    """Return what must not happen under more load than can be served."""
    steady, killed = found["steady"], found["killed"]
    what = f"{CLIENTS} clients for {steady['seconds']:.0f} s"
    yield f"{what}: answers other than 200 and 429", "0", f"{others(steady)}"
    yield f"{what}: growth of memory", "≤ 50 MiB", f"{steady['mib']['growth']:.1f} MiB"
    yield f"{what}: `/livez` at most", "≤ 100 ms", f"{steady['livez_ms']['max']:.0f} ms"
    what = f"{what}, a worker killed: requests that broke"
    yield what, f"≤ {CLIENTS}", f"{others(killed)}"


def others(found: Mapping[str, Any]) -> int:
    """Return how many requests got neither an answer nor a refusal that they may repeat."""
    return sum(count for told, count in found["answers"].items() if told not in {"200", "429"})


def decoding_goals(found: Mapping[str, Any]) -> Iterator[Goal]:
    """Return what decoding at a reduced scale gains, and what it changes."""
    ratio = found["ms"]["pillow"] / found["ms"]["florist"]
    count, same = found["pictures"], found["same_top_1"]
    difference = found["largest_mean_difference_of_255"]
    what = "12-megapixel JPEG"
    yield f"{what}, decoded and resized: faster than in full", "≥ 3 ×", f"{ratio:.1f} ×"
    yield f"{what}: mean difference of pixels, at most", "≤ 2/255", f"{difference:.2f}/255"
    yield f"{what}: same best class", f"{count} of {count}", f"{same} of {count}"


def startup_goals(found: Mapping[str, Any]) -> Iterator[Goal]:
    """Return how long commands take from their start to their end."""
    for command, seconds in found["seconds"].items():
        most = 0.25 if command == "--help" else 1
        yield f"`florist {command}`, whole process", f"≤ {most} s", f"{seconds:.2f} s"


def scaling_goals(found: Mapping[str, Any]) -> Iterator[Goal]:
    """Return what is left of the rate in two processes, and of the batch's."""
    rates, batch = found["requests_per_s"], found["batch"]
    over = batch["predict"] / batch["engine"]
    what = "8-bit MobileNetV2"
    for ways, title in (("two workers", "two workers"), ("two servers", "two servers of a thread")):
        yield f"{what}: {title} over one of all", "≥ 0.95", f"{rates[ways] / rates['one']:.2f}"
    yield f"{what}, photographs of 1600 × 1200: requests a second", "", f"{rates['large']:.0f}"
    predict = f"{what}, `florist predict` of {batch['pictures']:,} pictures: over the bare engine's"
    yield predict, "≥ 0.85", f"{over:.2f}"


def pages_goals(found: Mapping[str, Any]) -> Iterator[Goal]:
    """Return what many pictures take on the page beside the engine's own time."""
    apart = found["apart"]
    for precision, times in apart["times"].items():
        what = f"{found['pictures']} pictures on the page, {apart['backbone']} {precision}"
        yield f"{what}: over the engine's own time, a core each", "≤ 1.3 ×", f"{times:.2f} ×"


_PARTS: Final[dict[str, Callable[[Mapping[str, Any]], Iterator[Goal]]]] = {
    "trust": trust_goals,
    "trust left out": left_out_goals,
    "trust tiny": tiny_goals,
    "labels": labels_goals,
    "memory": memory_goals,
    "load": load_goals,
    "pages": pages_goals,
    "scaling": scaling_goals,
    "decoding": decoding_goals,
    "startup": startup_goals,
}
