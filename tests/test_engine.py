"""What a network answers, by name, whoever exported it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from florist.bundle import MODEL, Bundle, digests
from florist.engine import ENGINES, LOGITS, PROBABILITIES, Outputs, Runtime, load_engine
from florist.errors import EngineError

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
        load_engine(each, Runtime(engine=engine)).run(PICTURES) for each in (bundle, renamed)
    )
    assert list(expected) == list(found) == [PROBABILITIES]
    assert np.array_equal(expected[PROBABILITIES], found[PROBABILITIES])


@pytest.mark.parametrize("engine", ENGINES)
def test_a_tensor_inside_is_answered_on_request(bundle: Bundle, engine: str) -> None:
    found = load_engine(bundle, Runtime(engine=engine), also=(LOGITS,)).run(PICTURES)
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
    answers: list[Outputs] = [loaded.run(picture[None]) for picture in PICTURES]
    together = np.concatenate([answer[PROBABILITIES] for answer in answers])
    np.testing.assert_allclose(together, loaded.run(PICTURES)[PROBABILITIES], rtol=1e-5)
    assert len(np.unique(together, axis=0)) == len(PICTURES)


def test_no_more_threads_than_are_granted(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("florist.engine.runtimes.cpu_limit", lambda: 1)  # what a cgroup says
    openvino = load_engine(bundle, Runtime(engine="openvino", at_once=2))
    assert openvino._compiled.get_property("INFERENCE_NUM_THREADS") == 1  # type: ignore[attr-defined]
    onnxruntime = load_engine(bundle, Runtime(engine="onnxruntime"))
    assert onnxruntime._session.get_session_options().intra_op_num_threads == 1  # type: ignore[attr-defined]
