"""The model folder: the only thing that crosses from training to serving.

A bundle is data, never a program. `manifest.json` says what the model expects and holds the SHA-256
of every other file; reading a bundle checks them all.
"""

import dataclasses
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from florist.errors import BundleError, printable
from florist.images import FITS, ImageSpec

SCHEMA: Final = 1
MANIFEST: Final = "manifest.json"
MODEL: Final = "model.onnx"
INT8_MODEL: Final = "model.int8.onnx"
LABELS: Final = "labels.txt"
REPORT: Final = "report.json"
SPLIT: Final = "split.csv"

Precision = Literal["float32", "int8"]
NETWORKS: Final[Mapping[Precision, str]] = {"float32": MODEL, "int8": INT8_MODEL}
"""The exported network's file for each precision that it computes in."""

_REMEDY: Final = "Copy the folder again from where it was trained, or train it again."


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What `manifest.json` says.

    `files` maps each file's name to its SHA-256; `precision` says which of the networks answers
    where nobody asks for another; `trained` holds what the model was made from (backbone, weights,
    recipe, data set), for people and the model's page, not for predicting.
    """

    name: str
    created: str
    florist: str
    classes: tuple[str, ...]
    spec: ImageSpec
    precision: Precision = "float32"
    files: Mapping[str, str] = field(default_factory=dict)
    trained: Mapping[str, Any] = field(default_factory=dict)
    schema: int = SCHEMA

    def to_json(self) -> str:
        """Return the text of `manifest.json`."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """A model folder whose files are all there and all unchanged.

    `digest` is the SHA-256 of its manifest, and so of everything in it: it names the model.
    """

    path: Path
    manifest: Manifest
    digest: str

    def network(self, precision: Precision) -> Path:
        """Return the file of the exported network that computes in `precision`.

        Raises `BundleError` where the folder has none.
        """
        name = NETWORKS[precision]
        if name not in self.manifest.files:
            raise BundleError(
                f"{printable(self.path)} has no {name}. Leave --precision out, or train again."
            )
        return self.path / name


def read_bundle(path: str | os.PathLike[str]) -> Bundle:
    """Read and verify a model folder.

    Raises `BundleError` where it is missing, incomplete, edited or of a newer schema.
    """
    folder = Path(path)
    where = printable(folder)
    try:
        content = (folder / MANIFEST).read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        what = f"has no {MANIFEST}" if folder.is_dir() else "is not there"
        raise BundleError(
            f"No model in {where}: it {what}. Train one with `florist train DATASET --output "
            f"{where}`, or name its folder with --model."
        ) from error
    except OSError as error:
        raise BundleError(f"{where} cannot be read: {error.strerror}.") from error
    manifest = _parse(content, folder / MANIFEST)
    # Hashing hundreds of megabytes is a large part of the start of `florist predict`.
    with ThreadPoolExecutor() as pool:
        files = (folder / name for name in manifest.files)
        for _ in pool.map(_verify, files, manifest.files.values()):
            pass  # the first error, in the manifest's order, is raised here
    return Bundle(path=folder, manifest=manifest, digest=hashlib.sha256(content).hexdigest())


def write_bundle(
    path: Path, manifest: Manifest, write_files: Callable[[Path], None], *, replace: bool = False
) -> Bundle:
    """Write a model folder as a whole.

    `write_files` fills a folder beside it, which is then renamed; the manifest is completed with
    the digests of what was written.

    Raises `BundleError` where the folder exists and may not be replaced.
    """
    require_free(path, replace=replace)
    path.parent.mkdir(parents=True, exist_ok=True)
    staged = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent))
    try:
        write_files(staged)
        files = {file.name: _sha256(file) for file in sorted(staged.iterdir())}
        complete = dataclasses.replace(manifest, files=files)
        (staged / MANIFEST).write_text(complete.to_json(), encoding="utf-8")
        staged.chmod(0o755)  # mkdtemp's 0700 would lock out a server that runs as somebody else
        for file in staged.iterdir():
            _sync(file)
        _move_into_place(staged, path)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return read_bundle(path)


def require_free(path: Path, *, replace: bool) -> None:
    """Raise `BundleError` where something stands at `path` that may not be replaced."""
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return
    if not (path / MANIFEST).is_file():
        raise BundleError(
            f"{printable(path)} exists and is no model folder, so it is left alone. "
            "Choose another with --output."
        )
    if not replace:
        raise BundleError(
            f"{printable(path)} already holds a model. Choose another folder with --output, or "
            "replace it with --force."
        )


def _move_into_place(staged: Path, path: Path) -> None:
    """Rename, with the old folder moved aside first: a folder cannot be replaced in one step."""
    old = staged.with_suffix(".old")
    if path.exists():
        path.rename(old)
    try:
        staged.rename(path)
    except OSError:
        if old.exists():
            old.rename(path)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _sync(file: Path) -> None:
    """Wait until a file is on the disk, so that no crash leaves an empty one under its name."""
    with file.open("rb+") as opened:  # Windows syncs only what could be written to
        os.fsync(opened.fileno())


def _verify(file: Path, digest: str) -> None:
    try:
        found = _sha256(file)
    except OSError as error:
        raise BundleError(
            f"{printable(file)} is missing from the model folder ({error.strerror}). {_REMEDY}"
        ) from error
    if found != digest:
        raise BundleError(
            f"{printable(file)} is not the file that training wrote: its SHA-256 is {found}, "
            f"the manifest says {digest}. {_REMEDY}"
        )


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _parse(content: bytes, file: Path) -> Manifest:
    """Check every field that is used: a model folder may come from anywhere."""
    try:
        raw = json.loads(content)
        schema = raw["schema"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise BundleError(f"{printable(file)} is not a manifest ({error!r}). {_REMEDY}") from error
    if schema != SCHEMA:
        raise BundleError(
            f"{printable(file)} has schema {printable(schema)}; this florist reads {SCHEMA}. "
            "Update florist: pip install --upgrade florist."
        )
    try:
        manifest = Manifest(
            name=_text(raw["name"]),
            created=_text(raw["created"]),
            florist=_text(raw["florist"]),
            classes=tuple(_text(name) for name in raw["classes"]),
            spec=ImageSpec(size=raw["spec"]["size"], fit=raw["spec"]["fit"]),
            precision=raw["precision"],
            files={_file_name(name): _text(digest) for name, digest in raw["files"].items()},
            trained=dict(raw["trained"]),
        )
        _require(manifest.precision in NETWORKS, "precision")
        network = NETWORKS[manifest.precision]
        _require(network in manifest.files, f"{network} is not among its files")
        _require(len(set(manifest.classes)) == len(manifest.classes) >= 2, "classes")
        _require(type(manifest.spec.size) is int and 8 <= manifest.spec.size <= 2048, "spec.size")
        _require(manifest.spec.fit in FITS, "spec.fit")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BundleError(f"{printable(file)} cannot be used: {error!r}. {_REMEDY}") from error
    return manifest


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, found {value!r}")
    return value


def _file_name(name: str) -> str:
    """Accept plain names only: one with a folder in it could point outside."""
    _require(name not in {"", ".", "..", MANIFEST} and not set(name) & set("/\\:\0"), name)
    return name


def _require(condition: bool, what: str) -> None:
    if not condition:
        raise ValueError(what)
