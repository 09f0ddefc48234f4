"""Requests a second, latency and memory: florist, the classic way, and the peers."""

import http.client
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks.materials import HERE, Bench, versions
from benchmarks.processes import START_S, free_port, python, run, serving
from benchmarks.traffic import (
    Ask,
    Dialogue,
    RefusedError,
    connect,
    exchange,
    form,
    latencies,
    saturate,
)
from florist.bundle import NETWORKS, read_bundle

CLIENTS: Final = 8
LOAD: Final = 0.7
"""The share of the highest throughput at which latency is measured."""
ROUNDS: Final = 5
"""How often it is: on a shared machine a neighbour's busy second is the tail of a whole round."""

FLORIST: Final = Ask(
    "/api/v1/predictions", lambda answer: str(answer["predictions"][0]["predictions"][0]["label"])
)
ONE_FIELD: Final = Ask("/predict", lambda answer: str(answer["label"]), "image")


class AskGradio(Dialogue):
    """Upload, call, wait for the event: https://www.gradio.app/guides/querying-gradio-apps-with-curl."""

    def ask(self, connection: http.client.HTTPConnection, jpeg: bytes) -> str:
        """Return the label of a JPEG."""
        api = "/gradio_api"
        (path,) = json.loads(exchange(connection, "POST", f"{api}/upload", *form("files", jpeg)))
        file = {"path": path, "meta": {"_type": "gradio.FileData"}}
        call = json.dumps({"data": [file]}).encode()
        event = json.loads(exchange(connection, "POST", f"{api}/call/predict", call))["event_id"]
        events = exchange(connection, "GET", f"{api}/call/predict/{event}").decode()
        return str(json.loads(events.rsplit("data: ", 1)[1])[0]["label"])


PEERS: Final[dict[str, Dialogue]] = {
    "litserve": ONE_FIELD,
    "bentoml": ONE_FIELD,
    "gradio": AskGradio(),
}


@dataclass(frozen=True)
class Candidate:
    """A server: how it is started, and how it is asked."""

    command: list[str]
    port: int
    dialogue: Dialogue
    env: Mapping[str, str] = field(default_factory=dict)


def measure(bench: Bench, backbone: str) -> dict[str, Any]:
    """Return what each server does with a model of the backbone."""
    found = {}
    for name, figures in each_server(bench, backbone):
        print(f"  {name}: {figures}", flush=True)
        found[name] = figures
    return found


def each_server(bench: Bench, backbone: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Measure one server after the other."""
    model = bench.model(backbone)
    classic_model = bench.classic_model(backbone)
    for precision in NETWORKS:
        arguments = [str(model), str(bench.few()), str(bench.seconds), precision]
        engine = run(python("-m", "benchmarks.bare", *arguments))
        yield f"engine {precision}", {"requests_per_s": float(engine.text.split()[-1])}
        yield f"florist {precision}", load_test(bench, florist(model, precision), paced=True)
    yield "classic", load_test(bench, classic(classic_model), paced=False)
    for peer in PEERS if bench.peers else ():
        yield peer, peer_load_test(bench, peer, model)


def florist(model: Path, precision: str) -> Candidate:
    """Return `florist serve` with its defaults."""
    port = free_port()
    options = ["--model", str(model), "--port", str(port), "--precision", precision]
    return Candidate(python("-m", "florist", "serve", *options), port, FLORIST)


def classic(model: Path) -> Candidate:
    """Return the yardstick: Keras inside a view on Flask's own server."""
    port = free_port()
    script = str(HERE / "classic" / "serve.py")
    return Candidate(python(script, str(model), str(port)), port, ONE_FIELD)


def peer_load_test(bench: Bench, peer: str, model: Path) -> dict[str, Any]:
    """Return what a peer does with florist's own ONNX files, a precision after the other."""
    interpreter = bench.environment(peer)
    found: dict[str, Any] = {"versions": versions(interpreter, [peer, "onnxruntime"])}
    for precision in NETWORKS:
        port = free_port()
        network = read_bundle(model).network(precision)
        script = str(HERE / "peers" / f"{peer}_server.py")
        env = {"NETWORK": str(network.resolve()), "PORT": str(port)}
        candidate = Candidate([str(interpreter), script], port, PEERS[peer], env)
        found[precision] = load_test(bench, candidate, paced=False)
    return found


def load_test(bench: Bench, candidate: Candidate, *, paced: bool) -> dict[str, Any]:
    """Return the throughput with eight clients, memory, and where it is `paced` latencies."""
    pictures = bench.jpegs()
    env = {"FLORIST_KEEP_UPLOADS": "false", **candidate.env}
    with serving(candidate.command, candidate.port, env) as server:
        labels = first_labels(server.port, candidate.dialogue, pictures[:5])
        rate = saturate(server.port, candidate.dialogue, pictures, CLIENTS, bench.seconds)
        found = {"requests_per_s": rate, "mib": server.mib(), "labels": labels}
        if paced:
            found["latency_ms"] = [
                latencies(server.port, candidate.dialogue, pictures, LOAD * rate, bench.seconds)
                for _ in range(ROUNDS)
            ]
        return found


def first_labels(port: int, dialogue: Dialogue, pictures: Sequence[bytes]) -> list[str]:
    """Return the labels of some pictures, once the server has its model."""
    connection = connect(port)
    until = time.monotonic() + START_S
    while True:
        try:
            labels = [dialogue.ask(connection, picture) for picture in pictures]
        except (RefusedError, OSError, http.client.HTTPException):
            if time.monotonic() > until:
                raise
            connection.close()
            time.sleep(0.5)
        else:
            connection.close()
            return labels
