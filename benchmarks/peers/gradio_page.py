"""An ONNX file behind Gradio's own page, for one picture or for many: https://www.gradio.app/docs."""

import os
from pathlib import Path

import gradio
import network

classifier = network.Classifier()


def scores(path: str) -> dict[str, float]:
    return classifier.scores(classifier.decode(Path(path).read_bytes()))


def table(paths: list[str]) -> tuple[list[list[str | float]], str]:
    rows = []
    for path in paths:
        label, score = max(scores(path).items(), key=lambda each: each[1])
        rows.append([Path(path).name, label, score])
    return rows, f"{len(rows)} answered"


ONE = gradio.Interface(scores, gradio.Image(type="filepath"), gradio.Label(num_top_classes=3))
MANY = gradio.Interface(
    table,
    gradio.File(file_count="multiple"),
    [gradio.Dataframe(headers=["file", "class", "score"]), gradio.Markdown()],
)

if __name__ == "__main__":
    app = MANY if os.environ.get("MANY") else ONE
    app.launch(server_name="127.0.0.1", server_port=int(os.environ["PORT"]), quiet=True)
