"""`trust.npz` comes back as it was written; what else may stand in its place is refused."""

import zipfile
from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
import pytest

from florist.confidence.familiarity import Embeddings, Familiarity, familiarity_of
from florist.confidence.file import UNREADABLE, banks_from_bytes, from_bytes, to_bytes
from florist.confidence.refusal import Validated
from florist.confidence.verdict import Judge


def embeddings(pictures: int, seed: int) -> Embeddings:
    rng = np.random.default_rng(seed)
    sizes = {"embedding": 70, "early_embedding": 30}
    return {name: rng.normal(size=(pictures, n)).astype(np.float32) for name, n in sizes.items()}


KNOWN = familiarity_of(embeddings(40, 1), {"float32": embeddings(100, 2)})
SHARES = np.linspace(0.1, 1, 100).astype(np.float32)
JUDGE = Judge(
    familiarity=KNOWN,
    validated={"float32": Validated(best=SHARES, truth=np.zeros_like(SHARES), familiarity=SHARES)},
    max_error=0.03,
)
CONTENT = to_bytes(JUDGE)


def arrays() -> dict[str, Any]:
    with np.load(BytesIO(CONTENT), allow_pickle=False) as file:
        return dict(file)


def saved(**changes: Any) -> bytes:
    """Return the file with some arrays changed, those that are None left out."""
    file = BytesIO()
    kept = {name: each for name, each in (arrays() | changes).items() if each is not None}
    np.savez(file, **kept)
    return file.getvalue()


def test_it_comes_back_as_it_was_written() -> None:
    found = from_bytes(CONTENT, "float32")
    assert found.none == pytest.approx(0.05)
    assert found.max_error == 0.03
    assert found.familiarity is not None
    others = embeddings(20, 3)
    assert (
        found.familiarity.p_values(others, "float32") == KNOWN.p_values(others, "float32")
    ).all()
    assert found.refusal == JUDGE.refusal
    assert to_bytes(found) == CONTENT
    assert to_bytes(JUDGE) == CONTENT  # the same training gives the same bytes


def test_banks_alone_do_not_say_what_is_familiar() -> None:
    content = to_bytes(Judge(familiarity=Familiarity(banks=KNOWN.banks)))
    assert from_bytes(content, "float32").familiarity is None
    found = banks_from_bytes(content)["embedding"]
    others = embeddings(20, 3)["embedding"]
    assert (found.similarities(others) == KNOWN.banks["embedding"].similarities(others)).all()


def test_an_older_file_has_nothing_that_was_validated() -> None:
    parts = {
        name: None for name in arrays() if name.startswith(("validated", "max_error", "neigh"))
    }
    found = from_bytes(saved(**parts), "float32")
    assert (found.refusal, found.max_error) == (None, None)
    assert found.familiarity is not None
    assert found.familiarity.neighbours == 10


def test_it_is_small() -> None:
    rng = np.random.default_rng(0)
    large = {"embedding": rng.random((1000, 2048)).astype(np.float32)}
    judge = Judge(familiarity=familiarity_of(large, {"float32": large}))
    assert len(to_bytes(judge)) < 400_000


def with_member(name: str, data: bytes, compression: int = zipfile.ZIP_STORED) -> bytes:
    file = BytesIO(CONTENT)
    with zipfile.ZipFile(file, "a", compression) as archive:
        archive.writestr(name, data)
    return file.getvalue()


def header(shape: tuple[int, ...], kind: str = "<f4") -> bytes:
    """Return an array that says it has a shape, and holds nothing."""
    file = BytesIO()
    about = {"descr": kind, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, about)
    return file.getvalue()


MEAN = "bank/embedding/mean"


@pytest.mark.parametrize(
    "content",
    [
        lambda: b"",
        lambda: b"PK\x03\x04",
        lambda: CONTENT[:-30],
        lambda: CONTENT[:2000] + CONTENT[2100:],
        lambda: np.array([1.0]).tobytes(),
        lambda: saved(**{MEAN: np.array([{"a": 1}], object)}),
        lambda: saved(**{MEAN: np.zeros(70, np.float64)}),
        lambda: saved(**{MEAN: np.zeros(69, np.float32)}),
        lambda: saved(**{MEAN: np.full(70, np.nan, np.float32)}),
        lambda: saved(**{MEAN: np.zeros((70, 1), np.float32)}),
        lambda: saved(**{MEAN: None}),
        lambda: saved(**{"bank/embedding/pictures": np.zeros((0, 39), np.int8)}),
        lambda: saved(**{"bank/embedding/extra": np.zeros(1, np.float32)}),
        lambda: saved(**{"bank/embedding/deeper/mean": np.zeros(1, np.float32)}),
        lambda: saved(**{"bank/\x1b[2J/mean": np.zeros(1, np.float32)}),
        lambda: saved(**{"scale/float32/scores": np.array([], np.float32)}),
        lambda: saved(**{"scale/float32/scores": np.array([2, 1], np.float32)}),
        lambda: saved(**{"scale/float32/scores": np.array([1, np.inf], np.float32)}),
        lambda: saved(**{"scale/float32/spread": np.zeros(2, np.float32)}),
        lambda: saved(**{"scale/float32/centre": np.zeros(3, np.float32)}),
        lambda: saved(**{"validated/float32/truth": np.ones_like(SHARES)}),
        lambda: saved(**{"validated/float32/truth": SHARES[1:]}),
        lambda: saved(**{"validated/float32/best": 3 * SHARES}),
        lambda: saved(**{"validated/float32/truth": None}),
        lambda: saved(**{"validated/float32/familiarity": np.full(100, np.nan, np.float32)}),
        lambda: saved(max_error=np.array([2.0])),
        lambda: saved(max_error=np.array([0.1], np.float32)),
        lambda: saved(neighbours=np.array([0], np.int8)),
        lambda: saved(none=None),
        lambda: saved(none=np.array([np.nan], np.float32)),
        lambda: saved(none=np.array([0.1, 0.2], np.float32)),
        lambda: saved(none=np.array([3], np.float32)),
        lambda: with_member("none.npy", header((10**12,))),
        lambda: with_member("none.npy", header((-1,))),
        lambda: with_member("none.npy", header((2**63, 2**63))),
        lambda: with_member("none.npy", b"\x93NUMPY\x01\x00" + b"\xff\xff" + b"[" * 65535),
        lambda: with_member("none.npy", b"cos\nsystem\n."),
        lambda: with_member("bomb/embedding/mean.npy", bytes(10**6), zipfile.ZIP_DEFLATED),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_what_it_cannot_be_is_refused(content: Callable[[], bytes]) -> None:
    with pytest.raises(UNREADABLE):
        from_bytes(content(), "float32")
