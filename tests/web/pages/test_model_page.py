"""The model page, as it comes from the server."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from florist.bundle import MODEL, REPORT, REPORT_PAGE, Bundle, write_bundle
from florist.prediction import Predictor
from florist.web import create_app
from florist.web.settings import Settings


def reported(right: dict[str, int], pictures: int = 10) -> dict[str, Any]:
    """Return the report of a model that was right on so many pictures of each class, of ten."""
    first, second, *_ = right
    hits, total = sum(right.values()), pictures * len(right)
    wrong = {name: pictures - count for name, count in right.items()}
    return {
        "pictures": total,
        "accuracy": hits / total,
        "interval": [max(0, hits / total - 0.05), min(1, hits / total + 0.05)],
        "top3": 0.95,
        "macro_f1": hits / total,
        "calibration_error": 0.05,
        "classes": [
            {"label": name, "precision": n / 10, "recall": n / 10, "f1": n / 10, "support": 10}
            for name, n in right.items()
        ],
        "confusions": [
            {"label": name, "predicted": first if name != first else second, "count": count}
            for name, count in wrong.items()
            if count
        ],
        "mistakes": [],
    }


def with_report(predictor: Predictor, folder: Path, report: dict[str, Any]) -> Predictor:
    """Return a predictor whose folder tells of other classes, for pages that predict nothing."""
    bundle: Bundle = predictor.bundle

    def write_files(path: Path) -> None:
        (path / MODEL).write_bytes(bundle.read(MODEL))
        (path / REPORT).write_text(json.dumps(report), encoding="utf-8")

    classes = tuple(each["label"] for each in report["classes"])
    manifest = replace(bundle.manifest, files={}, classes=classes)
    written = write_bundle(folder / "reported", manifest, write_files)
    return Predictor(written, predictor.engine)


def page_of(predictor: Predictor, folder: Path, report: dict[str, Any]) -> str:
    app = create_app(with_report(predictor, folder, report), Settings(keep_uploads=False))
    return app.test_client().get("/model").text


def test_a_hundred_and_nineteen_classes_stand_weakest_first(
    predictor: Predictor, tmp_path: Path
) -> None:
    right = {f"kind {n:03}": (n * 7) % 11 for n in range(119)}
    page = page_of(predictor, tmp_path, reported(right))
    names = re.findall(r'<th scope="row">(.*?)</th>', page)
    assert sorted(names) == sorted(right)
    assert [right[name] for name in names] == sorted(right.values())
    assert 'aria-sort="ascending">F1' in page
    assert "kind 000 taken for kind 001: 10" in page
    assert "heat-" not in page
    assert "What is taken for what" in page
    assert "Confusion matrix" not in page


def test_a_class_without_pictures_is_no_zero(predictor: Predictor, tmp_path: Path) -> None:
    report = reported({"blue": 9, "green": 8, "red": 7})
    absent = {"label": "violet", "precision": None, "recall": None, "f1": None, "support": 0}
    report["classes"].append(absent)
    page = page_of(predictor, tmp_path, report)
    row = page.split('<th scope="row">violet</th>')[1].split("</tr>")[0]
    assert re.findall(r"<td.*?>(.*?)</td>", row) == ["–", "–", "–", "0"]
    assert re.findall(r'<th scope="row">(.*?)</th>', page)[3] == "violet"  # last of the classes


def test_the_accuracy_stands_beside_guessing(predictor: Predictor, tmp_path: Path) -> None:
    good = page_of(predictor, tmp_path / "good", reported({"blue": 9, "green": 8, "red": 7}))
    assert "33.3\u00a0% by always answering blue" in good
    assert "notice" not in good
    assert "Top-3" not in good  # among three classes
    poor = page_of(predictor, tmp_path / "poor", reported({"blue": 3, "green": 4, "red": 4}))
    assert "no better than guessing" in poor


def test_the_page_that_training_wrote_is_served_and_runs_nothing(
    predictor: Predictor, tmp_path: Path
) -> None:
    plain = predictor.bundle

    def write_files(folder: Path) -> None:
        for name in plain.manifest.files:
            (folder / name).write_bytes(plain.read(name))
        (folder / REPORT_PAGE).write_text("<h1>Told</h1><script>alert(1)</script>")

    written = write_bundle(tmp_path / "model", plain.manifest, write_files)
    made = Predictor(written, predictor.engine, predictor.limits)
    client = create_app(made, Settings(keep_uploads=False)).test_client()
    assert 'href="/model/report"' in client.get("/model").text
    page = client.get("/model/report")
    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert page.text.startswith("<h1>Told</h1>")
    policy = page.headers.getlist("Content-Security-Policy")
    assert len(policy) == 1
    assert {"default-src 'none'", "sandbox"} <= {part.strip() for part in policy[0].split(";")}
    assert "script-src" not in policy[0]


def test_a_folder_without_such_a_page_has_no_link(predictor: Predictor) -> None:
    client = create_app(predictor, Settings(keep_uploads=False)).test_client()
    assert "/model/report" not in client.get("/model").text
    assert client.get("/model/report").status_code == 404
