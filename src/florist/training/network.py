"""The network in its parts: a frozen trunk, a trainable tail, a head.

```
uint8 picture ─► rescale ─► trunk ─► features ─► tail ─► head ─► probabilities
                 └ frozen, runs once ┘          └ trained on them ┘

head: feature_map ─► mean over the places = embedding ─► dense ─► logits ─► softmax = probabilities
```

Trunk and tail are cut from one backbone and share its layers, so training the tail trains the
backbone, and exporting the backbone exports what was trained.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import keras
from keras import layers

from florist.engine import EARLY_EMBEDDING, EMBEDDING, FEATURE_MAP, LOGITS, PROBABILITIES
from florist.errors import TrainingError
from florist.training.backbones import Backbone
from florist.training.config import TrainingConfig
from florist.training.early import early_embedding, early_maps


@dataclass(frozen=True, kw_only=True)
class Network:
    """The parts. `trunk` is None where nothing is frozen, `tail` where all of the backbone is.

    `from_scratch` says that all of it starts from random weights and is trained.
    """

    rescale: keras.Layer
    backbone: keras.Model
    trunk: keras.Model | None
    tail: keras.Model | None
    head: keras.Sequential
    from_scratch: bool

    def whole(self) -> keras.Model:
        """Return picture → what the exported network answers, by name, as one functional model."""
        pictures = keras.Input(self.backbone.input_shape[1:], dtype="uint8", name="pictures")
        maps = early_maps(self.backbone, from_scratch=self.from_scratch)
        tapped = [self.backbone.output, *maps]
        backbone = keras.Model(self.backbone.inputs, tapped, name=self.backbone.name)
        values, *early = backbone(self.rescale(pictures))
        pooled = early_embedding(early, from_scratch=self.from_scratch)
        answers = {FEATURE_MAP: values, EARLY_EMBEDDING: pooled}
        for layer in self.head.layers:  # one by one: a model in a model hides what is in between
            values = layer(values)
            if layer.name in {EMBEDDING, LOGITS, PROBABILITIES}:
                answers[layer.name] = values
        return keras.Model(pictures, answers, name="florist")

    def frozen(self) -> keras.Model:
        """Return picture → features, a list of tensors, as one functional model."""
        if self.trunk is None:
            raise ValueError("nothing is frozen")
        pictures = keras.Input(self.backbone.input_shape[1:], dtype="uint8")
        return keras.Model(pictures, as_list(self.trunk(self.rescale(pictures))))


class Classifier(keras.Model):
    """What is trained: on features where `streaming` is off, else on pictures.

    The tail runs in inference mode while it is trained: its BatchNorm layers keep the statistics
    of ImageNet, where small batches would let them drift (fit accuracy high, evaluation low). Only
    a backbone that starts from nothing has no statistics worth keeping. The mode is set in `call`
    because Keras overrides a `training=False` that was given while a functional model was built.
    """

    def __init__(self, network: Network, *, streaming: bool) -> None:
        # Keras scales the loss of a model whose own policy has 16 bits, where small gradients are 0
        # (Micikevicius et al., "Mixed Precision Training", 2018).
        super().__init__(dtype=network.backbone.dtype_policy)
        self.rescale = network.rescale if streaming else None
        self.trunk = network.trunk if streaming else None
        self.tail = network.tail
        self.head = network.head
        self.from_scratch = network.from_scratch

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return probabilities of shape (N, classes)."""
        return self.head(self.maps(inputs, training=training), training=training)

    def maps(self, inputs: Any, training: bool = False) -> Any:
        """Return what the backbone makes of inputs, (N, height, width, channels)."""
        values = inputs
        if self.rescale is not None:
            values = self.rescale(values)
        if self.trunk is not None:
            values = self.trunk(values, training=False)
        if self.tail is not None:
            values = self.tail(_single(values), training=training and self.from_scratch)
        return _single(values)


def divide_logits(head: keras.Sequential, temperature: float) -> None:
    """Make the head's logits smaller by a factor, in the weights of the layer that makes them."""
    layer = head.get_layer(LOGITS)
    layer.set_weights([values / temperature for values in layer.get_weights()])


def classifier_of(whole: keras.Model) -> keras.Model:
    """Return picture → probabilities: what is saved for Keras, whose `predict` then gives those."""
    return keras.Model(whole.input, whole.output[PROBABILITIES], name=whole.name)


def build_network(config: TrainingConfig, classes: int) -> Network:
    """Build a network with its weights loaded and frozen as the recipe says.

    Raises `TrainingError` where weights cannot be downloaded or do not fit.
    """
    backbone = _load_backbone(config)
    frozen, last = _divide(backbone.layers, config.trained_layers)
    for layer in frozen:
        layer.trainable = False
    trunk, tail = _cut(backbone, last) if frozen else (None, backbone)
    rescale = (
        layers.Rescaling(1 / 127.5, -1) if config.architecture.rescale else layers.Rescaling(1)
    )
    return Network(
        rescale=rescale,
        backbone=backbone,
        trunk=trunk,
        tail=tail,
        head=_head(config, classes, backbone.output_shape[1:]),
        from_scratch=trunk is None and config.weights == "none",
    )


