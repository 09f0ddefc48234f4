"""The snippets of `/docs`, run as they stand there."""

import html
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import playwright
import pytest

from florist.web import create_app
from florist.web.settings import Settings
from tests.served import served
from tests.web.conftest import AppMaker

KEY = "a-key-of-the-test"
NODE = shutil.which("node") or str(Path(playwright.__file__).parent / "driver" / "node")
COMMANDS = {"curl": "sh", "python": sys.executable, "javascript": NODE}


def code(page: str, name: str) -> str:
    found = re.search(f'<code id="{name}"[^>]*>(.*?)</code>', page, re.DOTALL)
    assert found, name
    return html.unescape(found[1])


def without_time(answer: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(answer)
    for each in told["predictions"]:
        del each["ms"]
    return told


@pytest.mark.parametrize("keys", [(), (KEY,)])
def test_a_snippet_gets_the_answer_that_stands_beside_it(
    make_app: AppMaker, tmp_path: Path, keys: tuple[str, ...]
) -> None:
    with served(make_app(api_keys=keys)) as port:
        address = f"http://127.0.0.1:{port}"
        with urlopen(f"{address}/docs") as reply:
            page = reply.read().decode()
        picture = re.search('<a href="([^"]+)" download', page)
        assert picture
        with urlopen(address + picture[1]) as reply:
            (tmp_path / "picture.jpg").write_bytes(reply.read())
        for name, command in COMMANDS.items():
            text = code(page, name)
            assert ("Bearer KEY" in text) == bool(keys)
            file = tmp_path / f"{name}.mjs"
            file.write_text(text.replace("Bearer KEY", f"Bearer {KEY}"))
            done = subprocess.run(
                [command, file], cwd=tmp_path, capture_output=True, text=True, check=True
            )
            assert without_time(done.stdout) == without_time(code(page, "answer"))


def test_there_is_no_answer_while_the_model_is_being_loaded(tmp_path: Path) -> None:
    app = create_app(settings=Settings(model=str(tmp_path), uploads=str(tmp_path / "uploads")))
    page = app.test_client().get("/docs")
    assert page.status_code == 200
    assert code(page.text, "answer") == "The model is being loaded."
