"""What a judge knows, as JSON that `judge.js` reads: arrays as base64 of their bytes."""

import base64
import json
import math

import numpy as np
from numpy.typing import DTypeLike, NDArray

from florist.confidence.verdict import Judge


def judge_as_json(judge: Judge) -> bytes:
    """Return what a judge knows of the network of its precision; no banks where that is nothing."""
    known = judge.familiarity
    scale = None if known is None else known.scales[judge.precision]
    banks = [] if known is None else known.banks.items()
    told = {
        "none": judge.none,
        "least": judge.least if math.isfinite(judge.least) else None,
        "neighbours": None if known is None else known.neighbours,
        "banks": [
            {
                "name": name,
                "mean": _packed(bank.mean),
                "axes": _packed(bank.axes),
                "steps": _packed(bank.steps),
                "pictures": _packed(bank.pictures, "i1"),
            }
            for name, bank in banks
        ],
        **{
            name: "" if scale is None else _packed(getattr(scale, name))
            for name in ("centre", "spread", "scores")
        },
    }
    return json.dumps(told).encode()


def _packed(array: NDArray[np.generic], dtype: DTypeLike = "<f4") -> str:
    return base64.b64encode(np.ascontiguousarray(array, dtype).tobytes()).decode()
