"""What runs models in a browser: one package, known by its digest, of which two files are kept."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from florist.cli import cli
from florist.errors import EngineError
from florist.web.live import runtime


def test_what_a_browser_needs_is_kept(package: bytes, tmp_path: Path) -> None:
    (tmp_path / "ort.tgz").write_bytes(package)
    run = CliRunner().invoke(cli, ["browser-runtime", "--tarball", str(tmp_path / "ort.tgz")])
    assert run.exit_code == 0, run.output
    assert runtime.read() == {
        "ort.mjs": b"export {};",
        "ort-wasm-simd-threaded.wasm": b"\0asm" * 1000,
    }
    assert len([*runtime.RUNTIME.iterdir()]) == 2


def test_what_is_there_is_not_fetched_again(
    package: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "ADDRESS", "http://127.0.0.1:9/onnxruntime-web.tgz")
    assert CliRunner().invoke(cli, ["browser-runtime"]).exit_code == 1
    runtime.install(package)
    run = CliRunner().invoke(cli, ["browser-runtime"])
    assert run.exit_code == 0, run.output
    assert f"onnxruntime-web {runtime.VERSION} is in" in run.output


def test_another_package_is_refused(package: bytes) -> None:
    with pytest.raises(EngineError, match=f"not onnxruntime-web {runtime.VERSION}: its SHA-512"):
        runtime.install(package + b"\n")
    assert not runtime.RUNTIME.exists()


def test_where_it_is_missing_the_command_that_fetches_it_is_named(package: bytes) -> None:
    with pytest.raises(EngineError, match="florist browser-runtime"):
        runtime.read()


def test_without_a_network_the_other_way_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "ADDRESS", "http://127.0.0.1:9/onnxruntime-web.tgz")
    with pytest.raises(EngineError, match="--tarball"):
        runtime.download()
