"""`florist train`: from a folder of pictures to a model folder."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

import florist.training
from florist.bundle import DOUBTS, REPORT, TRAINING_PLOT, Registry, read_bundle, require_free
from florist.cli.check import print_counts, print_problems
from florist.cli.console import left_at_ctrl_c, listening, stderr, stdout
from florist.cli.debug import debug_option
from florist.cli.evaluate import print_summary
from florist.cli.options import output_option, registry_option
from florist.dataset import DUPLICATES, Side, require_trainable, scan
from florist.errors import BundleError, printable
from florist.evaluation import sides_of
from florist.images import FITS
from florist.report import read_report
from florist.training import Augmentation, TrainingConfig, load_keras
from florist.training.backbones import BACKBONES
from florist.training.config import CLASS_WEIGHTS
from florist.training.recipes import RECIPE_NAMES, RECIPES
from florist.training.workspace import Workspace

_DEFAULT = TrainingConfig()


_Verb = TypeVar("_Verb", bound=Callable[..., Any])


class _Layers(click.ParamType[int | str]):
    """A number of layers, or "all"."""

    name = "number|all"

    def convert(self, value: Any, param: Any, ctx: Any) -> int | str:
        if value == "all":
            return "all"
        return click.IntRange(min=0).convert(value, param, ctx)


def _option(name: str, help_text: str, **settings: Any) -> Callable[[_Verb], _Verb]:
    """Return an option whose default is the recipe's."""
    field = name.removeprefix("--").split("/")[0].replace("-", "_")
    where = _DEFAULT.augmentation if field in _AUGMENTATION else _DEFAULT
    default = {"default": getattr(where, field), "show_default": True}
    return click.option(name, help=help_text, **default | settings)


def _by_recipe(field: str) -> str:
    """Return what a recipe's default is, in words."""
    few, many = (getattr(RECIPES[name], field) for name in RECIPE_NAMES)
    return f"{few}, or {many} for classic"


_AUGMENTATION = {field.name for field in fields(Augmentation)}


@click.command()
@click.argument("dataset", type=click.Path(path_type=Path))
@output_option
@registry_option
@_option("--backbone", f"Network to start from: {', '.join(BACKBONES)}.", metavar="NAME")
@_option("--weights", "imagenet, none, or the path of a weights file without top.", metavar="WHICH")
@_option(
    "--recipe",
    "How the epochs go: a few along a cosine, or many with early stopping.",
    type=click.Choice(RECIPE_NAMES),
    show_default="cosine; classic for what starts from nothing",
)
@_option(
    "--unfreeze",
    "How many of the backbone's last layers to train, or all.",
    type=_Layers(),
    show_default="15, or 38 for MobileNetV2",
)
@_option(
    "--views",
    "Augmented views of each picture computed once; 0: fresh in every epoch.",
    type=int,
    show_default=_by_recipe("views"),
)
@_option("--epochs", "Epochs at most.", type=int, show_default=_by_recipe("epochs"))
@_option("--patience", "Stop after so many epochs without a lower validation loss.")
@_option("--batch-size", "Pictures that each training step sees.")
@_option("--learning-rate", "Of the optimizer, Adam.")
@_option("--dense", "Units of the layer before the last one; 0: none.")
@_option("--dropout", "Share of them that each step leaves out.")
@_option("--class-weight", "Let rare classes count more.", type=click.Choice(CLASS_WEIGHTS))
@_option("--fit", "How a picture becomes a square.", type=click.Choice(FITS))
@_option("--rotation", "Augmentation: degrees, either way.")
@_option("--shift", "Augmentation: share of the side, either way.")
@_option("--shear", "Augmentation: degrees, either way.")
@_option("--zoom", "Augmentation: share of the side, in and out.")
@_option("--flip/--no-flip", "Augmentation: mirror left and right.")
@_option("--brightness", "Augmentation: share, darker and brighter.")
@_option(
    "--duplicates",
    "What stays on one side: near-identical pictures, identical files, or nothing.",
    type=click.Choice(DUPLICATES),
)
@_option("--none", "Share of familiar pictures that may be taken for none of the classes; 0: none.")
@_option(
    "--pictures/--no-pictures", "Keep small copies of some pictures, which a server shows people."
)
@_option(
    "--max-error",
    "Share of answers that may be wrong, for example 0.02; of the others it is unsure.",
    type=float,
    metavar="SHARE",
)
@_option("--max-megapixels", "Larger pictures are set aside.")
@_option("--seed", "Decides the split and everything random.")
@click.option("--resume", is_flag=True, help="Go on with an interrupted training.")
@click.option(
    "--force", is_flag=True, help="Replace a finished model, drop an unfinished training."
)
@debug_option
def train(
    dataset: Path, output: Path, registry: Path | None, resume: bool, force: bool, **recipe: Any
) -> None:
    """Train a classifier on the pictures in DATASET.

    DATASET has one folder for each class. Folders train, val and test that hold the class folders
    are used as they are; otherwise 70 % of the pictures are trained on, 15 % choose the best epoch,
    and 15 % measure the result.

    \b
    Examples:
      florist train photos
      florist train photos --backbone mobilenetv2 --epochs 20 --output fast
      florist train photos --resume
      florist train photos --registry models/flowers
    """
    if registry is not None and _given("output"):
        raise click.UsageError("Give --output or --registry, not both.")
    config = _config(recipe, registry or output, resume)
    target = Registry(registry) if registry is not None else output
    train_and_report(dataset, config, target, resume=resume, force=force)


