"""`trust.npz`: what a judge knows, as arrays. No pickle, nothing compressed.

It comes in a model folder that anybody may have written. An array is as large as its bytes, so what
is read is never larger than the file.
"""

from collections.abc import Mapping
from dataclasses import fields
from io import BytesIO
from math import prod
from typing import Any, Final
from zipfile import ZIP_STORED, BadZipFile, ZipFile

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from florist import checks
from florist.confidence.bank import Bank
from florist.confidence.familiarity import OLDER_NEIGHBOURS, Familiarity, Scale
from florist.confidence.refusal import Validated
from florist.confidence.verdict import Judge

UNREADABLE: Final = (*checks.NOT_AS_EXPECTED, BadZipFile, NotImplementedError, EOFError)
"""What reading raises where the content is not what was written."""

# Name → type and number of dimensions; whatever else is there is refused.
_ARRAYS: Final[dict[str, tuple[type[np.generic], int]]] = {
    "none": (np.float32, 1),
    "max_error": (np.float64, 1),
    "neighbours": (np.int8, 1),
    "mean": (np.float32, 1),
    "axes": (np.float16, 2),
    "steps": (np.float32, 1),
    "pictures": (np.int8, 2),
    "centre": (np.float32, 1),
    "spread": (np.float32, 1),
    "scores": (np.float32, 1),
    "best": (np.float32, 1),
    "truth": (np.float32, 1),
    "familiarity": (np.float32, 1),
}

Arrays = Mapping[str, NDArray[Any]]


def to_bytes(judge: Judge) -> bytes:
    """Return the content of the file: what a judge knows, of every precision.

    Raises `ValueError` where it does not know what is familiar.
    """
    if judge.familiarity is None:
        raise ValueError("a judge without a familiarity has nothing to keep")
    arrays: dict[str, NDArray[Any]] = {"none": np.array([judge.none], np.float32)}
    arrays["neighbours"] = np.array([judge.familiarity.neighbours], np.int8)
    if judge.max_error is not None:
        arrays["max_error"] = np.array([judge.max_error])
    parts: dict[str, Mapping[str, Any]] = {
        "bank": judge.familiarity.banks,
        "scale": judge.familiarity.scales,
        "validated": judge.validated,
    }
    for kind, named in parts.items():
        for name, part in named.items():
            for field in fields(part):
                arrays[f"{kind}/{name}/{field.name}"] = getattr(part, field.name)
    file = BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def from_bytes(content: bytes, precision: str) -> Judge:
    """Return what was written, checked, as the judge of a network in a precision.

    Banks alone, without a scale of any precision, do not say what is familiar. An older florist
    wrote nothing of what was validated, and had another number of neighbours.

    Raises one of `UNREADABLE`.
    """
    arrays = _read(content)
    banks = _banks(arrays)
    scales = {name: Scale(**found) for name, found in _named(arrays, "scale").items()}
    (none,) = arrays["none"].tolist()
    (max_error,) = arrays["max_error"].tolist() if "max_error" in arrays else [None]
    (neighbours,) = arrays["neighbours"].tolist() if "neighbours" in arrays else [OLDER_NEIGHBOURS]
    known = Familiarity(banks=banks, scales=scales, neighbours=neighbours)
    return Judge(
        familiarity=known if scales else None,
        validated={n: Validated(**found) for n, found in _named(arrays, "validated").items()},
        precision=precision,
        none=checks.share(none),
        max_error=None if max_error is None else checks.share(max_error),
    )


def banks_from_bytes(content: bytes) -> dict[str, Bank]:
    """Return the banks alone, checked, by the name of the network's output.

    Raises one of `UNREADABLE`.
    """
    return _banks(_read(content))


def _banks(arrays: Arrays) -> dict[str, Bank]:
    return {name: Bank(**found) for name, found in _named(arrays, "bank").items()}


def _read(content: bytes) -> Arrays:
    arrays = {}
    with ZipFile(BytesIO(content)) as file:
        for info in file.infolist():
            if info.compress_type != ZIP_STORED:
                raise ValueError("it is compressed")
            with file.open(info) as member:
                if npy.read_magic(member) != (1, 0):
                    raise ValueError("an array of another version")
                shape, fortran, dtype = npy.read_array_header_1_0(member)
                data = member.read()
            path = info.filename.removesuffix(".npy")
            kind, dimensions = _ARRAYS[path.split("/")[-1]]
            if fortran or dtype != kind or len(shape) != dimensions:
                raise ValueError(f"{path} is of another type")
            if len(data) != prod(shape) * dtype.itemsize:
                raise ValueError(f"{path} is of another size than it says")
            arrays[path] = np.frombuffer(data, dtype).reshape(shape)
    return arrays


def _named(arrays: Arrays, kind: str) -> dict[str, dict[str, NDArray[Any]]]:
    """Return the arrays of a kind, by the name of their part and their own."""
    found: dict[str, dict[str, NDArray[Any]]] = {}
    for path, array in arrays.items():
        if path.startswith(f"{kind}/"):
            _, part, name = path.split("/")
            found.setdefault(checks.text(part), {})[name] = array
    return found
