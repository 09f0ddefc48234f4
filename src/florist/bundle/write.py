"""Writing a model: into a folder of its own, or as a new one into a registry."""

import glob
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from florist import checks
from florist.bundle.files import MANIFEST, SERVING, TRAINING, UNFINISHED, digests
from florist.bundle.manifest import Manifest
from florist.bundle.read import CURRENT, NAME_DIGITS, Bundle, read_bundle
from florist.errors import BundleError, printable
from florist.system import PARTIAL, sync, sync_folder, write_atomically

_PREFIX: Final = ".model."
_EMPTY_DISK: Final = "lost+found"  # a folder that an empty ext4 disk has, where it is mounted


@dataclass(frozen=True)
class Registry:
    """A folder with a folder for each model, named by its digest, and a file that names one.

    A model in it never changes; a newer one stands beside it.
    """

    path: Path


def write_bundle(
    target: Path | Registry,
    manifest: Manifest,
    write_files: Callable[[Path], None],
    *,
    replace: bool = False,
) -> Bundle:
    """Write a model as a whole.

    `write_files` fills a folder on the same disk, whose files are then moved; the manifest is
    completed with the digests of what was written, and comes last.

    Raises `BundleError` where something else is there, or a model that may not be replaced.
    """
    require_free(target, replace=replace)
    path = _path(target)
    home, inside = _home(target), _inside(target)
    home.mkdir(parents=True, exist_ok=True)
    staged = Path(tempfile.mkdtemp(prefix=_prefix(target), suffix=PARTIAL, dir=home))
    try:
        write_files(staged)
        digest = _complete(staged, manifest)
        if isinstance(target, Registry):
            _add(staged, path, digest[:NAME_DIGITS])
        elif inside:
            _move_files(staged, path)
        else:
            staged.rename(path)
        sync_folder(home)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return read_bundle(path)


def require_free(target: Path | Registry, *, replace: bool) -> None:
    """Raise `BundleError` where a model cannot be written, or something stands in its place."""
    path = _path(target)
    _require_writable(_home(target))
    if isinstance(target, Registry):
        _require_registry(path)
    elif path.exists() and not _is_model_folder(path):
        raise BundleError(
            f"{printable(path)} exists and is no model folder, so it is left alone. "
            "Choose another with --output."
        )
    elif (path / MANIFEST).exists() and not replace:
        raise BundleError(
            f"{printable(path)} already holds a model. Choose another folder with --output, or "
            "replace it with --force."
        )


def sweep(target: Path | Registry) -> None:
    """Drop what a process left that was killed while it wrote; no other may be writing `target`."""
    for left in _home(target).glob(f"{glob.escape(_prefix(target))}????????{PARTIAL}"):
        shutil.rmtree(left)
    if isinstance(target, Registry):
        for left in target.path.glob(f"{CURRENT}.????????{PARTIAL}"):
            left.unlink()


def _path(target: Path | Registry) -> Path:
    return target.path if isinstance(target, Registry) else target


def _inside(target: Path | Registry) -> bool:
    """Return whether to work inside of the target, not beside it.

    A folder that is there may be a mount point, which cannot be renamed, in a folder that cannot be
    written to: as in a container that trains into a volume.
    """
    return isinstance(target, Registry) or target.is_dir()


def _home(target: Path | Registry) -> Path:
    """Return the folder that a model is written in before it is moved into place."""
    return _path(target) if _inside(target) else _path(target).parent


def _prefix(target: Path | Registry) -> str:
    """Begin a name that tells what is written from what other trainings write beside it."""
    return f"{_PREFIX}{_path(target).name}."


def _require_writable(folder: Path) -> None:
    """Try it: what one may do in a folder depends on more than its mode."""
    there = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    try:
        with tempfile.TemporaryFile(dir=there):  # on Linux without a name, so a kill leaves none
            pass
    except OSError as error:
        raise BundleError(
            f"Nothing can be written into {printable(there)} ({error.strerror}). Choose another "
            "folder for the model."
        ) from error


def _is_model_folder(path: Path) -> bool:
    """Accept an empty folder, too, and what a process left that was killed while it wrote."""
    if not path.is_dir():
        return False
    ours = {*SERVING, *TRAINING, UNFINISHED, _EMPTY_DISK}
    names = {each.name for each in path.iterdir()}
    return MANIFEST in names or all(name in ours or _is_partial(name) for name in names)


def _is_partial(name: str) -> bool:
    return name.startswith(_PREFIX) and name.endswith(PARTIAL)


def _require_registry(path: Path) -> None:
    if (path / MANIFEST).exists():
        raise BundleError(
            f"{printable(path)} is a model folder, not a folder for several models. Choose another "
            "with --registry, or replace the model with --output."
        )
    if path.exists() and not path.is_dir():
        raise BundleError(f"{printable(path)} is a file. Choose a folder with --registry.")


def _complete(staged: Path, manifest: Manifest) -> str:
    """Write the manifest and wait until all is on the disk; return the manifest's digest."""
    content = replace(manifest, files=digests(staged)).to_json().encode()
    (staged / MANIFEST).write_bytes(content)
    staged.chmod(0o755)  # mkdtemp's 0700 would lock out a server that runs as somebody else
    for file in staged.iterdir():
        sync(file)
    sync_folder(staged)
    return hashlib.sha256(content).hexdigest()


def _add(staged: Path, registry: Path, name: str) -> None:
    """Put a model into a registry, then call it the current one."""
    if not (registry / name).exists():
        staged.rename(registry / name)
    write_atomically(registry / CURRENT, f"{name}\n")


def _move_files(staged: Path, path: Path) -> None:
    """Put the files in the place of those of an older model, the manifest last.

    Whoever reads in between is told that a file is not the manifest's: never two models as one.
    """
    names = {each.name for each in staged.iterdir()}
    for name in sorted(names - {MANIFEST}):
        (staged / name).replace(path / name)
    for name in _listed(path) - names:
        (path / name).unlink(missing_ok=True)
    (staged / MANIFEST).replace(path / MANIFEST)


def _listed(path: Path) -> set[str]:
    """Return the files that florist wrote into a folder, as far as its manifest can be read."""
    with suppress(OSError, *checks.NOT_AS_EXPECTED):
        raw = json.loads((path / MANIFEST).read_bytes())
        return set(raw["files"]) & {*SERVING, *TRAINING}
    return set()
