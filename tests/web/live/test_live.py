"""`/live` hands out the model: only where somebody wants it, and with a policy of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import florist
from florist.bundle import MODEL, Bundle
from florist.errors import EngineError
from florist.web import create_app
from florist.web.settings import Settings
from tests.web.conftest import AppMaker

WASM = "'wasm-unsafe-eval'"


@pytest.mark.parametrize("path", ["/live", "/live/", "/live/model.onnx", "/live/live.js"])
def test_it_is_closed_by_default(make_app: AppMaker, path: str) -> None:
    assert make_app().test_client().get(path).status_code == 404


@pytest.mark.usefixtures("package")
def test_a_server_without_the_runtime_does_not_start(make_app: AppMaker) -> None:
    with pytest.raises(EngineError, match="florist browser-runtime"):
        make_app(live=True)


SERVE = """
import sys
from pathlib import Path
from florist.cli import main
from florist.web.live import runtime
runtime.RUNTIME = Path(sys.argv.pop())
main()
"""


def test_serving_without_the_runtime_is_one_clear_error(bundle: Bundle, tmp_path: Path) -> None:
    # In a process of its own: `serve` sets up the logs of the whole process.
    verb = ["serve", "--port", "0", "--model", str(bundle.path), str(tmp_path / "nowhere")]
    done = subprocess.run(
        [sys.executable, "-c", SERVE, *verb],
        env=os.environ | {"FLORIST_LIVE": "true", "FLORIST_UPLOADS": str(tmp_path / "uploads")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Error: What runs models in a browser")
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("installed")
def test_it_sends_the_very_model(make_app: AppMaker, bundle: Bundle) -> None:
    client = make_app(live=True).test_client()
    assert client.get("/live").headers["Location"].endswith("/live/")
    facts = json.loads(client.get("/live/model.json").data)
    assert (facts["classes"], facts["size"]) == (["blue", "green", "red"], 16)
    assert '<a href="../">' in client.get("/live/").text
    response = client.get("/live/model.onnx", headers={"Accept-Encoding": "gzip"})
    assert response.data == bundle.read(MODEL)
    assert len(response.data) == facts["sizes"][MODEL]
    again = client.get("/live/model.onnx", headers={"If-None-Match": response.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert client.get("/live/labels.txt").status_code == 404


@pytest.mark.usefixtures("installed")
def test_only_this_page_may_compile_webassembly(make_app: AppMaker) -> None:
    client = make_app(live=True).test_client()
    page = client.get("/live/", headers={"Accept": "text/html", "Accept-Encoding": "gzip"})
    assert page.headers["Content-Encoding"] == "gzip"
    assert f"script-src 'self' {WASM};" in page.headers["Content-Security-Policy"]
    assert page.headers["Content-Security-Policy"].count(WASM) == 1
    for path in ("/", "/model", "/docs", "/live/nothing"):
        assert WASM not in client.get(path).headers["Content-Security-Policy"]


@pytest.mark.usefixtures("installed")
def test_the_judge_is_told_what_the_servers_own_is(trusted: Bundle) -> None:
    app = create_app(florist.load(trusted.path), Settings(live=True, none=0.2, keep_uploads=False))
    judge = json.loads(app.test_client().get("/live/judge.json").data)
    assert (judge["none"], judge["least"], len(judge["banks"])) == (0.2, 0.5, 2)
