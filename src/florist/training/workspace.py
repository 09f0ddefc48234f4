"""Where an unfinished training keeps what it needs to go on: a folder beside the model folder."""

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from florist.dataset import Dataset
from florist.errors import TrainingError, printable
from florist.progress import Listener
from florist.training.config import TrainingConfig

_RECIPE: Final = "training.json"


@dataclass(frozen=True)
class Workspace:
    """The folder `output.training` of a training that will end in `output`."""

    path: Path

    @classmethod
    def of(cls, output: Path) -> "Workspace":
        """Return the workspace of an output folder, whether it exists or not."""
        return cls(output.with_name(f"{output.name}.training"))

    @property
    def features(self) -> Path:
        """Where features, or decoded pictures, are kept."""
        return self.path / "features"

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

    def create(self, dataset: Dataset, config: TrainingConfig) -> None:
        """Make the folder, with the recipe in it, unless it is there to be resumed."""
        self.fit.mkdir(parents=True, exist_ok=True)
        (self.path / _RECIPE).write_text(
            json.dumps(_recipe(dataset, config), indent=2), encoding="utf-8"
        )

    def check(self, dataset: Dataset, config: TrainingConfig, *, resume: bool) -> None:
        """Raise `TrainingError` where an unfinished training stands in the way.

        That is one that was not asked to be resumed, or one of another recipe or of other pictures
        that was.
        """
        found, recipe = self._read(), _recipe(dataset, config)
        if found is None:
            return
        if not resume:
            raise TrainingError(
                f"{printable(self.path)} holds an unfinished training. Go on with it by adding "
                "--resume, or start over with --force."
            )
        if found["config"] != recipe["config"]:
            raise TrainingError(
                f"The unfinished training in {printable(self.path)} has another recipe: "
                f"{_differences(found['config'], recipe['config'])}. Resume it without these "
                "options, or start over with --force."
            )
        if found["dataset"] != recipe["dataset"]:
            raise TrainingError(
                f"The pictures have changed since the training in {printable(self.path)} began. "
                "Start over with --force."
            )

    def remove(self) -> None:
        """Delete the folder and everything in it."""
        if self.path.exists():
            shutil.rmtree(self.path)

    def _read(self) -> dict[str, Any] | None:
        try:
            recipe = json.loads((self.path / _RECIPE).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None  # killed before the recipe was on the disk: nothing else can be there
        return dict(recipe)


@dataclass(frozen=True, kw_only=True)
class Job:
    """One training: what is trained on, how, where its unfinished work lies, and who listens."""

    dataset: Dataset
    config: TrainingConfig
    workspace: Workspace
    listener: Listener


def _recipe(dataset: Dataset, config: TrainingConfig) -> dict[str, Any]:
    return {"config": asdict(config), "dataset": dataset.digest}


def _differences(found: dict[str, Any], wanted: dict[str, Any]) -> str:
    names = [name for name in wanted if found.get(name) != wanted[name]]
    return ", ".join(f"{name} was {found.get(name)}, now {wanted[name]}" for name in names)
