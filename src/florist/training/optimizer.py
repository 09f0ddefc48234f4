"""The steps of the training."""

import math
from typing import Final

import keras

from florist.training.config import TrainingConfig

_WARM_UP: Final = 0.1
"""The share of all steps in which the learning rate rises, where it follows a cosine."""


def optimizer_of(config: TrainingConfig, pictures: int) -> keras.Optimizer:
    """Return Adam that also keeps a running average of the weights over the last epochs.

    Averaged weights are what is validated and kept (Polyak & Juditsky, "Acceleration of stochastic
    approximation by averaging", 1992): single ones jump about between steps, and choosing the best
    epoch by them chooses luck.
    """
    steps, rate = config.steps_per_epoch(pictures), config.learning_rate
    momentum = 1 - 1 / (config.schedule.averaged * steps)
    if config.schedule.cosine:
        every = steps * config.epochs_for(pictures)
        rising = math.ceil(_WARM_UP * every)
        rate = keras.optimizers.schedules.CosineDecay(
            0.0, max(1, every - rising), warmup_target=rate, warmup_steps=rising
        )
    return keras.optimizers.Adam(rate, use_ema=True, ema_momentum=momentum)
