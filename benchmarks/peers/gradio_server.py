"""An ONNX file behind Gradio: https://www.gradio.app/docs."""

import os
from pathlib import Path

import gradio
import network

classifier = network.Classifier()


def predict(path: str) -> dict[str, float]:
    return {classifier.infer(classifier.decode(Path(path).read_bytes())): 1.0}


if __name__ == "__main__":
    app = gradio.Interface(
        predict, gradio.Image(type="filepath"), gradio.Label(), api_name="predict"
    )
    app.launch(server_name="127.0.0.1", server_port=int(os.environ["PORT"]), quiet=True)
