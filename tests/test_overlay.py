"""The veil that shows where a model looked lies where the picture is."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from florist.images import Fit, laid_over, overlay

HEAT = np.zeros((4, 4), np.float32)
HEAT[0, 0] = 3.0  # the upper left corner of what the model saw


def veil(fit: Fit, size: tuple[int, int]) -> Image.Image:
    with Image.open(BytesIO(overlay(HEAT, fit, size))) as image:
        return image.convert("LA").getchannel("A")


@pytest.mark.parametrize(
    ("fit", "size", "shape", "thinnest"),
    [
        ("stretch", (400, 400), (64, 64), (8, 8)),
        ("stretch", (800, 400), (64, 32), (8, 4)),
        ("crop", (800, 400), (64, 32), (20, 4)),
        ("crop", (400, 800), (32, 64), (4, 20)),
        ("pad", (800, 400), (64, 32), (8, 0)),  # half of the corner is padding
        ("pad", (400, 800), (32, 64), (0, 8)),
        ("stretch", (9000, 1), (64, 1), (8, 0)),
    ],
)
def test_it_has_the_shape_of_the_picture_and_is_thin_where_the_heat_is(
    fit: Fit, size: tuple[int, int], shape: tuple[int, int], thinnest: tuple[int, int]
) -> None:
    found = veil(fit, size)
    assert found.size == shape
    alpha = np.asarray(found)
    x, y = thinnest
    assert alpha[y, x] <= alpha.min() + 40
    assert alpha[-1, -1] == alpha.max() == 216


def test_what_was_cut_off_is_under_the_thickest_veil() -> None:
    alpha = np.asarray(veil("crop", (800, 400)))
    assert (alpha[:, :16] == 216).all()
    assert (alpha[:, -16:] == 216).all()


def test_without_any_heat_nothing_is_shown() -> None:
    content = overlay(np.zeros((7, 7), np.float32), "stretch", (50, 50))
    with Image.open(BytesIO(content)) as image:
        assert set(np.asarray(image.convert("LA").getchannel("A")).ravel()) == {216}
    assert len(content) < 1000


def test_a_picture_under_it_keeps_its_size() -> None:
    buffer = BytesIO()
    Image.new("RGB", (640, 320), (255, 0, 0)).save(buffer, "JPEG")
    with Image.open(
        BytesIO(laid_over(buffer.getvalue(), overlay(HEAT, "stretch", (640, 320))))
    ) as image:
        assert image.size == (640, 320)
        red, *_ = np.asarray(image)[20, 40]
        grey = np.asarray(image)[-1, -1]
    assert red > 200
    assert np.ptp(grey.astype(int)) < 60
