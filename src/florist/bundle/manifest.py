"""What `manifest.json` says: what a model expects, and what it was made from."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from florist import checks
from florist.bundle.files import MANIFEST, NETWORKS, Precision
from florist.images import FITS, ImageSpec

SCHEMA: Final = 2
"""2: `report.json` lists confusions instead of a matrix. What reads 2 reads 1, too."""


@dataclass(frozen=True, kw_only=True)
class TrainedOn:
    """A data set: its digest, pictures by side and class, and how many stand on two sides."""

    digest: str
    pictures: Mapping[str, Mapping[str, int]]
    leaks: int


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """What a model was made from, for people; epochs count from 1.

    `recipe` holds the options of the training by their names.
    """

    recipe: Mapping[str, Any]
    epochs: int
    best_epoch: int
    val_accuracy: float
    dataset: TrainedOn
    keras: str

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> "Provenance":
        """Check what JSON held.

        Raises one of `checks.NOT_AS_EXPECTED`.
        """
        dataset = raw["dataset"]
        return cls(
            recipe=dict(checks.plain(raw["recipe"])),
            epochs=checks.count(raw["epochs"], 1),
            best_epoch=checks.count(raw["best_epoch"], 1),
            val_accuracy=checks.share(raw["val_accuracy"]),
            dataset=TrainedOn(
                digest=checks.text(dataset["digest"]),
                pictures={
                    checks.text(side): {
                        checks.text(label): checks.count(found) for label, found in counts.items()
                    }
                    for side, counts in dataset["pictures"].items()
                },
                leaks=checks.count(dataset["leaks"]),
            ),
            keras=checks.text(raw["keras"]),
        )


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What `manifest.json` says.

    `files` maps each file's name to its SHA-256; `precision` says which of the networks answers
    where nobody asks for another; `trained` is None where another program made the folder.
    """

    name: str
    created: str
    florist: str
    classes: tuple[str, ...]
    spec: ImageSpec
    precision: Precision = "float32"
    files: Mapping[str, str] = field(default_factory=dict)
    trained: Provenance | None = None
    schema: int = SCHEMA

    def to_json(self) -> str:
        """Return the text of `manifest.json`."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> "Manifest":
        """Check every field that is used: a model folder may come from anywhere.

        Raises one of `checks.NOT_AS_EXPECTED`.
        """
        manifest = cls(
            name=checks.text(raw["name"]),
            created=checks.text(raw["created"]),
            florist=checks.text(raw["florist"]),
            classes=tuple(checks.text(name) for name in raw["classes"]),
            spec=ImageSpec(size=raw["spec"]["size"], fit=raw["spec"]["fit"]),
            precision=raw["precision"],
            files={_file_name(name): checks.text(found) for name, found in raw["files"].items()},
            trained=_trained(raw["trained"]),
            schema=raw["schema"],
        )
        _require(manifest.precision in NETWORKS, "precision")
        network = NETWORKS[manifest.precision]
        _require(network in manifest.files, f"{network} is not among its files")
        _require(len(set(manifest.classes)) == len(manifest.classes) >= 2, "classes")
        _require(type(manifest.spec.size) is int and 8 <= manifest.spec.size <= 2048, "spec.size")
        _require(manifest.spec.fit in FITS, "spec.fit")
        return manifest


def _trained(raw: Any) -> Provenance | None:
    """Leave out what is of another shape: it is not needed to predict."""
    try:
        return Provenance.from_dict(raw)
    except checks.NOT_AS_EXPECTED:
        return None


def _file_name(name: str) -> str:
    """Accept plain names only: one with a folder in it could point outside."""
    _require(name not in {"", ".", "..", MANIFEST} and not set(name) & set("/\\:\0"), name)
    return name


def _require(condition: bool, what: str) -> None:
    if not condition:
        raise ValueError(what)
