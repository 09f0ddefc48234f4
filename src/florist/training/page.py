"""`report.html`: all that was measured as one page that needs nothing else, not even a script."""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import jinja2

from florist.bundle import Manifest
from florist.confidence.foreign import Foreign
from florist.dataset import Sample
from florist.doubts import SHOWN, Doubts
from florist.pictures import TYPE
from florist.report import LARGEST_MATRIX, Report, figure
from florist.training.export import Networks
from florist.training.pictures import small_copies

_MOST_CLASSES: Final = 1000


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What the page tells. `calibration` is a sentence, `pictures` are WebP files by name."""

    manifest: Manifest
    report: Report
    networks: Networks
    calibration: str
    doubts: Doubts
    foreign: Foreign | None
    pictures: Mapping[str, bytes]


def small_pictures(report: Report, doubts: Doubts, samples: Iterable[Sample]) -> dict[str, bytes]:
    """Return small copies of the pictures that the page names."""
    named = {each.name for each in report.mistakes} | {each.name for each in doubts.found[:SHOWN]}
    return small_copies([sample for sample in samples if sample.name in named])


def write_page(measured: Measured) -> str:
    """Return the page as HTML."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("florist.training"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": _percent, "figure": figure}
    return environment.get_template("report.html").render(
        m=measured,
        report=measured.report,
        matrix=len(measured.report.classes) <= LARGEST_MATRIX,
        weakest=measured.report.weakest_first()[:_MOST_CLASSES],
        shown=measured.doubts.found[:SHOWN],
        pictures={name: _data_url(content) for name, content in measured.pictures.items()},
    )


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def _data_url(content: bytes) -> str:
    return f"data:{TYPE};base64,{base64.b64encode(content).decode()}"