def _divide(
    all_layers: list[keras.Layer], unfreeze: int | Literal["all"]
) -> tuple[list[keras.Layer], list[keras.Layer]]:
    """Return the layers to freeze and the last ones; none are frozen where none has weights."""
    first = 0 if unfreeze == "all" else max(0, len(all_layers) - unfreeze)
    if not any(layer.weights for layer in all_layers[:first]):
        first = 0
    return all_layers[:first], all_layers[first:]


def _head(config: TrainingConfig, classes: int, shape: Sequence[int]) -> keras.Sequential:
    steps = [keras.Input(shape), layers.GlobalAveragePooling2D(name=EMBEDDING)]
    if config.dense:
        steps.append(layers.Dense(config.dense, activation="relu"))
    steps.append(layers.Dropout(config.dropout))
    # 32-bit probabilities in any precision: 16 bits are too few for small ones.
    steps.append(layers.Dense(classes, dtype="float32", name=LOGITS))
    steps.append(layers.Softmax(dtype="float32", name=PROBABILITIES))
    return keras.Sequential(steps, name="head")


def _cut(
    backbone: keras.Model, last: Sequence[keras.Layer]
) -> tuple[keras.Model, keras.Model | None]:
    """Cut a backbone in two: what depends on one of the `last` layers is the tail.

    Branches make the cut cross several tensors (six in InceptionV3); the trunk returns them all.
    """
    if not last:
        return backbone, None
    in_tail = {id(layer) for layer in last}
    crossing: dict[int, Any] = {}
    for operation in backbone.operations:  # in topological order
        tensors = [tensor for node in operation._inbound_nodes for tensor in node.input_tensors]
        sources = {id(tensor._keras_history.operation) for tensor in tensors}
        if id(operation) in in_tail or sources & in_tail:
            in_tail.add(id(operation))
            for tensor in tensors:
                if id(tensor._keras_history.operation) not in in_tail:
                    crossing[id(tensor)] = tensor
    features = list(crossing.values())
    trunk = keras.Model(backbone.inputs, features, name="trunk")
    tail = keras.Model(features, backbone.outputs, name="tail")
    return trunk, tail


def _load_backbone(config: TrainingConfig) -> keras.Model:
    architecture = config.architecture
    if config.weights != "imagenet":
        backbone = _build(architecture, None)
        if config.weights != "none":
            _load_weights(backbone, Path(config.weights), config.backbone)
        return backbone
    try:
        return _build(architecture, "imagenet")
    except Exception as error:  # Keras raises a bare Exception for a failed download
        if not re.search(r"URL fetch failure|hash|urlopen", str(error)):
            raise
        reason = str(error).splitlines()[0].rpartition(" -- ")[2]
        raise TrainingError(
            f"The ImageNet weights of {config.backbone} could not be downloaded ({reason}). Give a "
            "weights file that you have with `--weights PATH`, or start from random weights with "
            "`--weights none --unfreeze all`."
        ) from error


def _build(architecture: Backbone, weights: str | None) -> keras.Model:
    shape = (architecture.size, architecture.size, 3)
    if architecture.builder == "tiny":
        return _tiny(shape)
    builder = getattr(keras.applications, architecture.builder)
    return builder(include_top=False, weights=weights, input_shape=shape, **architecture.options)


def _load_weights(backbone: keras.Model, path: Path, name: str) -> None:
    try:
        backbone.load_weights(path)
    except Exception as error:  # h5py and Keras each raise their own for a file that does not fit
        raise TrainingError(
            f"{path} does not hold weights of {name} without its top: "
            f"{str(error).strip().splitlines()[0]}"
        ) from error


def _tiny(shape: tuple[int, int, int]) -> keras.Model:
    """Build a small convolutional network that a laptop trains from nothing in a minute."""
    values = inputs = keras.Input(shape)
    for number, filters in enumerate((24, 48, 96, 128)):
        stride = 2 if number == 0 else 1
        values = layers.Conv2D(filters, 3, stride, padding="same", use_bias=False)(values)
        values = layers.BatchNormalization(momentum=0.9)(values)
        values = layers.Activation("relu")(values)
        values = layers.MaxPooling2D()(values) if number < 3 else values
    return keras.Model(inputs, values, name="tiny")


def as_list(values: Any) -> list[Any]:
    """Undo that Keras unpacks a list of one tensor."""
    return list(values) if isinstance(values, (list, tuple)) else [values]


def _single(values: Any) -> Any:
    """Unpack a list of one: Keras wants a single tensor by itself."""
    return values[0] if isinstance(values, (list, tuple)) and len(values) == 1 else values
