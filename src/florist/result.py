"""What comes out for one picture: typed, and as JSON tells it."""

from dataclasses import asdict, dataclass, field
from typing import Any, Self

from florist.confidence.verdict import Verdict
from florist.engine import Probabilities
from florist.errors import ImageError


@dataclass(frozen=True)
class Prediction:
    """A class and its probability, 0 to 1."""

    label: str
    score: float


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a picture has no predictions.

    `code` is stable: programs may compare it. `title` goes with the code, `detail` says what was
    found.
    """

    code: str
    title: str
    detail: str

    @classmethod
    def of(cls, error: ImageError | OSError) -> Self:
        """Return what an error says."""
        if isinstance(error, ImageError):
            return cls(code=error.code, title=error.title, detail=str(error))
        return cls(
            code="unreadable-file",
            title="The file cannot be read",
            detail=f"cannot be read: {error.strerror or error}",
        )


@dataclass(frozen=True, kw_only=True)
class Result:
    """What came out for one picture: predictions, best first, or an error.

    `probabilities` has one for each class of the model, `width` × `height` is the picture's size
    in pixels. Where the `verdict` is "none", it probably shows none of the classes, and the
    predictions say what it looks most like; "unsure" is a best class that is less probable than all
    others together, or than it takes to be wrong as seldom as was asked for. `familiarity` is the
    share of pictures like those trained on that look at least as strange, None where the model does
    not know.
    """

    predictions: tuple[Prediction, ...] = ()
    verdict: Verdict = "answer"
    familiarity: float | None = None
    probabilities: Probabilities | None = field(default=None, repr=False, compare=False)
    width: int = 0
    height: int = 0
    decode_ms: float = 0.0
    inference_ms: float = 0.0
    error: Failure | None = None

    @property
    def ms(self) -> float:
        """How long decoding and inference took together."""
        return self.decode_ms + self.inference_ms

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON tells it, on the command line and over HTTP."""
        if self.error is not None:
            return {"error": asdict(self.error)}
        return {
            "predictions": [
                {"label": each.label, "score": each.score} for each in self.predictions
            ],
            "verdict": self.verdict,
            "familiarity": self.familiarity,
            "width": self.width,
            "height": self.height,
            "ms": round(self.ms, 2),
        }
