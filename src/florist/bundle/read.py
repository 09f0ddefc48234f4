"""Reading a model folder. What a digest names is what is read, or it is an error."""

import hashlib
import json
import os
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from florist import checks
from florist.bundle.files import (
    MANIFEST,
    NETWORKS,
    SERVING,
    TRAINING,
    Precision,
    require_file,
)
from florist.bundle.manifest import SCHEMA, Manifest
from florist.errors import BundleError, printable

CURRENT: Final = "current"
"""The file of a registry that names the folder of the model to use."""

NAME_DIGITS: Final = 12
"""How many digits of a model's digest name its folder in a registry."""

_NAME: Final = re.compile(rf"[0-9a-f]{{{NAME_DIGITS}}}")
_REMEDY: Final = "Copy the folder again from where it was trained, or train it again."


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """A model folder. Its files are read one by one, when they are needed, and verified then.

    `digest` is the SHA-256 of its manifest, and so of everything in it: it names the model. `held`
    maps names of files to open file descriptors, see `hold`.
    """

    path: Path
    manifest: Manifest
    digest: str
    held: Mapping[str, int] = field(default_factory=dict, compare=False, repr=False)

    def network(self, precision: Precision) -> Path:
        """Return the file of the exported network that computes in `precision`.

        Raises `BundleError` where the folder has none.
        """
        name = NETWORKS[precision]
        if name not in self.manifest.files:
            there = ", ".join(
                each for each, file in NETWORKS.items() if file in self.manifest.files
            )
            raise BundleError(
                f"{printable(self.path)} has no {name}, but its network in {there}. Choose that "
                "with --precision, or train again."
            )
        return self.path / name

    def read(self, name: str) -> bytes:
        """Return the content of the manifest, or of one of the files that it lists.

        Raises `BundleError` where it is missing, or is not the file that training wrote.
        """
        where = printable(self.path / name)
        try:
            content = self._content(name)
        except OSError as error:
            gone = isinstance(error, FileNotFoundError)
            what = "is missing from the model folder" if gone else "cannot be read"
            raise BundleError(f"{where} {what} ({error.strerror}). {_remedy(name)}") from error
        expected = self.digest if name == MANIFEST else self.manifest.files[name]
        found = hashlib.sha256(content).hexdigest()
        if found != expected:
            raise BundleError(
                f"{where} is not the file that training wrote: its SHA-256 is {found}, not "
                f"{expected}. {_REMEDY}"
            )
        return content

    def _content(self, name: str) -> bytes:
        if name in self.held:
            # By position: processes that were forked share the descriptor, and its offset.
            descriptor = self.held[name]
            size = os.fstat(descriptor).st_size
            return b"".join(_pieces(descriptor, size))
        require_file(self.path / name)
        return (self.path / name).read_bytes()

    def verify(self) -> None:
        """Read every file that serving may need.

        Raises `BundleError` where one is missing, or is not the file that training wrote.
        """
        names = [name for name in self.manifest.files if name in SERVING]
        # Hashing hundreds of megabytes is a large part of the start of a server.
        with ThreadPoolExecutor() as pool:
            for _ in pool.map(self.read, names):
                pass  # the first error, in the manifest's order, is raised here

    def hold(self) -> "Bundle":
        """Return the bundle with the files of serving held open.

        It stays whole when its folder is replaced, for this process and those it forks. On Windows
        a file that is open could not be replaced, so none is held.
        """
        held: dict[str, int] = {}
        if os.name == "posix":
            for name in self.manifest.files:
                if name in SERVING:
                    with suppress(OSError):  # whoever reads it is told
                        require_file(self.path / name)
                        held[name] = os.open(self.path / name, os.O_RDONLY)
        return replace(self, held=held)


def _pieces(descriptor: int, size: int) -> "list[bytes]":
    pieces, offset = [], 0
    while piece := os.pread(descriptor, max(size - offset, 1), offset):
        pieces.append(piece)
        offset += len(piece)
    return pieces


def read_bundle(path: str | os.PathLike[str]) -> Bundle:
    """Read the manifest of a model folder, or of the model that a registry calls current.

    Raises `BundleError` where it is missing, unusable or of a newer schema.
    """
    folder = _resolve(Path(path))
    try:
        require_file(folder / MANIFEST)
        content = (folder / MANIFEST).read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        where = printable(folder)
        what = f"has no {MANIFEST}" if folder.is_dir() else "is not there"
        raise BundleError(
            f"No model in {where}: it {what}. Train one with `florist train DATASET --output "
            f"{where}`, or name its folder with --model."
        ) from error
    except OSError as error:
        raise BundleError(f"{printable(folder)} cannot be read: {error.strerror}.") from error
    digest = hashlib.sha256(content).hexdigest()
    if folder != Path(path) and not digest.startswith(folder.name):
        raise BundleError(
            f"{printable(folder / MANIFEST)} is not the manifest that training wrote: its SHA-256 "
            f"is {digest}. {_REMEDY}"
        )
    return Bundle(path=folder, manifest=_parse(content, folder / MANIFEST), digest=digest)


def _resolve(path: Path) -> Path:
    """Return the model folder: the path itself, or the one that a registry calls current."""
    current = path / CURRENT
    if (path / MANIFEST).exists() or not current.is_file():
        return path
    try:
        with current.open("rb") as file:
            name = file.read(100).decode("ascii", "replace").strip()
    except OSError as error:
        raise BundleError(f"{printable(current)} cannot be read: {error.strerror}.") from error
    if not _NAME.fullmatch(name):
        raise BundleError(
            f"{printable(current)} names no model. Write into it the name of one of the folders "
            "beside it."
        )
    return path / name


def _parse(content: bytes, file: Path) -> Manifest:
    try:
        raw = json.loads(content)
        schema = checks.count(raw["schema"], 1)
    except checks.NOT_AS_EXPECTED as error:
        raise BundleError(f"{printable(file)} is not a manifest ({error!r}). {_REMEDY}") from error
    if schema > SCHEMA:
        raise BundleError(
            f"{printable(file)} has schema {schema}; this florist reads 1 to {SCHEMA}. "
            "Update florist: pip install --upgrade florist."
        )
    try:
        return Manifest.from_dict(raw)
    except checks.NOT_AS_EXPECTED as error:
        raise BundleError(f"{printable(file)} cannot be used: {error!r}. {_REMEDY}") from error


def _remedy(name: str) -> str:
    if name in TRAINING:
        return "It stays where a model was trained: name that folder, or copy the file from there."
    return _REMEDY