def train_and_report(
    dataset: Path,
    config: TrainingConfig,
    output: Path | Registry,
    *,
    resume: bool = False,
    force: bool = False,
) -> None:
    """Check, train, and print what was measured and where it is."""
    path = output.path if isinstance(output, Registry) else output
    workspace = Workspace.of(path)
    unfinished = resume and workspace.config() is not None  # its model may be there already
    require_free(output, replace=force or unfinished)
    workspace.require_idle()
    workspace.require_free(resume=resume, force=force)
    with listening() as listener, _resumable(path):
        previous = _earlier_sides(path, config.seed)
        found = scan(
            dataset,
            seed=config.seed,
            duplicates=config.duplicates,
            limits=config.limits,
            previous=previous,
            progress=listener.progress,
        )
        kept = sum(sample.sha256 in previous for sample in found.samples)
        if kept:
            listener.say(
                f"{kept} pictures keep the side that they had for the model in {printable(path)}; "
                "another --seed splits afresh."
            )
        print_problems(stderr(), [p for p in found.problems if p.severity != "note"])
        require_trainable(found)
        print_counts(stderr(), found)
        listener.say("Loading Keras.")
        with left_at_ctrl_c():
            load_keras()
        bundle = florist.training.train(
            found, config, output, listener=listener, resume=resume, force=force
        )
    console = stdout()
    print_summary(console, read_report(bundle))
    where = printable(bundle.path)
    console.print(f"Model folder: {where} (README.md describes it, {REPORT} has all figures)")
    console.print(f"Training plot: {where}{os.sep}{TRAINING_PLOT}")
    console.print(f"Labels worth a look: {where}{os.sep}{DOUBTS}")


def _earlier_sides(path: Path, seed: int) -> dict[str, Side]:
    """Return the split of the model that is replaced, where it was drawn with the same seed."""
    try:
        bundle = read_bundle(path)
        trained = bundle.manifest.trained
        if trained is None or trained.recipe.get("seed") != seed:
            return {}
        return sides_of(bundle)
    except BundleError:  # there is none, or one that nobody can use
        return {}


def _config(recipe: dict[str, Any], output: Path, resume: bool) -> TrainingConfig:
    """Make the recipe; a resumed training keeps its own where the command line does not say."""
    unfinished = Workspace.of(output).config() if resume else None
    if unfinished:
        given = {name: value for name, value in recipe.items() if _given(name)}
        kept = asdict(unfinished)
        recipe = kept | kept["augmentation"] | given
        del recipe["augmentation"]
    augmentation = {name: recipe.pop(name) for name in _AUGMENTATION}
    return TrainingConfig(**recipe, augmentation=Augmentation(**augmentation))


def _given(name: str) -> bool:
    """Return whether the command line says it, and not the default."""
    source = click.get_current_context().get_parameter_source(name)
    return source is not ParameterSource.DEFAULT


@contextmanager
def _resumable(output: Path) -> Iterator[None]:
    """Say after Ctrl-C what is kept and how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        if Workspace.of(output).config():
            stderr().print(
                "\nWhat is finished is kept. Go on with the same command and --resume; "
                "starting over needs --force.",
                soft_wrap=True,
            )
        raise
