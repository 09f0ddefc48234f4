"""What a model makes of pictures that show none of its classes, folder by folder."""

from collections.abc import Sequence
from pathlib import Path

from florist.confidence.foreign import Foreign, compare
from florist.errors import BundleError, DatasetError, printable
from florist.formats import is_hidden, is_picture_name
from florist.prediction import Predictor
from florist.progress import Progress, silent


def measure_foreign(
    predictor: Predictor,
    familiar: Sequence[float | None],
    folder: Path,
    *,
    progress: Progress = silent,
) -> tuple[Foreign, int]:
    """Compare with the familiarity of one's own pictures; return how many could not be read, too.

    Each folder in `folder` is a set by itself; pictures beside them are the set ".".

    Raises `DatasetError` where there is no picture, `BundleError` where the model does not know
    what is familiar.
    """
    own = [each for each in familiar if each is not None]
    if predictor.judge.familiarity is None or not own:
        raise BundleError(
            f"The model in {printable(predictor.bundle.path)} cannot tell what is none of its "
            "classes: nothing says what is familiar to it. README.md beside it says why."
        )
    files = foreign_pictures(folder)
    found: dict[str, list[float]] = {}
    unread = 0
    results = predictor.predict_many(files, top=1)
    for done, (file, result) in enumerate(zip(files, results, strict=True), start=1):
        progress("Predicting foreign pictures", done, len(files))
        if result.error is not None or result.familiarity is None:
            unread += 1
            continue
        parts = file.relative_to(folder).parts
        name = printable(parts[0]) if len(parts) > 1 else "."
        found.setdefault(name, []).append(result.familiarity)
    if not found:
        raise DatasetError(
            f"{printable(folder)} has no picture that can be read. Give a folder of pictures that "
            "show none of the classes, or of several such folders."
        )
    return compare(own, found, predictor.judge.none), unread


def foreign_pictures(folder: Path) -> list[Path]:
    """Return the visible pictures below a folder, in a stable order."""
    return [
        path
        for path in sorted(folder.rglob("*"))
        if is_picture_name(path)
        and not any(is_hidden(part) for part in path.relative_to(folder).parts)
        and path.is_file()
    ]
