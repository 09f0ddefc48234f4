"""An image of florist and a model: write down what `docker build` needs, and run it.

Works from an installed wheel as well as from a clone, and imports nothing that is not in both.
"""

import shutil
from pathlib import Path
from typing import Final

import florist
from florist.bundle import Bundle
from florist.container.docker import docker, require_docker
from florist.container.model import write_model
from florist.errors import ContainerError, printable

__all__ = ["build_image", "write_context"]

PACKAGE: Final = Path(florist.__file__).parent

_IN_WHEEL: Final = PACKAGE / "container" / "recipe"
_IN_CLONE: Final = PACKAGE.parents[1]

_LOCKS: Final = ("serve", "serve-batch", "serve-heic", "serve-postgres", "train", "train-gpu")
RECIPE: Final = ("Dockerfile", ".dockerignore", *(f"requirements/{name}.txt" for name in _LOCKS))
"""What the wheel brings along of the clone (pyproject.toml says so), besides the code itself."""

_MODEL: Final = "output"  # where the Dockerfile looks for the model by default


def write_context(folder: Path, bundle: Bundle) -> None:
    """Write a folder that `docker build` makes an image of: the Dockerfile, florist, the model.

    Raises `ContainerError` where something is in the folder already.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ContainerError(
            f"{printable(folder)} is there already, so nothing is written. Choose another folder."
        )
    recipe = _IN_WHEEL if _IN_WHEEL.is_dir() else _IN_CLONE
    for name in RECIPE:
        _copy(recipe / name, folder / name)
    shutil.copytree(
        PACKAGE,
        folder / "src" / "florist",
        ignore=shutil.ignore_patterns("__pycache__", _IN_WHEEL.name),
    )
    write_model(bundle, folder / _MODEL)


def build_image(context: Path, bundle: Bundle, tag: str, options: tuple[str, ...] = ()) -> None:
    """Build the image of a written context and give it a name; Docker shows its progress.

    `options` go to `docker build` as they are.

    Raises `ContainerError` where Docker is missing, does not run, or fails.
    """
    require_docker()
    arguments = (
        f"--build-arg=VERSION={florist.__version__}",
        f"--label=florist.model.digest={bundle.digest}",
    )
    if docker("build", "--tag", tag, *arguments, *options, str(context)).returncode:
        raise ContainerError(
            f"Docker could not build {tag}; what it says above is why. To look at what it built "
            "from: florist image --write FOLDER."
        )


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)
