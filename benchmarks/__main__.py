"""florist beside the classic way and its peers, in one run on one machine.

    python -m benchmarks --photos photos --weights mobilenet_v2_0.35.weights.h5

Whatever it measures goes into docs/benchmarks.json; docs/benchmarks.md and the picture of the
ratios are written from that file alone. `--only` measures a part anew and keeps the rest. Without
`--photos` flowers are drawn. Everything stays on the loopback interface; the peers' packages come
from the package registry, once, into environments below `--work`.
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from benchmarks import (
    accuracy,
    decoding,
    labels,
    load,
    memory,
    pages,
    report,
    scaling,
    serving,
    startup,
    training,
    trust,
)
from benchmarks.materials import Bench, drawn

ROOT: Final = Path(__file__).parent.parent
PACKAGES: Final = ("keras", "numpy", "onnxruntime", "openvino", "pillow", "tensorflow")


def parts(bench: Bench) -> dict[str, Callable[[], dict[str, Any]]]:
    """Return what can be measured, by name, in the order in which it is."""
    found: dict[str, Callable[[], dict[str, Any]]] = {
        "startup": partial(startup.measure, bench),
        "decoding": partial(decoding.measure, bench),
    }
    found |= {f"serving {name}": partial(serving.measure, bench, name) for name in bench.backbones}
    found["scaling"] = partial(scaling.measure, bench)
    trained = dict.fromkeys([training.TRAINED, *bench.backbones[1:]])
    found |= {f"training {name}": partial(training.measure, bench, name) for name in trained}
    if bench.trust:
        found["trust"] = partial(trust.measure, bench)
        found["trust left out"] = partial(trust.measure_left_out, bench)
        found["trust tiny"] = partial(trust.measure_tiny, bench)
        found["labels"] = partial(labels.measure, bench)
    if bench.peers:
        found["pages"] = partial(pages.measure, bench)
    return found | {
        f"accuracy {training.TRAINED}": partial(accuracy.measure, bench, training.TRAINED),
        "memory": partial(memory.measure, bench),
        "load": partial(load.measure, bench),
    }


def parsed() -> argparse.Namespace:
    """Return the arguments."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--photos", type=Path, help="folder of pictures, a folder for each class")
    parser.add_argument("--weights", default="none", help="backbone weights of MobileNetV2 0.35")
    parser.add_argument("--work", type=Path, default=ROOT / ".bench", help="kept between runs")
    parser.add_argument("--only", action="append", help="a part, such as 'serving inceptionv3'")
    parser.add_argument("--seconds", type=float, default=20, help="length of each load")
    parser.add_argument("--seeds", type=int, default=3, help="trainings that accuracy is told of")
    parser.add_argument("--no-peers", action="store_true", help="only florist and the classic way")
    parser.add_argument(
        "--small", action="store_true", help="minutes instead of hours, to see that it works"
    )
    parser.add_argument("--docs", type=Path, default=ROOT / "docs", help="where the results go")
    return parser.parse_args()


def bench_of(options: argparse.Namespace) -> Bench:
    """Return what the arguments ask for."""
    work = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    photos = options.photos or drawn(work, 12 if options.small else 200)
    weights = options.weights
    common = {"photos": photos.resolve(), "work": work, "peers": not options.no_peers}
    if options.small:
        return Bench(
            **common, weights="none", seconds=2.0, pictures=24, epochs=2,
            seeds=1, backbones=(training.TRAINED,), trust=False,
        )  # fmt: skip
    return Bench(
        **common,
        weights=weights if weights == "none" else str(Path(weights).resolve()),
        seconds=options.seconds,
        seeds=options.seeds,
    )


def machine() -> dict[str, Any]:
    """Return what a reader has to know of the machine."""
    text = Path("/proc/cpuinfo").read_text()
    models = {line.split(":", 1)[1].strip() for line in text.splitlines() if "model name" in line}
    flags = next(line for line in text.splitlines() if line.startswith("flags")).split()
    return {
        "cpu": ", ".join(sorted(models)),
        "cores": os.cpu_count(),
        "vnni": any("vnni" in flag for flag in flags),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
    }


def main() -> None:
    """Measure, and write after each part."""
    options = parsed()
    bench = bench_of(options)
    available = parts(bench)
    if unknown := set(options.only or ()) - set(available):
        sys.exit(f"There is no {', '.join(unknown)}. Choose from: {', '.join(available)}.")
    file = options.docs / "benchmarks.json"
    results = json.loads(file.read_text()) if file.exists() else {}
    for name in options.only or available:
        print(f"{name} ...", flush=True)
        results[name] = available[name]() | {
            "measured": datetime.now(UTC).strftime("%Y-%m-%d"),
            "machine": machine(),
        }
        print(json.dumps(results[name], indent=1), flush=True)
        file.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
    report.write(results, options.docs)


if __name__ == "__main__":
    main()
