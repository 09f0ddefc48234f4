"""The backbones, as a table. Importing it imports no Keras."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final


@dataclass(frozen=True, kw_only=True)
class Backbone:
    """A network without its top.

    `builder` is a function of `keras.applications` (or "tiny", our own), `size` the side of the
    square it sees, `rescale` whether it wants -1 to 1 rather than doing its own normalisation,
    `pretrained` whether Keras has ImageNet weights of it, `views` how many augmented views of a
    picture are computed where the recipe does not say: fewer where each one costs more.
    """

    builder: str
    size: int
    rescale: bool = True
    pretrained: bool = True
    views: int = 8
    options: Mapping[str, Any] = field(default_factory=dict)


# https://keras.io/api/applications: sizes are those of the published weights. Those of the last
# three kinds carry their normalisation as layers and take 0 to 255.
BACKBONES: Final[dict[str, Backbone]] = {
    "inceptionv3": Backbone(builder="InceptionV3", size=299, views=4),
    "mobilenetv2": Backbone(builder="MobileNetV2", size=224),
    "mobilenetv2-0.35": Backbone(builder="MobileNetV2", size=224, options={"alpha": 0.35}),
    "resnet50v2": Backbone(builder="ResNet50V2", size=224, views=4),
    "mobilenetv3small": Backbone(builder="MobileNetV3Small", size=224, rescale=False),
    "efficientnetv2b0": Backbone(builder="EfficientNetV2B0", size=224, rescale=False, views=4),
    "convnexttiny": Backbone(builder="ConvNeXtTiny", size=224, rescale=False, views=4),
    "tiny": Backbone(builder="tiny", size=96, pretrained=False),
}
