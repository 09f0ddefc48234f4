"""What the backends of Keras, TensorFlow and JAX, call by different names."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras


def has_gpu() -> bool:
    """Return whether Keras computes on a GPU."""
    try:
        return bool(keras.distribution.list_devices("gpu"))
    except RuntimeError:  # what JAX says where there is none
        return False


@contextmanager
def all_of_32_bits() -> Iterator[None]:
    """Let no GPU round the factors of a product to 10 bits (TF32), which no CPU does.

    That alone makes a probability differ by up to a hundredth.
    """
    if keras.backend.backend() == "jax":
        import jax

        with jax.default_matmul_precision("float32"):
            yield
        return
    import tensorflow as tf

    before = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    try:
        yield
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(before)
