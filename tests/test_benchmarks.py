"""The benchmark measures what it says: small, and with something that is slow on purpose."""

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from benchmarks.bare import rate
from benchmarks.load import CLIENTS
from benchmarks.report import write
from benchmarks.serving import FLORIST
from benchmarks.traffic import latencies, saturate

import florist
from florist import Runtime
from florist.bundle import NETWORKS, Bundle
from florist.engine import Engine, Outputs
from florist.images import RGB
from florist.prediction import Predictor
from florist.web import create_app
from florist.web.settings import Settings
from tests.served import served
from tests.web.conftest import red

ROOT = Path(__file__).parent.parent
DELAY_S = 0.1

# A small run of everything takes minutes, and more on a machine that is busy.
pytestmark = pytest.mark.timeout(1800)


class Slowed:
    """An engine that takes its time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.runtime, self.names = engine.runtime, engine.names

    def run(self, picture: RGB) -> Outputs:
        time.sleep(DELAY_S)
        return self._engine.run(picture)


@pytest.fixture
def predictors(bundle: Bundle) -> tuple[Predictor, Predictor]:
    """Return a predictor, and the same one slowed."""
    fast = florist.load(bundle.path, Runtime(threads=1))
    return fast, Predictor(fast.bundle, Slowed(fast.engine))


def test_a_slowed_engine_is_measured_as_slower(predictors: tuple[Predictor, Predictor]) -> None:
    size = predictors[0].bundle.manifest.spec.size
    pictures = [np.zeros((size, size, 3), np.uint8)]
    fast, slow = (rate(predictor, pictures, 2, 1.0) for predictor in predictors)
    # Two threads that sleep cannot be faster, however fast the machine is.
    assert 0 < slow <= 2 / DELAY_S * 1.2
    assert slow < fast


def test_a_slowed_engine_serves_less_and_later(
    predictors: tuple[Predictor, Predictor], tmp_path: Path
) -> None:
    rates, medians = [], []
    for predictor in predictors:
        settings = Settings(uploads=str(tmp_path / "uploads"), threads=2)
        with served(create_app(predictor, settings)) as port:
            rates.append(saturate(port, FLORIST, [red(kind="JPEG")], clients=4, seconds=1.0))
            medians.append(latencies(port, FLORIST, [red(kind="JPEG")], 5.0, 1.0)["p50"])
    # With two threads three are at work: one decodes, and this engine sleeps for all of them.
    assert 0 < rates[1] <= 3 / DELAY_S * 1.2
    assert rates[1] < rates[0]
    assert medians[1] >= 1000 * DELAY_S


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the docs folder of a small run of everything but the peers."""
    folder = tmp_path_factory.mktemp("bench")
    (folder / "docs").mkdir()
    command = [sys.executable, "-m", "benchmarks", "--small", "--no-peers"]
    where = ["--work", str(folder / "work"), "--docs", str(folder / "docs")]
    ended = subprocess.run(
        [*command, *where], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return folder / "docs"


@pytest.mark.once
def test_a_small_run_measures_every_part(small: Path) -> None:
    results = json.loads((small / "benchmarks.json").read_text())
    name = "mobilenetv2-0.35"
    of_a_backbone = {f"{kind} {name}" for kind in ("serving", "training", "accuracy")}
    assert set(results) == {"startup", "decoding", "scaling", "memory", "load", *of_a_backbone}
    served = results[f"serving {name}"]
    for who in ("classic", *(f"florist {precision}" for precision in NETWORKS)):
        assert served[who]["requests_per_s"] > 0
        assert served[who]["mib"] > 10
        assert len(served[who]["labels"]) == 5
    for way in ("florist", "classic"):
        assert results[f"training {name}"][way]["seconds"] > 0
        (correct,) = results[f"accuracy {name}"][way]
        assert 0 <= correct <= 1
    assert min(results["memory"]["peak_mib"].values()) > results["memory"]["idle_mib"] > 100
    for loaded in ("steady", "killed"):
        assert results["load"][loaded]["answers"]["200"] > 0
        assert results["load"][loaded]["mib"]["peak"] > 10
    assert set(results["load"]["steady"]["answers"]) <= {"200", "429"}
    assert 0 < results["load"]["killed"]["answers"]["broken"] <= CLIENTS
    assert min(results["scaling"]["requests_per_s"].values()) > 0
    assert min(results["scaling"]["batch"].values()) > 0
    assert results["decoding"]["largest_mean_difference_of_255"] <= 2
    assert results["decoding"]["same_top_1"] >= 0.8 * results["decoding"]["pictures"]


@pytest.mark.once
def test_what_is_written_comes_from_the_results_alone(small: Path, tmp_path: Path) -> None:
    results = json.loads((small / "benchmarks.json").read_text())
    text = (small / "benchmarks.md").read_text()
    write(results, tmp_path)
    assert (tmp_path / "benchmarks.md").read_text() == text
    startup = results["startup"]["seconds"]["--help"]
    assert f"| `florist --help`, whole process | ≤ 0.25 s | {startup:.2f} s |" in text
    results["startup"]["seconds"]["--help"] = 9.0
    write(results, tmp_path)
    assert (
        "| `florist --help`, whole process | ≤ 0.25 s | 9.00 s |"
        in (tmp_path / "benchmarks.md").read_text()
    )
    assert (tmp_path / "images" / "ratios-light.svg").read_text().startswith("<?xml")
