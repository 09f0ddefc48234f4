"""A folder of pictures becomes a frozen, checked and split `Dataset`.

`scan` (what training and `florist check` read) does all of it; `read_labelled` only reads the
pictures and their classes, for evaluation, and needs no training extra.
"""

from florist.dataset.model import SIDES, Dataset, Problem, Sample, Side
from florist.dataset.scan import read_labelled, require_trainable, scan

__all__ = [
    "SIDES",
    "Dataset",
    "Problem",
    "Sample",
    "Side",
    "read_labelled",
    "require_trainable",
    "scan",
]
