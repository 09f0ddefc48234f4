"""Installing a lock takes what it lists and nothing else, whatever the registry offers tomorrow."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOCKS = ROOT / "requirements"
OLDEST_PIP = "22.3"
"""What the first release of Python 3.11 brings."""

# What `pip install --editable .` builds in a project without dependencies and without a network.
BACKEND = """
import pathlib, zipfile

def get_requires_for_build_editable(settings=None):
    return []

def build_editable(folder, settings=None, metadata=None):
    name = "project-1.dist-info"
    with zipfile.ZipFile(pathlib.Path(folder) / "project-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}/METADATA", "Metadata-Version: 2.1\\nName: project\\nVersion: 1\\n")
        wheel.writestr(f"{name}/WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any\\n")
        wheel.writestr(f"{name}/RECORD", "")
    return "project-1-py3-none-any.whl"
"""
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""


def locked(lock: Path) -> list[tuple[str, str, str]]:
    """Return (name, version, marker) of each line of a lock."""
    lines = re.findall(r"^([\w.-]+)==([^\s;]+)( ; [^\\\n]+)?", lock.read_text("utf-8"), re.M)
    return [(name, version, marker.strip()) for name, version, marker in lines]


def write_wheel(folder: Path, name: str, version: str) -> str:
    """Write an empty wheel that asks for what the installed package asks for; return its digest."""
    try:
        installed = metadata.metadata(name)
        asked = [*(f"Requires-Dist: {each}" for each in installed.get_all("Requires-Dist") or [])]
        asked += [
            *(f"Provides-Extra: {each}" for each in installed.get_all("Provides-Extra") or [])
        ]
    except metadata.PackageNotFoundError:  # locked for another system
        asked = []
    stem = f"{name.replace('-', '_')}-{version}"
    head = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *asked, ""]
    path = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{stem}.dist-info/METADATA", "\n".join(head))
        wheel.writestr(f"{stem}.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{stem}.dist-info/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The Makefile, beside locks of the same names and versions whose packages are empty.

    The index offers each of them in a higher version, too.
    """
    folder, index = tmp_path / "project", tmp_path / "index"
    (folder / "requirements").mkdir(parents=True)
    index.mkdir()
    shutil.copy2(ROOT / "Makefile", folder)
    (folder / "pyproject.toml").write_text(PROJECT)
    (folder / "backend.py").write_text(BACKEND)
    digests: dict[tuple[str, str], str] = {}
    for lock in ("dev.txt", "train.txt"):
        lines = []
        for name, version, marker in locked(LOCKS / lock):
            if (name, version) not in digests:
                digests[name, version] = write_wheel(index, name, version)
                write_wheel(index, name, "99999")
            digest = digests[name, version]
            lines.append(f"{name}=={version} {marker} --hash=sha256:{digest}\n")
        (folder / "requirements" / lock).write_text("".join(lines))
    return folder


def test_a_lock_installs_as_on_its_day(project: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", str(project / ".venv")], check=True)
    python = str(project / ".venv" / "bin" / "python")
    if sys.version_info < (3, 12):  # later ones cannot run it; what they bring is there already
        old_pip = [python, "-m", "pip", "install", "--quiet", f"pip=={OLDEST_PIP}"]
        subprocess.run(old_pip, check=True, capture_output=True)
    # The tests may have been started by make, whose own variables would go on to this one.
    mine = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    environment = {
        **mine,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(tmp_path / "index"),
        "PIP_CONFIG_FILE": os.devnull,
    }
    make = ["make", "--directory", str(project), "VENV=.venv", ".venv/.dev"]
    done = subprocess.run(make, check=False, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    listing = [python, "-m", "pip", "list", "--format=freeze"]
    frozen = subprocess.run(listing, check=True, capture_output=True, text=True).stdout
    installed = dict(line.split("==") for line in frozen.split())
    assert "99999" not in installed.values()
    wanted = {name: version for name, version, _ in locked(LOCKS / "dev.txt")}
    assert installed["pytest-cov"] == wanted["pytest-cov"]
    assert installed["coverage"] == wanted["coverage"]


def test_every_install_of_a_lock_is_one() -> None:
    """The Makefile is run above; here are the installs that need an engine or a person."""
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split("\0")
    found = 0
    for name in filter(None, tracked):
        path = ROOT / name
        if name.startswith(("tests/", "requirements/")) or not path.is_file():
            continue
        text = path.read_bytes().decode("utf-8", "replace").replace("\\\n", " ")
        for install in re.findall(
            r"install [^\n]*-r (?:\S*requirements|\$locks)[^\n]*(?:\n[^\n]*){2}", text
        ):
            found += 1
            assert re.search(r"\$\(LOCKED\)|--no-deps --require-hashes", install), (name, install)
            assert "check" in install, (name, install)
    assert found >= 5
    assert "LOCKED := --no-deps --require-hashes" in (ROOT / "Makefile").read_text("utf-8")
