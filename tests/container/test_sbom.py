"""The image holds a list of its software that scanners can read."""

import json
import re

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from florist import __version__
from tests.container.conftest import ROOT
from tests.container.engine import Docker
from tests.container.test_docs import commands


def test_the_image_lists_what_is_in_it(docker: Docker, image: str) -> None:
    command = commands("What is in it: the SBOM").split(" > ")[0].split()
    text = docker.run(*(image if each == "flower_api" else each for each in command[1:])).stdout
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    document = json.loads(text)
    assert document["metadata"]["component"]["version"] == __version__
    found = {each["purl"].split("?")[0] for each in document["components"]}
    lock = (ROOT / "requirements" / "serve.txt").read_text("utf-8")
    locked = {
        f"pkg:pypi/{name}@{version}"
        for name, version, marker in re.findall(r"^([\w.-]+)==([^\s;]+)( ;[^\\\n]*)?", lock, re.M)
        if not marker and name != "openvino-telemetry"  # which is removed
    }
    assert len(locked) > 20
    assert locked <= found
    for start in ("pkg:generic/python@3.11.", "pkg:deb/debian/libc6@", "pkg:deb/debian/libssl3@"):
        assert any(each.startswith(start) for each in found), start
    assert not any("/pip@" in each for each in found)


def test_the_same_image_has_the_same_list(docker: Docker, image: str) -> None:
    again = "import json; from florist.container.sbom import sbom; print(json.dumps(sbom()))"
    stored = docker.python(image, "print(open('/usr/share/doc/florist/sbom.cdx.json').read())")
    assert json.loads(docker.python(image, again).stdout) == json.loads(stored.stdout)
