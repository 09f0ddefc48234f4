"""What a model folder's answers are judged by: read, checked, and tried once."""

import numpy as np

from florist.bundle import TRUST, Bundle
from florist.confidence.file import UNREADABLE, from_bytes
from florist.confidence.verdict import NONE, Judge
from florist.engine import Engine
from florist.errors import BundleError, printable


def judge_of(bundle: Bundle, engine: Engine, none: float | None = None) -> Judge:
    """Return the judge of a bundle's network, as `engine` runs it.

    `none` is the share of familiar pictures that may be taken for none of the classes; by default
    what training was told. A folder without `trust.npz`, as an older florist writes it, has a judge
    that never says so.

    Raises `BundleError` where the file cannot be used, or belongs to another network.
    """
    precision, size = engine.runtime.precision, bundle.manifest.spec.size
    if TRUST not in bundle.manifest.files:
        return Judge(precision=precision, none=NONE if none is None else none)
    content = bundle.read(TRUST)
    try:
        familiarity, meant = from_bytes(content)
        black = engine.run(np.zeros((1, size, size, 3), np.uint8))
        familiarity.p_values(black, precision)
    except UNREADABLE as error:
        raise BundleError(
            f"{printable(bundle.path / TRUST)} does not say of this network what is familiar "
            f"({printable(repr(error))}). Copy the folder again from where it was trained, or "
            "train it again."
        ) from error
    return Judge(familiarity=familiarity, precision=precision, none=meant if none is None else none)
