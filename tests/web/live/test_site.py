"""`florist export site`: a folder that is whole, or is not there."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from florist.bundle import INT8_MODEL, MODEL, Bundle, read_bundle
from florist.cli import cli
from florist.confidence.verdict import Judge
from florist.errors import ExportError
from florist.system import PARTIAL
from florist.web.live import runtime
from florist.web.live.export import write_site
from florist.web.live.site import judge_for_browsers, site_of
from tests.conftest import write_colour_bundle

pytestmark = pytest.mark.usefixtures("installed")


def site(bundle: Bundle) -> Mapping[str, bytes]:
    return site_of(bundle, judge_for_browsers(bundle))


def test_the_files_are_all_that_the_page_asks_for(bundle: Bundle) -> None:
    files = site(bundle)
    asked = set(re.findall(r'(?:href|src)="([\w.-]+)"', files["index.html"].decode()))
    asked |= {icon["src"] for icon in json.loads(files["manifest.webmanifest"])["icons"]}
    for name, content in files.items():
        if name.endswith(".js"):
            asked |= set(re.findall(r'from "\./([\w.-]+)"', content.decode()))
            asked |= set(re.findall(r'"([\w-]+\.(?:js|json|wasm|onnx))"', content.decode()))
    assert asked | {"index.html"} == set(files)


def test_whatever_changes_makes_another_version(bundle: Bundle, tmp_path: Path) -> None:
    def version(found: Bundle) -> str:
        return str(json.loads(site(found)["model.json"])["version"])

    other = write_colour_bundle(tmp_path / "other", size=24)
    assert version(bundle) == version(bundle) != version(other)
    assert version(bundle) in site(bundle)["service-worker.js"].decode()
    (runtime.RUNTIME / "ort.mjs").write_bytes(b"export {}; // newer")
    assert version(bundle) not in site(other)["service-worker.js"].decode()


def test_icons_are_drawn(bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "icon.png").write_bytes(site(bundle)["icon-192.png"])
    with Image.open(tmp_path / "icon.png") as icon:
        assert icon.size == (192, 192)
        assert icon.getpixel((96, 96)) == (255, 212, 59)
        assert icon.getpixel((2, 2)) == (243, 245, 240)


def test_a_folder_is_written(bundle: Bundle, tmp_path: Path) -> None:
    arguments = ["export", "site", "--model", str(bundle.path), str(tmp_path / "a" / "site")]
    run = CliRunner().invoke(cli, arguments)
    assert run.exit_code == 0, run.output
    folder = tmp_path / "a" / "site"
    assert (folder / MODEL).read_bytes() == bundle.read(MODEL)
    assert "server</a>" not in (folder / "index.html").read_text()
    assert folder.stat().st_mode & 0o777 == 0o755
    assert [each.name for each in (tmp_path / "a").iterdir()] == ["site"]


def test_an_empty_folder_is_filled_and_another_left_alone(bundle: Bundle, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    write_site(bundle, folder)
    (folder / "model.json").write_text("mine")
    with pytest.raises(ExportError, match="Choose another folder"):
        write_site(bundle, folder)
    assert (folder / "model.json").read_text() == "mine"


def test_the_page_knows_its_model_from_the_start(bundle: Bundle) -> None:
    page = site(bundle)["index.html"].decode()
    assert "This model tells blue, green and red apart" in page
    assert page.count('<li><span class="name"') == len(bundle.manifest.classes) + 1
    names = tuple(f"<{number}>" for number in range(1000))
    many = replace(bundle, manifest=replace(bundle.manifest, classes=names))
    page = site_of(many, Judge())["index.html"].decode()
    assert "&lt;4&gt;, &lt;5&gt; and 994 more apart" in page
    assert "<4>" not in page
    assert page.count('<li><span class="name"') == 6 + 1


KILLED = """
import resource, signal, sys
from pathlib import Path
from florist.bundle import read_bundle
from florist.web.live import runtime
from florist.web.live.export import write_site
runtime.RUNTIME = Path(sys.argv[1])
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # a file that becomes larger is the end
resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))
write_site(read_bundle(sys.argv[2]), Path(sys.argv[3]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of a file's size")
def test_a_kill_leaves_nothing_half_under_the_name(bundle: Bundle, tmp_path: Path) -> None:
    folder = tmp_path / "sites"
    arguments = [str(runtime.RUNTIME), str(bundle.path), str(folder / "site")]
    killed = subprocess.run([sys.executable, "-c", KILLED, *arguments], check=False)
    assert killed.returncode == -signal.SIGXFSZ
    (left,) = folder.iterdir()
    assert left.name.endswith(PARTIAL)
    write_site(bundle, folder / "site")
    assert (folder / "site" / "index.html").is_file()


def test_a_model_in_8_bits_alone_is_refused(model: Path, tmp_path: Path) -> None:
    (model / MODEL).rename(model / INT8_MODEL)
    manifest = json.loads((model / "manifest.json").read_text())
    manifest["files"][INT8_MODEL] = manifest["files"].pop(MODEL)
    manifest["precision"] = "int8"
    (model / "manifest.json").write_text(json.dumps(manifest))
    arguments = ["export", "site", "--model", str(model), str(tmp_path / "site")]
    run = CliRunner().invoke(cli, arguments)
    assert run.exit_code == 1
    assert "has no model.onnx" in run.output
    assert not (tmp_path / "site").exists()
    assert read_bundle(model)
