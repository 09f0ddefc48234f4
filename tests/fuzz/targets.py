"""What is fuzzed: functions that take any bytes, and raise only what is a mistake of florist's.

Each stands for a door through which bytes of others come in. An error that florist raises on
purpose, or a status below 500, is an answer; anything else is found.
"""

import hashlib
import io
import re
import resource
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

import onnx
from flask import Flask
from google.protobuf.message import DecodeError
from werkzeug.test import create_environ, run_wsgi_app

import florist
from florist.bundle import MANIFEST, SPLIT, Bundle, read_bundle
from florist.dataset import read_split
from florist.engine.onnx_file import require_feed_forward
from florist.errors import FloristError
from florist.evaluation import unseen
from florist.images import ANY, FITS, ImageSpec, Limits, copy_without_metadata, load_within
from florist.prediction import Predictor
from florist.report import read_report
from florist.web import create_app
from florist.web.inference.model import ServedModel
from florist.web.pages import facts
from florist.web.services import services_of
from florist.web.settings import Settings
from tests.conftest import write_colour_bundle
from tests.fuzz import seeds

MOST_CPU_S: Final = 5.0
MOST_MIB: Final = 256
"""More than for what came before. Both are generous: the fuzzer slows down what it follows."""

API: Final = "/api/v1/predictions"
_LIMITS: Final = Limits(max_bytes=2**20, max_pixels=1_000_000)


class FoundError(Exception):
    """Something that no bytes may lead to."""


def images(content: bytes) -> None:
    """Decode a picture for each way of fitting it, and copy it as uploads are.

    Here, whatever it costs: a crash elsewhere would be an error of the picture's.
    """
    with suppress(FloristError):
        for fit in FITS:
            load_within(ANY, content, ImageSpec(size=16, fit=fit), _LIMITS)
        copy_without_metadata(content, 64, _LIMITS)


def request(content: bytes) -> None:
    """Call any address: a line of method and address, then headers, an empty line, and a body."""
    head, _, body = content.decode("latin-1").partition("\n\n")
    # No server lets control characters through.
    first, *lines = (re.sub("[\0-\x1f\x7f]", "", line) for line in head.split("\n"))
    method, _, address = first.partition(" ")
    path, _, query = address.partition("?")
    fields = {"CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body.encode("latin-1"))}
    for name, _, value in (line.partition(":") for line in lines):
        key = name.upper().replace("-", "_")
        fields[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value.strip()
    target = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query}
    _require_answer(run_wsgi_app(app(), create_environ() | target | fields, buffered=True))


def multipart(content: bytes) -> None:
    """Send a form: the first line goes on with its Content-Type, the rest is its body."""
    parameters, _, body = content.partition(b"\n")
    _post(body, "multipart/form-data" + parameters.decode("latin-1").replace("\r", ""))


def json_body(content: bytes) -> None:
    """Send JSON."""
    _post(content, "application/json")


def bundle(content: bytes) -> None:
    """Read a model folder in which the file that the first line names has the rest as content."""
    first, _, rest = content.partition(b"\n")
    name = first.decode("latin-1")
    with suppress(FloristError):
        match name:
            case "manifest.json":
                _show(_read_with_manifest(rest))
            case "report.json" | "history.csv":
                found = _with_file(name, rest)
                _show(found)
                read_report(found)
            case "model.onnx":
                require_feed_forward(rest, name)
                _require_plain(rest)


def split(content: bytes) -> None:
    """Read which pictures a model was made with."""
    with suppress(FloristError):
        read_split(content)
    with suppress(FloristError):
        unseen([], _with_file(SPLIT, content))


@dataclass(frozen=True)
class Target:
    """`run` is given any bytes; `seeds` makes some that are as they should be, to begin with."""

    run: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]

    def check(self, content: bytes) -> None:
        """Run it within bounds.

        Raises `FoundError` where it took too much, or whatever it ran into.
        """
        cpu_s, mib = time.process_time(), _most_mib()
        self.run(content)
        cpu_s, mib = time.process_time() - cpu_s, _most_mib() - mib
        if cpu_s > MOST_CPU_S or mib > MOST_MIB:
            raise FoundError(f"{len(content):,} bytes took {cpu_s:.1f} s of CPU, {mib:.0f} MiB")


TARGETS: Final = {
    "images": Target(images, seeds.images),
    "request": Target(request, seeds.requests),
    "multipart": Target(multipart, seeds.multipart),
    "json": Target(json_body, seeds.json_bodies),
    "bundle": Target(bundle, seeds.bundles),
    "split": Target(split, seeds.splits),
}


def _most_mib() -> float:
    """Return the most memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@cache
def _predictor() -> Predictor:
    folder = Path(tempfile.mkdtemp(prefix="florist-fuzz-"))
    return florist.load(write_colour_bundle(folder / "model").path)


@cache
def app() -> Flask:
    uploads = tempfile.mkdtemp(prefix="florist-fuzz-")
    settings = Settings(uploads=uploads, uploads_mib=1.0, max_megapixels=1.0, threads=1)
    app = create_app(_predictor(), settings)
    app.config["WTF_CSRF_ENABLED"] = False  # a token cannot be guessed
    return app


def _post(body: bytes, kind: str) -> None:
    environ = create_environ(API, method="POST", input_stream=io.BytesIO(body), content_type=kind)
    environ["CONTENT_LENGTH"] = str(len(body))
    _require_answer(run_wsgi_app(app(), environ, buffered=True))


def _require_answer(answer: tuple[Iterable[bytes], str, object]) -> None:
    body, status, _ = answer
    if not status.startswith(("2", "3", "4")):
        raise FoundError(f"{status}: {b''.join(body)!r}")


def _read_with_manifest(content: bytes) -> Bundle:
    folder = _predictor().bundle.path.parent
    (folder / MANIFEST).write_bytes(content)
    return read_bundle(folder)


def _with_file(name: str, content: bytes) -> Bundle:
    """Return a model folder with another file in it, under its right digest."""
    found = _predictor().bundle
    (found.path / name).write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    manifest = replace(found.manifest, files={**found.manifest.files, name: digest})
    return replace(found, manifest=manifest, digest=digest)


def _show(found: Bundle) -> None:
    """Let the page and the API tell what they know of a model."""
    facts._known.clear()  # it would keep every model that it ever saw
    predictor = Predictor(found, _predictor().engine)
    services = services_of(app())
    replace(services, model=ServedModel(services.settings, predictor)).attach(app())
    for path in ("/", "/model", "/api/v1/model"):
        answer = app().test_client().get(path)
        if answer.status_code != 200:
            raise FoundError(f"{path}: {answer.text}")


def _require_plain(network: bytes) -> None:
    """Look into a network that was let in with what has no eyes of ours."""
    model = onnx.ModelProto()
    try:
        model.ParseFromString(network)
    except DecodeError:
        return
    sparse, tensors = [*model.graph.sparse_initializer], [*model.graph.initializer]
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g") or attribute.graphs:
                raise FoundError("a graph inside the graph")
            tensors += [attribute.t, *attribute.tensors]
            sparse += [attribute.sparse_tensor, *attribute.sparse_tensors]
    tensors += [part for each in sparse for part in (each.values, each.indices)]
    if any(each.external_data or each.data_location for each in tensors) or model.functions:
        raise FoundError("functions, or numbers in another file")
