"""Where an unfinished training keeps what it needs to go on: a folder beside the model folder."""

import json
import os
import platform
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property
from hashlib import file_digest
from pathlib import Path
from typing import Any, Final

from florist.bundle import UNFINISHED
from florist.dataset import Dataset
from florist.errors import TrainingError, printable
from florist.progress import Listener
from florist.system import PARTIAL, LockedError, locked, write_atomically
from florist.training.config import TrainingConfig

_RECIPE: Final = "training.json"
_LOCK: Final = "lock"


@dataclass(frozen=True)
class Workspace:
    """The folder `output.training` of a training that will end in `output`.

    Where `output` is a mount point it is the folder `.training` in there: what is beside it lies on
    another disk, which a container forgets, or which is not to be written to.
    """

    path: Path

    @classmethod
    def of(cls, output: Path) -> "Workspace":
        """Return the workspace of an output folder, whether it exists or not."""
        if os.path.ismount(output):
            return cls(output / UNFINISHED)
        return cls(output.with_name(f"{output.name}.training"))

    @property
    def features(self) -> Path:
        """Where features, or decoded pictures, are kept. Their names say what they are made of."""
        return self.path / "features"

    @property
    def views(self) -> Path:
        """The file that says how many views of each picture the disk has room for."""
        return self.path / "views"

    @property
    def trunk(self) -> Path:
        """The file that the frozen layers are exported to."""
        return self.path / "trunk.onnx"

    @property
    def fit(self) -> Path:
        """Where the state after the last finished epoch is kept."""
        return self.path / "fit"

    @property
    def exported(self) -> Path:
        """Where the exported networks wait for the model folder."""
        return self.path / "exported"

    def config(self) -> TrainingConfig | None:
        """Return the recipe of the unfinished training, or None where there is none."""
        recipe = self._read()
        return TrainingConfig.from_dict(recipe["config"]) if recipe else None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other trainings out of the folder, which is made for it and left where it is empty.

        Raises `TrainingError` where another one is at work in it.
        """
        now = datetime.now().astimezone()
        note = f"process {os.getpid()} on {platform.node()}, since {now:%Y-%m-%d %H:%M:%S}"
        try:
            with locked(self.path / _LOCK, note):
                yield
        except LockedError as error:
            raise TrainingError(
                f"Another training is at work in {printable(self.path)} "
                f"({printable(error) or 'it has just begun'}). Wait until it is done, stop it, or "
                "choose another --output."
            ) from error
        finally:
            with suppress(OSError):
                self.path.rmdir()

    def require_idle(self) -> None:
        """Raise `TrainingError` where another training is at work, before anything long begins."""
        if (self.path / _LOCK).exists():
            with self.held():
                pass

    def begin(self, recipe: dict[str, Any], *, restart: bool) -> None:
        """Make the folder ready, with the recipe in it.

        Where it is to be resumed, what is there stays. Otherwise, or where no recipe can be read,
        only features do: what they are made of is in their names.
        """
        if restart or self._read() is None:
            self._clear()
            write_atomically(self.path / _RECIPE, json.dumps(recipe, indent=2))
        for left in self.path.glob(f"*{PARTIAL}"):
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        self.fit.mkdir(exist_ok=True)

    def require_free(self, *, resume: bool, force: bool) -> None:
        """Raise `TrainingError` where the folder is somebody's own, or a training nobody spoke of.

        An unfinished training is resumed, or dropped, by those who say so.
        """
        names = {path.name for path in self.path.iterdir()} if self.path.exists() else set()
        foreign = sorted(name for name in names - {_LOCK} if not name.endswith(PARTIAL))
        if foreign and _RECIPE not in names:
            raise TrainingError(
                f"{printable(self.path)} is where an unfinished training would be kept, but it "
                f"holds {printable(foreign[0])} and no {_RECIPE}, so it is left alone. Move it, or "
                "choose another --output."
            )
        if self._read() and not (resume or force):
            raise TrainingError(
                f"{printable(self.path)} holds an unfinished training. Go on with it by adding "
                "--resume, or start over with --force."
            )

    def require_same(self, recipe: dict[str, Any]) -> None:
        """Raise `TrainingError` where what is to be resumed is not what `recipe` says."""
        found = self._read() or recipe
        if found["config"] != recipe["config"]:
            raise TrainingError(
                f"The unfinished training in {printable(self.path)} has another recipe: "
                f"{_differences(found['config'], recipe['config'])}. Resume it without these "
                "options, or start over with --force."
            )
        if found.get("backend") != recipe["backend"]:
            raise TrainingError(
                f"The unfinished training in {printable(self.path)} computes with "
                f"{found.get('backend')}, and Keras is set to {recipe['backend']}, which rounds "
                "differently. Set KERAS_BACKEND as it was, or start over with --force."
            )
        for key, what in (("dataset", "pictures"), ("weights", "starting weights")):
            if found.get(key) != recipe[key]:
                raise TrainingError(
                    f"The {what} have changed since the training in {printable(self.path)} began. "
                    "Put back what was there, or start over with --force."
                )

    def remove(self) -> None:
        """Delete what a training keeps. The recipe is last: what has one is known to be ours."""
        self._clear()
        if self.features.exists():
            shutil.rmtree(self.features)
        (self.path / _RECIPE).unlink(missing_ok=True)

    def _clear(self) -> None:
        for folder in (self.fit, self.exported):
            if folder.exists():
                shutil.rmtree(folder)
        for file in (self.views, self.trunk):
            file.unlink(missing_ok=True)

    def _read(self) -> dict[str, Any] | None:
        try:
            recipe = json.loads((self.path / _RECIPE).read_bytes())
            TrainingConfig.from_dict(recipe["config"])
        except (FileNotFoundError, ValueError, TypeError, KeyError):
            return None
        return dict(recipe)


@dataclass(frozen=True, kw_only=True)
class Job:
    """One training: what is trained on, how, where its unfinished work lies, and who listens."""

    dataset: Dataset
    config: TrainingConfig
    workspace: Workspace
    listener: Listener

    @property
    def epochs(self) -> int:
        """How many epochs there are at most."""
        return self.config.epochs_for(len(self.dataset.train))

    @cached_property
    def weights(self) -> str:
        """The weights that training starts from; a file by its name and content, not its folder."""
        weights = self.config.weights
        if weights in {"imagenet", "none"}:
            return weights
        with Path(weights).open("rb") as file:
            return f"{Path(weights).name} (SHA-256 {file_digest(file, 'sha256').hexdigest()})"

    @cached_property
    def recipe(self) -> dict[str, Any]:
        """What an unfinished training must agree in to be gone on with."""
        import keras

        return {
            "config": asdict(self.config),
            "dataset": self.dataset.digest,
            "weights": self.weights,
            "backend": keras.backend.backend(),
        }


def _differences(found: dict[str, Any], wanted: dict[str, Any]) -> str:
    names = [name for name in wanted if found.get(name) != wanted[name]]
    return ", ".join(f"{name} was {found.get(name)}, now {wanted[name]}" for name in names)
