"""The list of software that an image holds, made here of this environment."""

import json
import os
from importlib.metadata import version
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from florist.container.sbom import sbom


def test_it_is_valid_and_names_what_is_inside_of_wheels() -> None:
    document = sbom()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(document)) is None
    found = {each["name"]: each for each in document["components"]}
    pillow = found["pillow"]
    assert pillow["purl"] == f"pkg:pypi/pillow@{version('pillow')}"
    assert pillow["licenses"] == [{"expression": "MIT-CMU"}]
    assert len(pillow["components"]) > 3
    assert not any("bom-ref" in each for each in pillow["components"])  # of another document
    references = [each["bom-ref"] for each in document["components"]]
    assert len({*references}) == len(references)


def test_packages_of_debian_are_named_with_their_architecture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "dpkg-query"
    tool.write_text("#!/bin/sh\nprintf 'libc6\\t2.36-9+deb12u10\\tamd64\\n'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    (debian,) = (each for each in sbom()["components"] if "pkg:deb/" in each["purl"])
    assert debian["purl"] == "pkg:deb/debian/libc6@2.36-9%2Bdeb12u10?arch=amd64"
    monkeypatch.setenv("PATH", "")
    assert not any("pkg:deb/" in each["purl"] for each in sbom()["components"])
