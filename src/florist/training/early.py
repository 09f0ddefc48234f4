"""Where a backbone is tapped a second time: before it makes its feature maps smaller once more.

What it finds there tells text, screens and drawings from photographs, better than what the head
sees, which is about the classes.
"""

from typing import Any

import keras
from keras import layers


def early_embedding(maps: list[Any]) -> Any:
    """Return the means over all places of feature maps, one after the other: (N, channels)."""
    means = [layers.GlobalAveragePooling2D()(each) for each in maps]
    return means[0] if len(means) == 1 else layers.Concatenate()(means)


def early_maps(backbone: keras.Model) -> list[Any]:
    """Return what the layers read that make maps of the last size out of larger ones.

    Branches make it several tensors (three in InceptionV3).
    """
    last = backbone.output_shape[1:3]
    found: dict[int, Any] = {}
    for operation in backbone.operations:  # in topological order
        for node in operation._inbound_nodes:
            if any(_size(tensor) != last for tensor in node.output_tensors):
                continue
            read = [_before_padding(tensor) for tensor in node.input_tensors]
            found |= {id(tensor): tensor for tensor in read if _size(tensor) > last}
    return list(found.values())


def _size(tensor: Any) -> tuple[int, int]:
    """Return height and width; (0, 0) of what has none."""
    return tuple(tensor.shape[1:3]) if len(tensor.shape) == 4 else (0, 0)


def _before_padding(tensor: Any) -> Any:
    """Look behind a border of zeros: it tells nothing, and a convolution may take it in."""
    operation = tensor._keras_history.operation
    return operation.input if isinstance(operation, layers.ZeroPadding2D) else tensor
