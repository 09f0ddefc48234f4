"""ONNX Runtime for browsers, as npm has it: fetched once, on request, and kept beside this file."""

import base64
import hashlib
import tarfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import IO, Final, cast
from urllib.request import urlopen

from florist.errors import EngineError
from florist.system import write_atomically

VERSION: Final = "1.30.0"
ADDRESS: Final = f"https://registry.npmjs.org/onnxruntime-web/-/onnxruntime-web-{VERSION}.tgz"
SHA512: Final = (
    "q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
)
"""What npm calls the integrity of the package; with it, it does not matter who hands it over."""

RUNTIME: Final = Path(__file__).with_name("runtime") / VERSION
"""Where the files are kept: in the package, so that an image of this florist has them, too."""

# Name → where it lies in the package: the one for CPUs, with its loader, of many.
_FILES: Final = {
    "ort.mjs": "package/dist/ort.wasm.bundle.min.mjs",
    "ort-wasm-simd-threaded.wasm": "package/dist/ort-wasm-simd-threaded.wasm",
}


def download() -> bytes:
    """Return the package from the npm registry, 33 MB.

    Raises `EngineError` where it cannot be had.
    """
    try:
        with urlopen(ADDRESS, timeout=60) as response:
            return bytes(response.read())
    except OSError as error:
        raise EngineError(
            f"{ADDRESS} cannot be fetched ({error}). Fetch it where there is a network, by hand or "
            f"with `npm pack onnxruntime-web@{VERSION}`, and give the file with --tarball."
        ) from error


def install(package: bytes) -> None:
    """Keep of the package what a browser needs.

    Raises `EngineError` where it is another package, `OSError` where it cannot be written.
    """
    found = base64.b64encode(hashlib.sha512(package).digest()).decode()
    if found != SHA512:
        raise EngineError(
            f"This is not onnxruntime-web {VERSION}: its SHA-512 is {found}, not {SHA512}. Fetch "
            f"it anew from {ADDRESS}."
        )
    RUNTIME.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=BytesIO(package)) as archive:
        for name, path in _FILES.items():
            with cast("IO[bytes]", archive.extractfile(path)) as file:
                write_atomically(RUNTIME / name, file.read())


def is_there() -> bool:
    """Return whether the files have been fetched."""
    return all((RUNTIME / name).is_file() for name in _FILES)


def require() -> None:
    """Raise `EngineError` where the files have not been fetched."""
    if not is_there():
        raise EngineError(
            f"What runs models in a browser, onnxruntime-web {VERSION}, is not there. Fetch it "
            "once, with: florist browser-runtime"
        )


def read() -> Mapping[str, bytes]:
    """Return the files by name. Raises what `require` raises."""
    require()
    return {name: (RUNTIME / name).read_bytes() for name in _FILES}
