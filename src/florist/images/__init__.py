"""A picture in, an upright RGB array out: the only decoder and the only resize.

Training and serving both come through here, so a served model sees the pixels it was trained on.
Pictures are hostile until decoded: the format is taken from the content and must be on the
allow-list, the size is taken from the header before anything is decoded, and a truncated file is
an error, not a grey bar.
"""

from florist.images.costs import ANY, CHEAP, CostlyError, Price
from florist.images.isolation import SANDBOXES, Bounds
from florist.images.overlay import centre, laid_over, overlay
from florist.images.picture import (
    FITS,
    Fit,
    ImageSpec,
    Picture,
    copy_without_metadata,
    load_isolated,
    load_picture,
    load_rgb,
    load_within,
    thumbnail,
    thumbnails,
)
from florist.images.sources import (
    DEFAULT_LIMITS,
    RGB,
    ImageSource,
    Limits,
    read_bytes,
    read_stream,
)

__all__ = [
    "ANY",
    "CHEAP",
    "DEFAULT_LIMITS",
    "FITS",
    "RGB",
    "SANDBOXES",
    "Bounds",
    "CostlyError",
    "Fit",
    "ImageSource",
    "ImageSpec",
    "Limits",
    "Picture",
    "Price",
    "centre",
    "copy_without_metadata",
    "laid_over",
    "load_isolated",
    "load_picture",
    "load_rgb",
    "load_within",
    "overlay",
    "read_bytes",
    "read_stream",
    "thumbnail",
    "thumbnails",
]
