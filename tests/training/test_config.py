"""Recipes that make no sense are refused at the door."""

from dataclasses import asdict
from typing import Any

import pytest

from florist.errors import TrainingError
from florist.training import Augmentation, TrainingConfig


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"backbone": "mobilenet2"}, "no backbone 'mobilenet2'. Did you mean mobilenetv2"),
        ({"backbone": "xyz"}, "Choose one of: inceptionv3"),
        ({"weights": "gone.h5"}, "no weights file gone.h5"),
        ({"fit": "squeeze"}, "no fit"),
        ({"class_weight": "heavy"}, "no class weight"),
        ({"unfreeze": -1}, "unfreeze must be from 0"),
        ({"epochs": 0}, "epochs must be from 1"),
        ({"recipe": "cosinus"}, "no recipe 'cosinus'. Did you mean cosine"),
        ({"batch_size": 0}, "batch size"),
        ({"learning_rate": float("nan")}, "learning rate"),
        ({"dropout": 1.0}, "dropout"),
    ],
)
def test_what_makes_no_sense(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(TrainingError, match=says):
        TrainingConfig(**settings)


def test_augmentation_has_bounds() -> None:
    with pytest.raises(TrainingError, match="zoom must be from 0 to 0.5; found 2"):
        Augmentation(zoom=2)


def test_a_recipe_survives_being_written_down() -> None:
    config = TrainingConfig(backbone="tiny", unfreeze="all", augmentation=Augmentation(flip=False))
    assert TrainingConfig.from_dict(asdict(config)) == config
    assert config.weights == "none"  # there are none of tiny
    assert config.spec.size == 96
    assert TrainingConfig(views=0).augmented_views == 0


@pytest.mark.parametrize(
    ("settings", "recipe", "unfreeze", "views", "epochs"),
    [
        ({}, "cosine", 15, 2, 8),
        ({"recipe": "classic"}, "classic", 15, 4, 50),
        ({"backbone": "mobilenetv2"}, "cosine", 38, 2, 8),
        ({"backbone": "mobilenetv2", "unfreeze": "all"}, "cosine", "all", 2, 8),
        # What starts from nothing needs many epochs, and what is frozen at random few.
        (
            {"backbone": "mobilenetv2", "weights": "none", "unfreeze": "all"},
            "classic",
            "all",
            4,
            50,
        ),
        ({"backbone": "mobilenetv2", "weights": "none"}, "cosine", 38, 2, 8),
        ({"backbone": "tiny"}, "classic", "all", 4, 50),
        ({"backbone": "tiny", "recipe": "cosine", "epochs": 3}, "cosine", "all", 2, 3),
    ],
)
def test_what_is_not_said_suits_the_rest(
    settings: dict[str, Any], recipe: str, unfreeze: int | str, views: int, epochs: int
) -> None:
    found = TrainingConfig(**settings).resolved(pictures=10_000)
    chosen = {"recipe": recipe, "unfreeze": unfreeze, "views": views, "epochs": epochs}
    assert chosen.items() <= found.items()
    assert TrainingConfig.from_dict(found).resolved(pictures=10_000) == found


def test_few_pictures_get_more_epochs() -> None:
    config = TrainingConfig(batch_size=10)
    steps = [config.epochs_for(pictures) * -(-pictures // 10) for pictures in (7, 30, 95)]
    assert all(120 <= found < 130 for found in steps)
    assert config.epochs_for(151) == 8
