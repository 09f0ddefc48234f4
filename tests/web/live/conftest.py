"""What stands in for onnxruntime-web where nothing runs it: a package of the same shape."""

import base64
import hashlib
import tarfile
from io import BytesIO
from pathlib import Path

import pytest

from florist.web.live import runtime

PARTS = {
    "package/package.json": b"{}",
    "package/dist/ort.webgpu.min.mjs": b"// another",
    "package/dist/ort.wasm.bundle.min.mjs": b"export {};",
    "package/dist/ort-wasm-simd-threaded.wasm": b"\0asm" * 1000,
}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Return a package that is taken for the right one; it is installed in `tmp_path`."""
    buffer = BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in PARTS.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, BytesIO(content))
    digest = hashlib.sha512(buffer.getvalue()).digest()
    monkeypatch.setattr(runtime, "SHA512", base64.b64encode(digest).decode())
    monkeypatch.setattr(runtime, "RUNTIME", tmp_path / "runtime" / runtime.VERSION)
    return buffer.getvalue()


@pytest.fixture
def installed(package: bytes) -> None:
    runtime.install(package)
