"""What TensorFlow and tf2onnx make of a Keras model.

As a program, `python -m florist.training.conversion MODEL.keras TARGET.onnx INNER...`, it does so
for another backend of Keras.
"""

import gc
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf
import tf2onnx
from keras import layers
from tf2onnx.handler import tf_op

from florist.training.canonical import make_canonical

OPSET: Final = 18


def convert(model: keras.Model, path: Path, inner: Sequence[str]) -> None:
    """Write a model as ONNX; see `florist.training.onnx_export`."""
    for layer in model._flatten_layers():
        if isinstance(layer, layers.Normalization):
            # As tensors made outside of the graph, these would be exported as further inputs.
            layer.mean, layer.variance = np.asarray(layer.mean), np.asarray(layer.variance)
    signature = [
        keras.InputSpec(shape=(None, *model.input_shape[1:]), dtype="uint8", name="pictures")
    ]
    with warnings.catch_warnings(), _frequent_collection(), _inlined_functions():
        # Keras mends tf2onnx for NumPy 2, and trips over a warning of NumPy's while at it.
        warnings.filterwarnings("ignore", category=FutureWarning)
        model.export(
            path, format="onnx", verbose=False, input_signature=signature, opset_version=OPSET
        )
    make_canonical(path, inner)


@tf_op("Erfc")
class Erfc:
    """What TensorFlow makes GELU of (ConvNeXt), and tf2onnx does not know: 1 - Erf."""

    @classmethod
    def version_9(cls, ctx: tf2onnx.graph.Graph, node: tf2onnx.graph.Node, **_: Any) -> None:
        """Replace the node, for opset 9 and later."""
        (name,), (shape,), (dtype,) = node.output, node.output_shapes, node.output_dtypes
        ctx.remove_node(node.name)
        erf = ctx.make_node("Erf", node.input, shapes=[shape], dtypes=[dtype])
        one = ctx.make_const(f"{node.name}_one", np.array(1, np.float32))
        inputs = [one.output[0], erf.output[0]]
        ctx.make_node("Sub", inputs, outputs=[name], shapes=[shape], dtypes=[dtype])


@contextmanager
def _inlined_functions() -> Iterator[None]:
    """Trace through functions that are compiled by themselves, which tf2onnx cannot look into.

    Keras makes one of each convolution in groups (ConvNeXt), as TensorFlow computes none on a CPU.
    """
    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)


@contextmanager
def _frequent_collection() -> Iterator[None]:
    """Collect garbage often, of what is made in here.

    Each pass of tf2onnx copies the graph with its weights, and leaves the copies to the collector.
    Those are few objects, so it would come late: after 6 GB for the 88 MB of InceptionV3.
    """
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()  # what is there already stays, and need not be looked at each time
    gc.set_threshold(500, 1, 1)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
        gc.collect()


if __name__ == "__main__":
    source, target, *names = sys.argv[1:]
    convert(keras.models.load_model(source, compile=False), Path(target), names)
