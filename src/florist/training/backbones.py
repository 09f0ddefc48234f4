"""The backbones, as a table. Importing it imports no Keras."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal


@dataclass(frozen=True, kw_only=True)
class Backbone:
    """A network without its top.

    `builder` is a function of `keras.applications` (or "tiny", our own), `size` the side of the
    square it sees, `rescale` whether it wants -1 to 1 rather than doing its own normalisation,
    `pretrained` whether Keras has ImageNet weights of it, `unfreeze` how many of its last layers
    are trained where nobody says.
    """

    builder: str
    size: int
    rescale: bool = True
    pretrained: bool = True
    unfreeze: int | Literal["all"] = 15
    options: Mapping[str, Any] = field(default_factory=dict)


# https://keras.io/api/applications: sizes are those of the published weights. Those of the last
# three kinds carry their normalisation as layers and take 0 to 255. MobileNetV2 is cut where a
# block ends, at the narrowest tensor: on photographs of flowers that is 0.6 points better than in
# the midst of one, and a third of the features.
BACKBONES: Final[dict[str, Backbone]] = {
    "inceptionv3": Backbone(builder="InceptionV3", size=299),
    "mobilenetv2": Backbone(builder="MobileNetV2", size=224, unfreeze=38),
    "mobilenetv2-0.35": Backbone(
        builder="MobileNetV2", size=224, unfreeze=38, options={"alpha": 0.35}
    ),
    "resnet50v2": Backbone(builder="ResNet50V2", size=224),
    "mobilenetv3small": Backbone(builder="MobileNetV3Small", size=224, rescale=False),
    "efficientnetv2b0": Backbone(builder="EfficientNetV2B0", size=224, rescale=False),
    "convnexttiny": Backbone(builder="ConvNeXtTiny", size=224, rescale=False),
    "tiny": Backbone(builder="tiny", size=96, pretrained=False, unfreeze="all"),
}
