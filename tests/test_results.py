"""The result of a picture: the same for one and for many, and typed where it is an error."""

from pathlib import Path

import numpy as np
import pytest

import florist
from florist.bundle import Bundle
from florist.dataset import read_labelled
from florist.engine import Runtime
from florist.errors import DatasetError, ImageError
from florist.evaluation import predict_all
from florist.images import Limits
from florist.prediction import Predictor, answer_of
from tests.conftest import COLOURS, noisy_picture


@pytest.fixture
def predictor(bundle: Bundle) -> Predictor:
    return florist.load(bundle.path, Runtime(threads=1, at_once=2))


def test_many_results_are_those_of_one_at_a_time(predictor: Predictor, colours: Path) -> None:
    paths = sorted(colours.rglob("*.png"))
    paths.insert(7, colours / "gone.png")
    many = list(predictor.predict_many(paths, top=2))
    alone = [predictor.result(path, top=2) for path in paths]
    assert [(r.predictions, r.width, r.height, r.error) for r in many] == [
        (r.predictions, r.width, r.height, r.error) for r in alone
    ]
    assert many[0].predictions == predictor.predict(paths[0], top=2)
    assert [r.predictions[0].label for r in many if not r.error] == [
        path.parent.name for path in paths if path.exists()
    ]


def test_a_result_has_size_times_and_every_probability(predictor: Predictor, colours: Path) -> None:
    result = predictor.result(colours / "red" / "000.png", top=1)
    assert [prediction.label for prediction in result.predictions] == ["red"]
    assert (result.width, result.height) == (32, 32)
    assert result.decode_ms > 0
    assert result.inference_ms > 0
    assert result.ms == result.decode_ms + result.inference_ms
    assert result.probabilities is not None
    assert result.probabilities.shape == (3,)
    assert result.probabilities.max() == result.predictions[0].score


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        (b"", "empty-picture", "0 bytes"),
        (b"a letter", "unsupported-format", "not a picture"),
        (b"\xff\xd8\xff", "damaged-image", "broken header"),
        (None, "unreadable-file", "cannot be read: No such file"),
    ],
)
def test_what_is_wrong_with_a_picture_has_a_code(
    predictor: Predictor, tmp_path: Path, content: bytes | None, code: str, says: str
) -> None:
    path = tmp_path / "rose.jpg"
    if content is not None:
        path.write_bytes(content)
    result = predictor.result(path)
    assert result.predictions == ()
    assert result.probabilities is None
    assert result.error is not None
    assert result.error.code == code
    assert result.error.title
    assert says in result.error.detail
    assert str(tmp_path) not in result.error.detail
    with pytest.raises((ImageError, OSError)):
        predictor.predict(path)


def test_what_is_too_large_has_a_code(bundle: Bundle, colours: Path) -> None:
    for limits in (Limits(max_pixels=100), Limits(max_bytes=100)):
        result = florist.load(bundle.path, limits=limits).result(colours / "red" / "000.png")
        assert result.error is not None
        assert result.error.code == "image-too-large"


def test_the_answer_has_an_entry_for_each_picture(predictor: Predictor, tmp_path: Path) -> None:
    noisy_picture(COLOURS["red"], 1).save(tmp_path / "a.png")
    names = ["a.png", "b.png"]
    results = predictor.predict_many((tmp_path / name for name in names), top=1)
    answer = answer_of(predictor, zip(names, results, strict=True))
    good, bad = answer.pop("predictions")
    assert answer == {"model": {"name": "colours", "digest": predictor.bundle.digest}}
    assert good.pop("ms") > 0
    (best,) = good.pop("predictions")
    assert best.keys() == {"label", "score"}
    judged = {"verdict": "answer", "familiarity": None}
    assert good == {"filename": "a.png", "width": 32, "height": 32, **judged}
    assert bad["filename"] == "b.png"
    assert bad["error"]["code"] == "unreadable-file"


def test_evaluation_reads_what_serving_answers(predictor: Predictor, colours: Path) -> None:
    samples = read_labelled(colours).samples
    found, _ = predict_all(predictor, samples)
    alone = [predictor.result(sample.path).probabilities for sample in samples]
    assert np.array_equal(found, np.array(alone))
    samples[3].path.write_bytes(b"")
    with pytest.raises(DatasetError, match=r"003.png could be read before, and cannot now: empty"):
        predict_all(predictor, samples)


@pytest.mark.parametrize("top", [0, -1])
def test_no_class_at_all_is_no_answer(predictor: Predictor, colours: Path, top: int) -> None:
    with pytest.raises(ValueError, match=f"top is {top}"):
        predictor.predict(colours / "red" / "000.png", top=top)
