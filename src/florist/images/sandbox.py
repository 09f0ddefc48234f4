"""A process that decodes pictures for another one, which may kill it at any time.

`isolation` starts it, with nothing but the standard library, NumPy and Pillow to load, and no
thread or lock of its parent's. Before the first picture it gives up what a decoder does not need:
it can open no file and no connection, and write to none. A request and an answer are two byte
strings, with their lengths before them.
"""

import json
import os
import pickle
import signal
import struct
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any, BinaryIO, Final

from florist.errors import ImageError

if sys.platform != "win32":
    import resource

Answer = tuple[dict[str, Any], bytes]
"""What is said of a result, as JSON may tell it, and its bytes."""

Work = Callable[[bytes], Answer]

_LENGTHS: Final = struct.Struct(">QQ")

_LONGEST_ABOUT: Final = 64 * 1024

_SPARE: Final = 64 * 2**20
"""Addresses beside those that a picture's price counts: what is reserved, and seldom touched."""


def send(stream: BinaryIO, about: bytes, content: bytes) -> None:
    """Write two byte strings."""
    stream.write(_LENGTHS.pack(len(about), len(content)))
    stream.write(about)
    stream.write(content)
    stream.flush()


def receive(stream: BinaryIO, most: int) -> tuple[bytes, bytes]:
    """Read two byte strings, the second of at most so many bytes.

    Raises `EOFError` where the other side is gone, and `ValueError` where one is longer.
    """
    about, content = _LENGTHS.unpack(_read(stream, _LENGTHS.size))
    if about > _LONGEST_ABOUT or content > most:
        raise ValueError(f"{about:,} and {content:,} bytes")
    return _read(stream, about), _read(stream, content)


def _read(stream: BinaryIO, length: int) -> bytes:
    content = stream.read(length)
    if len(content) < length:
        raise EOFError
    return content


def main() -> None:
    """Answer requests on standard input until it ends; with it the parent has."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C reaches the whole group
    # What a library prints must not stand between two answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    requests: SimpleQueue[tuple[bytes, bytes]] = SimpleQueue()
    # A thread of its own: while a picture is decoded, too, it sees that the parent has died.
    threading.Thread(target=_listen, args=[requests], daemon=True).start()
    _import_decoders()
    memory = _give_up_what_is_not_needed()
    while True:
        about, content = requests.get()
        work, seconds, bytes_of_memory = pickle.loads(about)  # noqa: S301 - the parent's
        _limit(memory, seconds, bytes_of_memory)
        said, result = _answer(work, content)
        send(answers, json.dumps(said).encode(), result)
        del content, result
        _limit(memory, seconds, None)  # the next request is read by the other thread


def _listen(requests: "SimpleQueue[tuple[bytes, bytes]]") -> None:
    try:
        while True:
            requests.put(receive(sys.stdin.buffer, sys.maxsize))
    finally:
        os._exit(0)


def _answer(work: Work, content: bytes) -> Answer:
    try:
        return work(content)
    except ImageError as error:
        return {"code": error.code, "detail": str(error)}, b""


def _import_decoders() -> None:
    """Load all that decoding may load later, when no file can be opened."""
    from PIL import Image

    from florist.formats import formats

    formats()
    Image.init()


def _give_up_what_is_not_needed() -> int | None:
    """Return the descriptor of a file that tells the process' size, where there is one.

    Of all processes this one is to be killed first when memory is short, and to wait when CPUs are.
    """
    if sys.platform == "win32":
        return None
    memory = None
    with suppress(OSError):
        memory = os.open("/proc/self/statm", os.O_RDONLY)
        Path("/proc/self/oom_score_adj").write_text("1000")
    os.nice(10)
    for limit in (resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):
        resource.setrlimit(limit, (0, 0))
    return memory


def _limit(memory: int | None, seconds: float, bytes_of_memory: int | None) -> None:
    """Let the kernel end a decoding after its time, and give it no more than its memory.

    `None` is as much as there is.
    """
    if sys.platform == "win32":
        return
    times = os.times()
    until = int(times.user + times.system + seconds) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (until, resource.RLIM_INFINITY))
    most = resource.RLIM_INFINITY
    if memory is not None and bytes_of_memory is not None:
        pages = int(os.pread(memory, 100, 0).split()[0])
        most = pages * resource.getpagesize() + bytes_of_memory + _SPARE
    resource.setrlimit(resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))
