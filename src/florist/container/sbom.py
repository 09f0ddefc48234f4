"""What software an image holds, as a CycloneDX document (https://cyclonedx.org/specification).

The Dockerfile runs this: `python -m florist.container.sbom FILE`. It names florist, this Python,
the packages of its environment with what their wheels say of the libraries compiled into them
(PEP 770), and Debian's packages. It says nothing of the time: the same image has the same document.
"""

import json
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import florist

Component = dict[str, Any]

_KEPT: Final = ("type", "name", "version", "purl", "licenses")
_DEBIAN: Final = ("dpkg-query", "--show", "--showformat=${Package}\t${Version}\t${Architecture}\n")


def sbom() -> dict[str, Any]:
    """Return the document, as JSON tells it."""
    python = platform.python_version()
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": _component("application", "florist", florist.__version__)
            | {"licenses": [{"expression": "MIT"}]}
        },
        "components": [
            _component("platform", "python", python, f"pkg:generic/python@{python}"),
            *map(_package, sorted(distributions(), key=lambda each: each.name)),
            *_debian(),
        ],
    }


def _component(kind: str, name: str, version: str, purl: str | None = None) -> Component:
    """Return a component; `purl` is its address, by which scanners know it (PURL, ECMA-427)."""
    named = {"type": kind, "name": name, "version": version}
    return named | {"bom-ref": purl, "purl": purl} if purl else named


def _package(found: Distribution) -> Component:
    name = found.name.lower().replace("_", "-").replace(".", "-")
    component = _component(
        "library", name, found.version, f"pkg:pypi/{name}@{quote(found.version)}"
    )
    if "License-Expression" in found.metadata:
        component["licenses"] = [{"expression": found.metadata["License-Expression"]}]
    if inside := list(_compiled_in(found)):
        component["components"] = inside
    return component


def _compiled_in(found: Distribution) -> Iterator[Component]:
    """Yield what a wheel says is in it, without what refers to other places of its document."""
    for file in found.files or ():
        if file.match("*.dist-info/sboms/*.json"):
            for each in json.loads(file.read_text(encoding="utf-8")).get("components", []):
                if each["name"] != found.name:
                    yield {key: each[key] for key in _KEPT if key in each}


def _debian() -> list[Component]:
    if shutil.which(_DEBIAN[0]) is None:  # another base image, of another system
        return []
    listing = subprocess.run(_DEBIAN, check=True, capture_output=True, text=True).stdout  # noqa: S603
    packages = (line.split("\t") for line in listing.splitlines())
    return [
        _component("library", name, version, f"pkg:deb/debian/{name}@{quote(version)}?arch={arch}")
        for name, version, arch in packages
    ]


if __name__ == "__main__":
    file = Path(sys.argv[1])
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(sbom(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
