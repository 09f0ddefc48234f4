"""The files of a model folder: what they are called, and who needs which."""

import errno
import hashlib
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

MANIFEST: Final = "manifest.json"
MODEL: Final = "model.onnx"
INT8_MODEL: Final = "model.int8.onnx"
LABELS: Final = "labels.txt"
REPORT: Final = "report.json"
TRUST: Final = "trust.npz"
PICTURES: Final = "pictures.zip"
HISTORY: Final = "history.csv"
CARD: Final = "README.md"
REPORT_PAGE: Final = "report.html"
KERAS_MODEL: Final = "model.keras"
SPLIT: Final = "split.csv"
DOUBTS: Final = "doubts.csv"
TRAINING_PLOT: Final = "training.png"
CONFUSION_PLOT: Final = "confusion.png"
RELIABILITY_PLOT: Final = "reliability.png"

Precision = Literal["float32", "int8"]
NETWORKS: Final[Mapping[Precision, str]] = {"float32": MODEL, "int8": INT8_MODEL}
"""The exported network's file for each precision that it computes in."""

SERVING: Final = (
    *(MANIFEST, MODEL, INT8_MODEL, LABELS, TRUST),
    *(PICTURES, REPORT, REPORT_PAGE, HISTORY, CARD),
)
"""What goes where a model is served; a server misses none of the others."""

TRAINING: Final = (
    *(KERAS_MODEL, SPLIT, DOUBTS),
    *(TRAINING_PLOT, CONFUSION_PLOT, RELIABILITY_PLOT),
)
"""What stays where a model was made: to train on, to evaluate, to look at."""

UNFINISHED: Final = ".training"
"""The folder that a training works in where it may write nowhere else: of no use afterwards."""


MOST_BYTES: Final = 2 * 2**30
"""In one file: where Protocol Buffers, and so ONNX, end. A server reads its files whole."""


def require_file(path: Path) -> None:
    """Raise `OSError` unless there is a file of a size that can be read.

    To open a pipe would wait for a writer, and a device may have no end.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "a folder, pipe or device is in its place")
    if status.st_size > MOST_BYTES:
        raise OSError(errno.EFBIG, f"it is larger than {MOST_BYTES / 2**30:.0f} GiB")


def sha256(file: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file in a folder, by name."""
    return {file.name: sha256(file) for file in sorted(folder.iterdir())}
