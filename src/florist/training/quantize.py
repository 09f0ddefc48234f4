"""The exported network in 8 bits, and the gate that decides whether it is the one that answers.

Weights and what flows between layers become 8-bit integers with a scale (Jacob et al.,
"Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference",
2018): a quarter of the size, and two to four times as fast on a CPU. The scales come from pictures
that the network was trained on.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quant_pre_process,
    quantize_static,
)

from florist.bundle import Precision
from florist.dataset import Sample
from florist.engine import FEATURE_MAP, Probabilities, with_output
from florist.errors import printable
from florist.evaluation import wilson_interval
from florist.images import RGB
from florist.training.canonical import make_canonical
from florist.training.correction import correct_biases

LEAST_AGREEMENT: Final = 0.98
"""The share of all pictures that must get the same best class in 8 bits.

It is compared with the lower bound of Wilson's 95 % interval, for what a few pictures show may be
luck. Two in a hundred are less than the half width of the interval that the accuracy itself has on
a thousand pictures. Of 484 pictures 481 pass, of 1,000 989; of fewer than 189 not even all.
"""
ENOUGH: Final = next(n for n in count(1) if wilson_interval(n, n)[0] >= LEAST_AGREEMENT)
"""How many pictures it takes to tell."""
MOST_ACCURACY_LOST: Final = 0.005
"""What agreement does not see: a network that only loses where the two differ."""

SPARED: Final = (1, 4)
"""How many of the first convolutions stay in 32 bits, tried in turn until the gate is passed.

The first layers are the most sensitive: on photographs of flowers, those between add as much noise
to the logits of MobileNetV2 0.35 as all 48 convolutions after them.
"""

_CALIBRATION_PICTURES: Final = 64
# What has weights, and what lies between: where a layer in between stayed in 32 bits, its inputs
# and outputs would be converted back and forth. The head stays as it is: it costs nothing.
_OPERATIONS: Final = (
    "Conv", "Add", "Mul", "Concat", "MaxPool", "AveragePool", "Clip", "Relu", "Pad",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class PrecisionChoice:
    """Which network answers, and why as a sentence.

    `agreement` is the share of the `pictures` validation pictures that get the same best class from
    both; `accuracy` maps each precision to its own on them. Where there is no network in 8 bits,
    both say nothing of it.
    """

    precision: Precision
    reason: str
    pictures: int
    agreement: float | None
    accuracy: dict[Precision, float]


def choose_precision(
    float32: Probabilities, int8: Probabilities, labels: Sequence[int]
) -> PrecisionChoice:
    """Compare what both networks say, shape (pictures, classes), of the same pictures."""
    before, after, truth = float32.argmax(axis=1), int8.argmax(axis=1), np.asarray(labels)
    pictures, same = len(labels), int((before == after).sum())
    bound = wilson_interval(same, pictures)[0]
    right = {"float32": int((before == truth).sum()), "int8": int((after == truth).sum())}
    accuracy: dict[Precision, float] = {
        "float32": right["float32"] / pictures,
        "int8": right["int8"] / pictures,
    }
    lost = right["float32"] - right["int8"]
    precision: Precision = "float32"
    if bound >= LEAST_AGREEMENT and lost <= MOST_ACCURACY_LOST * pictures:
        precision = "int8"
    why = (
        f"In 8 bits it names the same class on {same} of {pictures} validation pictures (so on "
        f"{bound:.1%} or more of all), and is right on {accuracy['int8']:.1%} of them, in 32 bits "
        f"on {accuracy['float32']:.1%}"
    )
    if pictures < ENOUGH:
        why = f"{pictures} validation pictures cannot show what 8 bits cost; it takes {ENOUGH}"
    return PrecisionChoice(
        precision=precision,
        reason=f"{why}; so it answers in {'8' if precision == 'int8' else '32'} bits.",
        pictures=pictures,
        agreement=same / pictures,
        accuracy=accuracy,
    )


def without_int8(
    float32: Probabilities, labels: Sequence[int], error: Exception
) -> PrecisionChoice:
    """Choose 32 bits, as an error left nothing else."""
    first_line = (str(error).strip().splitlines() or [""])[0]
    return PrecisionChoice(
        precision="float32",
        reason=f"It could not be written in 8 bits ({type(error).__name__}: "
        f"{printable(first_line)}); so it answers in 32 bits.",
        pictures=len(labels),
        agreement=None,
        accuracy={"float32": float((float32.argmax(axis=1) == np.asarray(labels)).mean())},
    )


def calibration_samples(samples: Sequence[Sample]) -> Sequence[Sample]:
    """Return samples of all classes alike: every so many-th of a list that is sorted by class."""
    return samples[:: max(1, len(samples) // _CALIBRATION_PICTURES)]


def quantize(network: Path, target: Path, pictures: Sequence[RGB], spared: int) -> None:
    """Write an exported network in 8 bits, calibrated on pictures of shape (size, size, 3).

    What comes before the convolution after the first `spared` ones stays in 32 bits. The biases of
    the others are corrected.
    """
    with TemporaryDirectory(dir=target.parent) as folder, _quiet():
        complete, prepared = Path(folder) / "complete.onnx", Path(folder) / "prepared.onnx"
        # As an output already, the feature map is not fused with what comes before or after it.
        complete.write_bytes(with_output(network.read_bytes(), FEATURE_MAP))
        # Folds BatchNorm into convolutions: they then share one scale.
        quant_pre_process(complete, prepared, skip_symbolic_shape=True)
        original = onnx.load(prepared)
        nodes = original.graph.node
        convolutions = [place for place, node in enumerate(nodes) if node.op_type == "Conv"]
        first = nodes[: convolutions[min(spared, len(convolutions) - 1)]]
        quantize_static(
            prepared,
            target,
            _Reader(iter(pictures), prepared),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(_OPERATIONS),
            nodes_to_exclude=[node.name for node in first],
            per_channel=True,
            # 7 bits of weight: with 8, CPUs without VNNI would overflow and answer differently.
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
    quantized = onnx.load(target)
    correct_biases(quantized, original, np.stack(pictures))
    onnx.save(quantized, target)
    make_canonical(target, inner=[FEATURE_MAP])


class _Reader(CalibrationDataReader):  # type: ignore[misc]
    """Gives the calibration one picture after the other."""

    def __init__(self, pictures: Iterator[RGB], network: Path) -> None:
        self._pictures = pictures
        self._input = onnx.load(network).graph.input[0].name

    def get_next(self) -> dict[str, Any] | None:
        """Return the next picture, None after the last one."""
        picture = next(self._pictures, None)
        return None if picture is None else {self._input: picture[np.newaxis]}


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep advice on how to quantize, which is logged at each call, from the terminal."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
