"""What florist raises on purpose. Everything else is a bug.

FloristError
├── ImageError                  one picture cannot be used
│   ├── EmptyImageError         it is a file of 0 bytes
│   ├── UnsupportedImageError   its content is of no format that florist reads
│   ├── DamagedImageError       it is of such a format, but broken
│   ├── ImageTooLargeError      its header announces more than the limits allow
│   ├── TooCostlyError          it would take too much time or memory to read
│   └── DecoderError            its decoder crashed
├── DatasetError                a folder of pictures cannot be trained on
├── BundleError                 a model folder is missing, damaged or of a newer florist
├── EngineError                 an inference runtime is unknown, not installed or refuses the model
├── SettingsError               an environment variable has a value that cannot be used
├── StorageError                an object store refuses, or does not answer
├── BatchError                  answers of many pictures cannot be begun, continued or read
├── TrainingError               a training cannot be set up, continued or written
├── ContainerError              an image cannot be built
└── ExportError                 a model cannot be written in another form

A message says what was found, where, and what to do about it; `str(error)` is fit for a person.
"""

import re
import unicodedata
from typing import ClassVar, Final


class FloristError(Exception):
    """The root: catch this to catch everything that florist raises on purpose."""


class ImageError(FloristError):
    """One picture cannot be used.

    `code` and `title` are the same for every picture with this error. A code is stable: programs
    may compare it.
    """

    code: ClassVar[str]
    title: ClassVar[str]


class EmptyImageError(ImageError):
    """The picture is a file of 0 bytes."""

    code = "empty-picture"
    title = "The picture is an empty file"


class UnsupportedImageError(ImageError):
    """The content is of no picture format that florist reads."""

    code = "unsupported-format"
    title = "This is no picture that can be read"


class DamagedImageError(ImageError):
    """The content is a picture, but truncated or broken."""

    code = "damaged-image"
    title = "The picture is damaged"


class ImageTooLargeError(ImageError):
    """The header announces more pixels, or the file more bytes, than the limits allow."""

    code = "image-too-large"
    title = "The picture is too large"


class TooCostlyError(ImageError):
    """The picture is small, but would take too much time or memory to read."""

    code = "too-costly"
    title = "The picture would take too much time or memory"


class DecoderError(ImageError):
    """The picture's decoder crashed, in a process of its own."""

    code = "decoder-failed"
    title = "The picture's decoder crashed"


class DatasetError(FloristError):
    """A folder of pictures cannot be trained on or evaluated."""


class BundleError(FloristError):
    """A model folder is missing, damaged, or written by a newer florist."""


class EngineError(FloristError):
    """An inference runtime is unknown, not installed, or refuses the model."""


class SettingsError(FloristError):
    """An environment variable has a value that cannot be used."""


class StorageError(FloristError):
    """An object store refuses, or does not answer."""


class BatchError(FloristError):
    """Answers of many pictures cannot be begun, continued or read."""


class TrainingError(FloristError):
    """A training cannot be set up, continued or written."""


class ContainerError(FloristError):
    """An image cannot be built."""


class ExportError(FloristError):
    """A model cannot be written in another form."""


# Cc, Cs, the two separators that end a line, and what has Unicode's property Bidi_Control.
_UNPRINTABLE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def printable(path: object) -> str:
    r"""Return a path fit for a terminal, a log and a UTF-8 file, with its accents composed (NFC).

    Control characters, those that turn the direction of writing, and bytes that are no text (a file
    name may hold all of them) are escaped as `\x1b`. Spaces and joiners of any script are text.
    """
    text = unicodedata.normalize("NFC", str(path))
    return _UNPRINTABLE.sub(lambda found: ascii(found[0])[1:-1], text)
