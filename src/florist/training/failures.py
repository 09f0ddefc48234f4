"""What the machine runs out of, as errors that say what to do."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from florist.errors import TrainingError, printable
from florist.training.config import TrainingConfig

_DISK_FULL: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

# What TensorFlow raises, and how the text of what JAX raises begins.
_OUT_OF_MEMORY: Final = ("ResourceExhaustedError", "RESOURCE_EXHAUSTED")


@contextmanager
def named_failures(config: TrainingConfig, output: Path) -> Iterator[None]:
    """Turn "no memory" and "no space" into a `TrainingError` with a remedy."""
    try:
        yield
    except OSError as error:
        if error.errno not in _DISK_FULL:
            raise
        folder = next(parent for parent in output.absolute().parents if parent.exists())
        free = shutil.disk_usage(folder).free
        raise TrainingError(
            f"The disk of {printable(folder)} is full ({error.strerror}, {free / 1e9:.2f} GB free)."
            " Make room and go on with --resume, or start over with fewer --views."
        ) from error
    except Exception as error:
        told = f"{type(error).__name__} {error}"
        if not isinstance(error, MemoryError) and not any(word in told for word in _OUT_OF_MEMORY):
            raise
        smaller = max(1, config.batch_size // 2)
        raise TrainingError(
            f"Not enough memory for batches of {config.batch_size} pictures of {config.spec.size} "
            f"pixels with {config.backbone}. Start over with --batch-size {smaller}, or with a "
            "smaller backbone."
        ) from error
