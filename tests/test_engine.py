"""What a network answers, by name, whoever exported it."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

import florist
from florist.bundle import MODEL, Bundle, digests
from florist.engine import ENGINES, LOGITS, PROBABILITIES, Runtime, load_engine
from florist.engine.runtimes import _has_bfloat16
from florist.errors import EngineError
from tests.engines import answers

PICTURES = np.random.default_rng(0).integers(0, 256, (5, 16, 16, 3), np.uint8)


@pytest.fixture
def renamed(bundle: Bundle, tmp_path: Path) -> Bundle:
    """Return a model whose only output has a name that says nothing."""
    model = onnx.load(bundle.network("float32"))
    model.graph.node[-1].output[0] = model.graph.output[0].name = "Identity:0"
    onnx.save(model, tmp_path / MODEL)
    manifest = replace(bundle.manifest, files=digests(tmp_path))
    return replace(bundle, path=tmp_path, manifest=manifest)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_single_output_is_the_probabilities(bundle: Bundle, renamed: Bundle, engine: str) -> None:
    expected, found = (
        answers(load_engine(each, Runtime(engine=engine)), PICTURES) for each in (bundle, renamed)
    )
    assert list(expected) == list(found) == [PROBABILITIES]
    assert np.array_equal(expected[PROBABILITIES], found[PROBABILITIES])


@pytest.mark.parametrize("engine", ENGINES)
def test_a_tensor_inside_is_answered_on_request(bundle: Bundle, engine: str) -> None:
    found = answers(load_engine(bundle, Runtime(engine=engine), also=(LOGITS,)), PICTURES)
    assert set(found) == {PROBABILITIES, LOGITS}
    powers = np.exp(found[LOGITS])
    softmax = powers / powers.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(softmax, found[PROBABILITIES], rtol=1e-5)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_tensor_that_is_not_there_is_named(bundle: Bundle, engine: str) -> None:
    with pytest.raises(EngineError, match=f"{engine} cannot run .*model.onnx with its aura"):
        load_engine(bundle, Runtime(engine=engine), also=("aura",))


@pytest.mark.parametrize("engine", ENGINES)
def test_several_outputs_need_their_names(renamed: Bundle, engine: str) -> None:
    with pytest.raises(EngineError, match="model.onnx answers .*, but no probabilities"):
        load_engine(renamed, Runtime(engine=engine), also=(LOGITS,))


@pytest.mark.parametrize("engine", ENGINES)
def test_answers_stay_when_the_next_picture_is_worked_on(bundle: Bundle, engine: str) -> None:
    loaded = load_engine(bundle, Runtime(engine=engine))
    first = loaded.run(PICTURES[:1])[PROBABILITIES]
    kept = first.copy()
    others = answers(loaded, PICTURES[1:])[PROBABILITIES]
    assert np.array_equal(first, kept)
    assert len(np.unique([*kept, *others], axis=0)) == len(PICTURES)


def test_bfloat16_is_for_whoever_asks_for_it_on_a_cpu_that_has_it(trusted: Bundle) -> None:
    exact = florist.load(trusted.path)
    assert exact.engine.runtime.precision == "float32"
    if not _has_bfloat16():
        return  # the next test is what happens there
    rounded = florist.load(trusted.path, Runtime(precision="bfloat16"))
    assert rounded.engine.runtime.precision == "bfloat16"
    assert rounded.judge.precision == "float32"  # which it was measured in
    before, after = (answers(each.engine, PICTURES)[PROBABILITIES] for each in (exact, rounded))
    assert 0 < np.abs(before - after).max() < 0.05


def test_no_other_cpu_computes_in_bfloat16(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EngineError, match="onnxruntime does not compute in bfloat16"):
        Runtime(engine="onnxruntime", precision="bfloat16")
    monkeypatch.setattr("florist.engine.runtimes._has_bfloat16", lambda: False)  # what a CPU says
    with pytest.raises(EngineError, match="^This CPU does not compute in bfloat16"):
        load_engine(bundle, Runtime(precision="bfloat16"))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells where a thread may run")
def test_a_thread_runs_on_every_cpu_of_its_process(bundle: Bundle) -> None:
    cpus = os.sched_getaffinity(0)
    loaded = load_engine(bundle, Runtime(threads=len(cpus), at_once=len(cpus)))
    found = set()
    with ThreadPoolExecutor(len(cpus)) as pool:
        while_it_works = [pool.submit(loaded.run, PICTURES[:1]) for _ in range(2000)]
        while not all(each.done() for each in while_it_works):
            for thread in Path("/proc/self/task").iterdir():
                with suppress(ProcessLookupError):  # one of another test that has just ended
                    found.add(frozenset(os.sched_getaffinity(int(thread.name))))
    assert found == {frozenset(cpus)}


def test_no_more_threads_than_are_granted(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("florist.engine.runtimes.cpu_limit", lambda: 1)  # what a cgroup says
    openvino = load_engine(bundle, Runtime(engine="openvino", at_once=2))
    assert openvino._compiled.get_property("INFERENCE_NUM_THREADS") == 1  # type: ignore[attr-defined]
    onnxruntime = load_engine(bundle, Runtime(engine="onnxruntime"))
    assert onnxruntime._session.get_session_options().intra_op_num_threads == 1  # type: ignore[attr-defined]
