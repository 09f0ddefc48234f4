"""Small copies of pictures in a model folder: what it gets wrong, and what it was trained on.

`pictures.zip` holds WebP files, which any program opens, and `index.json`, which says in the same
order what each of them shows. It comes in a model folder that anybody may have written.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from io import BytesIO
from typing import Any, Final
from zipfile import ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from PIL import Image, UnidentifiedImageError

from florist import checks
from florist.bundle import PICTURES, Bundle
from florist.errors import BundleError, printable

SIDE: Final = 160
"""The longer side of a copy, in pixels."""
MOST_BYTES: Final = 4_000_000
"""All copies together."""
TYPE: Final = "image/webp"

_INDEX: Final = "index.json"
_MOST: Final = 10_000
_UNREADABLE: Final = (*checks.NOT_AS_EXPECTED, BadZipFile, NotImplementedError, EOFError, OSError)


@dataclass(frozen=True, kw_only=True)
class SmallPicture:
    """A WebP and what it shows; `name` is the file that it is a copy of.

    A test picture has `predicted`, the class that it was taken for, and the `score` of that. A
    training picture has `row`, its place among those that `trust.npz` knows.
    """

    name: str
    label: str
    content: bytes
    predicted: str | None = None
    score: float | None = None
    row: int | None = None

    @property
    def is_mistake(self) -> bool:
        """Whether it is a test picture that was taken for another class."""
        return self.predicted not in (None, self.label)

    @property
    def is_right(self) -> bool:
        """Whether it is a test picture that was taken for what it is."""
        return self.predicted == self.label


def to_bytes(pictures: Sequence[SmallPicture]) -> bytes:
    """Return the content of the file."""
    index = [{k: v for k, v in asdict(each).items() if k != "content"} for each in pictures]
    file = BytesIO()
    with ZipFile(file, "w", ZIP_STORED) as archive:  # a ZipInfo has the same date each time
        text = json.dumps(index, indent=1, ensure_ascii=False)
        archive.writestr(ZipInfo(_INDEX), text)
        for number, each in enumerate(pictures):
            archive.writestr(ZipInfo(f"{number:04}.webp"), each.content)
    return file.getvalue()


def read_pictures(bundle: Bundle) -> tuple[SmallPicture, ...]:
    """Return a model folder's copies; none where it has no such file.

    Raises `BundleError` where the file cannot be used.
    """
    if PICTURES not in bundle.manifest.files:
        return ()
    content = bundle.read(PICTURES)
    try:
        return _from_bytes(content, bundle.manifest.classes)
    except _UNREADABLE as error:
        where = printable(bundle.path / PICTURES)
        raise BundleError(f"{where} cannot be used: {printable(repr(error))}.") from error


def _from_bytes(content: bytes, classes: Sequence[str]) -> tuple[SmallPicture, ...]:
    with ZipFile(BytesIO(content)) as archive:
        members = archive.infolist()
        if len(members) > _MOST or sum(each.file_size for each in members) > len(content):
            raise ValueError("it says that more is in it than can be")
        if any(each.compress_type != ZIP_STORED for each in members):
            raise ValueError("it is compressed")
        index = json.loads(archive.read(_INDEX))
        copies = [archive.read(f"{number:04}.webp") for number in range(len(index))]
    return tuple(_checked(raw, copy, classes) for raw, copy in zip(index, copies, strict=True))


def _checked(raw: Mapping[str, Any], copy: bytes, classes: Sequence[str]) -> SmallPicture:
    label, predicted, score, row = (raw[key] for key in ("label", "predicted", "score", "row"))
    if label not in classes or (predicted is not None and predicted not in classes):
        raise ValueError("a picture is of another class")
    if (predicted is None) == (row is None):
        raise ValueError("a picture is of the test or of the training")
    try:
        with Image.open(BytesIO(copy), formats=["WEBP"]) as image:
            size = image.size
    except UnidentifiedImageError as error:
        raise ValueError("a picture is no WebP") from error
    if max(size) > SIDE:
        raise ValueError(f"a picture of {size[0]} × {size[1]} pixels")
    return SmallPicture(
        name=checks.text(raw["name"]),
        label=label,
        content=copy,
        predicted=predicted,
        score=None if predicted is None else checks.share(score),
        row=None if row is None else checks.count(row),
    )
