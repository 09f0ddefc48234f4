"""An ONNX file behind BentoML: https://docs.bentoml.com."""

import os
import sys
from pathlib import Path
from typing import Annotated

import bentoml
from bentoml.validators import ContentType

sys.path.insert(0, str(Path(__file__).parent))
import network


@bentoml.service
class Classifier:
    """One endpoint; BentoML makes a thread for each request."""

    def __init__(self) -> None:
        self.classifier = network.Classifier()

    @bentoml.api
    def predict(self, image: Annotated[Path, ContentType("image/jpeg")]) -> dict[str, str]:
        pixels = self.classifier.decode(image.read_bytes())
        return {"label": self.classifier.infer(pixels)}


if __name__ == "__main__":
    # `bentoml serve` in the place of this process.
    command = Path(sys.executable).with_name("bentoml")
    where = ["--host", "127.0.0.1", "--port", os.environ["PORT"]]
    folder = str(Path(__file__).parent)
    os.execv(
        command, ["bentoml", "serve", "bentoml_server:Classifier", *where, "--working-dir", folder]
    )
