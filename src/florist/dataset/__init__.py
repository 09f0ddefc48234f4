"""A folder of pictures becomes a frozen, checked and split `Dataset`.

`scan` (what training and `florist check` read) does all of it; `read_labelled` only reads the
pictures and their classes, for evaluation, and needs no training extra.
"""

from florist.dataset.duplicates import DUPLICATES, Duplicates
from florist.dataset.enough import require_trainable
from florist.dataset.layout import FOREIGN_FOLDER
from florist.dataset.model import SIDES, Dataset, Problem, Sample, Side
from florist.dataset.moves import Move, undo
from florist.dataset.review import apply_review
from florist.dataset.scan import read_labelled, scan
from florist.dataset.split import read_split

__all__ = [
    "DUPLICATES",
    "FOREIGN_FOLDER",
    "SIDES",
    "Dataset",
    "Duplicates",
    "Move",
    "Problem",
    "Sample",
    "Side",
    "apply_review",
    "read_labelled",
    "read_split",
    "require_trainable",
    "scan",
    "undo",
]
