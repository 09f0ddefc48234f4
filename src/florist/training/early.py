"""Where a backbone is tapped a second time: before it makes its feature maps smaller once more.

What it finds there tells text, screens and drawings from photographs, better than what the head
sees, which is about the classes. That is so of the last time in a pretrained network. One that
starts from nothing knows only its classes there, so it is tapped at its first maps; of these not
the means tell most, but how much they differ from place to place.
"""

from typing import Any

import keras
from keras import layers


def early_embedding(maps: list[Any], *, from_scratch: bool) -> Any:
    """Return the means over all places of feature maps, one after the other: (N, channels).

    Of a network that starts from nothing they are the mean deviations.
    """
    pool = _deviations if from_scratch else layers.GlobalAveragePooling2D()
    pooled = [pool(each) for each in maps]
    return pooled[0] if len(pooled) == 1 else layers.Concatenate()(pooled)


def early_maps(backbone: keras.Model, *, from_scratch: bool) -> list[Any]:
    """Return what the layers read that make maps of the last size out of larger ones.

    Of a network that starts from nothing it is the first size of a quarter of the picture or less.
    Branches make it several tensors (three in InceptionV3).
    """
    nodes = [node for each in backbone.operations for node in each._inbound_nodes]  # in order
    most = backbone.input_shape[1] // 4 if from_scratch else backbone.output_shape[1]
    sizes = {_size(tensor) for node in nodes for tensor in node.output_tensors}
    size = max(each for each in sizes if each[0] <= most)
    found: dict[int, Any] = {}
    for node in nodes:
        if any(_size(tensor) != size for tensor in node.output_tensors):
            continue
        read = [_before_padding(tensor) for tensor in node.input_tensors]
        found |= {id(tensor): tensor for tensor in read if _size(tensor) > size}
    return list(found.values())


def _deviations(maps: Any) -> Any:
    """Return the mean absolute deviation of each channel, which has no square to be rounded."""
    means = keras.ops.mean(maps, axis=(1, 2), keepdims=True)
    return keras.ops.mean(keras.ops.abs(maps - means), axis=(1, 2))


def _size(tensor: Any) -> tuple[int, int]:
    """Return height and width; (0, 0) of what has none."""
    return tuple(tensor.shape[1:3]) if len(tensor.shape) == 4 else (0, 0)


def _before_padding(tensor: Any) -> Any:
    """Look behind a border of zeros: it tells nothing, and a convolution may take it in."""
    operation = tensor._keras_history.operation
    return operation.input if isinstance(operation, layers.ZeroPadding2D) else tensor
