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
    config = TrainingConfig(backbone="tiny", unfreeze=None, augmentation=Augmentation(flip=False))
    assert TrainingConfig.from_dict(asdict(config)) == config
    assert config.weights == "none"  # there are none of tiny
    assert config.spec.size == 96
    assert config.augmented_views == 8
    assert TrainingConfig().augmented_views == 4
    assert TrainingConfig(views=0).augmented_views == 0
