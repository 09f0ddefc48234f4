"""The model folder is replaced while it is served: no process tells of another model."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

from florist.bundle import MODEL, read_bundle, write_bundle
from tests.web.conftest import red
from tests.web.server.processes import Served, serving

DOC_STRING = b"\x32\x01x"
"""A field of an ONNX file that changes nothing but its digest."""


def told(server: Served) -> set[tuple[str, str]]:
    """Return the names and digests of a model that the processes answer with."""
    answers = [json.loads(server.ask("/api/v1/model")[1]) for _ in range(40)]
    return {(answer["name"], answer["digest"]) for answer in answers}


def test_a_folder_that_is_replaced_changes_no_answer(model: Path, tmp_path: Path) -> None:
    old = read_bundle(model)
    network = old.read(MODEL)
    other = replace(old.manifest, name="another", files={})

    def write_files(folder: Path) -> None:
        (folder / MODEL).write_bytes(network + DOC_STRING)

    with serving(model, tmp_path / "uploads", "--workers", "2", "--threads", "1") as running:
        for _ in range(2):
            running.wait_for("^Ready: ")
        new = write_bundle(model, other, write_files, replace=True)
        assert new.digest != old.digest
        subprocess.run(["kill", "-9", str(running.workers()[0])], check=True)
        running.wait_for("^Ready: ")  # the one that took its place
        assert told(running) == {("colours", old.digest)}
        assert running.predict(red()) == 200
    with serving(model, tmp_path / "uploads") as running:
        running.wait_for("^Ready: ")
        assert told(running) == {("another", new.digest)}
