"""Many clients at once against `florist serve` on this machine, for a bounded time.

python benchmarks/load.py --model output [--clients 64] [--seconds 60] [--kill-after 20]

Starts the server on a free port of the loopback interface, sends a photograph-like JPEG from every
client as fast as answers come (after a 429 it tries again at once, which is ruder than clients
should be), and asks /livez ten times a second from a process of its own. Ends with 1 where anything
but 200 and 429 was answered, a connection broke (beyond those that a killed process held), memory
grew by more than 50 MiB after the first quarter, or /livez took longer than 100 ms.
"""

import argparse
import http.client
import json
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, ImageFilter

PREDICTIONS = "/api/v1/predictions"
PARTS = {"median": 0.5, "p99": 0.99, "max": 0.9999}


def photograph() -> bytes:
    """Return a JPEG of 1600 × 1200 pixels that takes as long to decode as a photograph."""
    noise = Image.effect_noise((1600, 1200), 90).filter(ImageFilter.GaussianBlur(1.5))
    buffer = BytesIO()
    Image.merge("RGB", [noise, noise.rotate(90), noise.rotate(180)]).save(buffer, "JPEG")
    return buffer.getvalue()


class Server:
    """`florist serve` in a process group of its own."""

    def __init__(self, arguments: list[str]) -> None:
        command = "from florist.cli.serve import serve; serve()"
        self._process = subprocess.Popen(
            [sys.executable, "-c", command, "--port", "0", *arguments],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        self.port = self._find_port()
        threading.Thread(target=self._drain, daemon=True).start()
        while get(self.port, "/readyz")[0] != 200:
            time.sleep(0.1)

    def _find_port(self) -> int:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if found := re.search(r"Listening at: http://127\.0\.0\.1:(\d+)", line):
                return int(found[1])
        raise SystemExit("The server did not start.")

    def _drain(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if '"level": "info"' not in line:
                sys.stderr.write(line)

    def workers(self) -> list[int]:
        """Return the process ids of the workers."""
        pid = self._process.pid
        return [int(c) for c in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def mib(self) -> float:
        """Return the resident memory of all processes."""
        total = 0
        for pid in [self._process.pid, *self.workers()]:
            try:
                status = Path(f"/proc/{pid}/status").read_text()
            except OSError:
                continue
            total += int(found[1]) if (found := re.search(r"VmRSS:\s+(\d+)", status)) else 0
        return total / 1024

    def stop(self) -> int:
        """Ask the server to stop, and return its exit status."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(60)


def get(port: int, path: str) -> tuple[int, bytes]:
    """Return status and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    except ConnectionError:
        return 0, b""
    finally:
        connection.close()


def client(port: int, ends: float, body: bytes, seen: "Counter[Any]", lock: Any) -> None:
    """Send the picture again and again over one connection."""
    mine: Counter[Any] = Counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    while time.monotonic() < ends:
        try:
            connection.request("POST", PREDICTIONS, body, {"Content-Type": "image/jpeg"})
            response = connection.getresponse()
            response.read()
            mine[response.status] += 1
        except (OSError, http.client.HTTPException) as error:
            mine[type(error).__name__] += 1
            connection.close()
    connection.close()
    with lock:
        seen.update(mine)


def ask_whether_alive(port: int, ends: float, found: "multiprocessing.Queue[list[float]]") -> None:
    """Measure /livez ten times a second, each time over a new connection."""
    times = []
    while time.monotonic() < ends:
        start = time.perf_counter()
        status, _ = get(port, "/livez")
        took = (time.perf_counter() - start) * 1000
        times.append(took if status == 200 else float("inf"))
        time.sleep(max(0.0, 0.1 - took / 1000))
    found.put(times)


def parsed() -> argparse.Namespace:
    """Return the arguments."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--model", default="output")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--kill-after", type=float, help="seconds until a worker gets SIGKILL")
    return parser.parse_args()


def main() -> int:
    """Run, print what was seen as JSON, and return the exit status."""
    options = parsed()
    os.environ.setdefault("FLORIST_KEEP_UPLOADS", "false")
    server = Server(["--model", options.model, "--workers", str(options.workers)])
    body, seen, lock = photograph(), Counter[Any](), threading.Lock()
    idle = server.mib()
    start = time.monotonic()
    ends = start + options.seconds
    found: multiprocessing.Queue[list[float]] = multiprocessing.Queue()
    prober = multiprocessing.Process(target=ask_whether_alive, args=[server.port, ends, found])
    prober.start()
    clients = [
        threading.Thread(target=client, args=[server.port, ends, body, seen, lock])
        for _ in range(options.clients)
    ]
    for each in clients:
        each.start()
        time.sleep(1 / len(clients))  # within a second, not within a millisecond
    memory = watch(server, start, ends, options.kill_after)
    times = sorted(found.get())
    for each in clients:
        each.join()
    prober.join()
    report = {
        "clients": options.clients,
        "seconds": options.seconds,
        "picture_bytes": len(body),
        "answers": dict(sorted(seen.items(), key=str)),
        "pictures_per_s": round(seen[200] / options.seconds, 1),
        "memory_mib": {"idle": round(idle), **memory},
        "livez_ms": {name: round(times[int(len(times) * at)], 1) for name, at in PARTS.items()},
        "exit_status": server.stop(),
    }
    print(json.dumps(report, indent=2))
    broken = sum(count for status, count in seen.items() if status not in {200, 429})
    allowed = options.clients if options.kill_after else 0
    good = broken <= allowed and memory["growth"] < 50 and report["exit_status"] == 0
    return 0 if good and (options.kill_after or times[-1] < 100) else 1


def watch(server: Server, start: float, ends: float, kill_after: float | None) -> dict[str, float]:
    """Sample the memory twice a second; kill a worker on the way, if that is asked for."""
    samples = []
    while (now := time.monotonic()) < ends:
        if kill_after is not None and now - start > kill_after:
            os.kill(server.workers()[0], signal.SIGKILL)
            kill_after = None
        samples.append(server.mib())
        time.sleep(0.5)
    settled = samples[len(samples) // 4 :]
    return {
        "after_a_quarter": round(settled[0]),
        "peak": round(max(samples)),
        "end": round(samples[-1]),
        "growth": round(max(settled) - settled[0], 1),
    }


if __name__ == "__main__":
    sys.exit(main())
