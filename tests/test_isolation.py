"""A decoder in a process of its own may crash, hang, or take too much: that costs one picture."""

import os
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from florist.errors import DecoderError, ImageError, TooCostlyError
from florist.formats import formats
from florist.images import DEFAULT_LIMITS, ImageSpec, Limits, copy_without_metadata, load_picture
from florist.images.costs import ANY, CHEAP, CostlyError, Price
from florist.images.isolation import SANDBOXES, Bounds, Sandboxes
from florist.images.picture import load_isolated, load_within
from tests.conftest import COLOURS, noisy_picture
from tests.costly_pictures import jpeg, run_length_bmp, with_scans
from tests.web.conftest import encoded

SPEC = ImageSpec(size=40)
NONSENSE = struct.pack(">QQ", 4, 0) + b"[[{x"
SOME = Price(1, 64 * 2**20)
KINDS = [
    *(("JPEG", mode) for mode in ("L", "RGB", "CMYK")),
    *(("PNG", mode) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")),
    *(("TIFF", mode) for mode in ("1", "L", "RGB", "RGBA", "CMYK", "I;16", "I")),
    *(("GIF", "P"), ("BMP", "RGB"), ("MPO", "RGB"), ("WEBP", "RGB"), ("WEBP", "RGBA")),
    *((kind, "RGB") for kind in ("HEIF", "AVIF") if kind in formats()),
]


@pytest.fixture
def sandboxes() -> Iterator[Sandboxes]:
    found = Sandboxes()
    yield found
    found.end()


def python(sandboxes: Sandboxes, code: str, seconds: float = 60) -> object:
    """Run an expression in a sandbox, as a decoder that was taken over would."""
    said, _ = sandboxes.run(eval, f"({{'is': {code}}}, b'')".encode(), SOME, seconds)
    return said["is"]


def pid_of(sandboxes: Sandboxes) -> int:
    pid = python(sandboxes, "__import__('os').getpid()")
    assert isinstance(pid, int)
    return pid


def is_gone(pid: int) -> bool:
    """Tell whether a process has ended; nobody may have asked yet how."""
    process = Path(f"/proc/{pid}")
    try:
        state = (process / "stat").read_text().rpartition(")")[2].split()[0]
        # Its first thread is a zombie before the others have ended: until then nobody can ask.
        return state == "Z" and len(list((process / "task").iterdir())) == 1
    except OSError:
        return True


def until(condition: Callable[[], bool]) -> None:
    ends = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < ends


@pytest.mark.parametrize(("kind", "mode"), KINDS)
def test_the_pixels_are_the_same(kind: str, mode: str) -> None:
    content = encoded(noisy_picture(COLOURS["red"], 1, 120).convert(mode), kind)
    here, there = (
        load_within(ANY, content, SPEC),
        load_isolated(SOME, content, SPEC, DEFAULT_LIMITS),
    )
    assert np.array_equal(here.pixels, there.pixels)
    assert (here.format, here.width, here.height) == (there.format, there.width, there.height)


def test_a_costly_picture_is_decoded_elsewhere() -> None:
    content = encoded(Image.new("RGB", (3000, 2000), "red"), "PNG")
    with pytest.raises(CostlyError):
        load_within(CHEAP, content, SPEC)
    assert np.array_equal(
        load_picture(content, SPEC).pixels, load_within(ANY, content, SPEC).pixels
    )
    copy = copy_without_metadata(content, 300)
    assert load_picture(copy, SPEC).width == 300


@pytest.mark.parametrize(
    "content",
    [jpeg()[:-200], run_length_bmp(60, 60)[:200], with_scans(90), b"II*\0\xff", b"", b"hello"],
    ids=["truncated", "BMP", "scans", "TIFF", "empty", "text"],
)
def test_an_error_is_the_same(content: bytes) -> None:
    with pytest.raises(ImageError) as here:
        load_within(ANY, content, SPEC)
    with pytest.raises(ImageError) as there:
        load_isolated(SOME, content, SPEC, DEFAULT_LIMITS)
    assert (type(here.value), str(here.value)) == (type(there.value), str(there.value))


@pytest.mark.parametrize(
    "code",
    [
        "__import__('os').abort()",
        "__import__('os')._exit(0)",
        "__import__('os').write(3, b'x' * 100)",
        "open('/dev/null')",
        "open('/dev/null', 'w')",
        "__import__('os').dup(0)",
        "len(bytes(300 * 2**20))",
        "{1}",
        "'x' * 100_000",
    ],
)
def test_what_a_decoder_must_not_do_costs_one_picture(sandboxes: Sandboxes, code: str) -> None:
    before = pid_of(sandboxes)
    with pytest.raises(DecoderError, match="unexpected end") as caught:
        python(sandboxes, code)
    assert caught.value.code == "decoder-failed"
    assert is_gone(before)
    assert pid_of(sandboxes) != before


def test_an_answer_is_not_believed(sandboxes: Sandboxes) -> None:
    with pytest.raises(DecoderError):
        sandboxes.run(eval, b"{}, bytes(49 * 2**20)", Price(1, 2**30), 60)
    with pytest.raises(DecoderError):
        sandboxes.run(eval, b"{'code': 'no-such'}, b''", SOME, 60)
    before = pid_of(sandboxes)
    with pytest.raises(DecoderError):  # the second answer of the two is nobody's
        python(sandboxes, f"__import__('os').write(3, {NONSENSE!r})")
    assert is_gone(before)


@pytest.mark.parametrize("code", ["__import__('time').sleep(3600)", "sum(iter(int, 1))"])
def test_a_decoding_ends_when_its_time_is_over(sandboxes: Sandboxes, code: str) -> None:
    before = pid_of(sandboxes)
    with pytest.raises(TooCostlyError, match=r"within 0\.3 s"):
        python(sandboxes, code, seconds=0.3)
    assert is_gone(before)
    assert pid_of(sandboxes) != before


def test_a_process_that_does_not_read_ends_when_its_time_is_over(sandboxes: Sandboxes) -> None:
    before = pid_of(sandboxes)
    os.kill(before, signal.SIGSTOP)
    with pytest.raises(TooCostlyError):
        sandboxes.run(eval, b"({}, b'')" + bytes(2**22), SOME, 0.3)
    assert is_gone(before)


def test_a_process_that_died_between_two_pictures_is_replaced(sandboxes: Sandboxes) -> None:
    before = pid_of(sandboxes)
    assert pid_of(sandboxes) == before
    os.kill(before, signal.SIGKILL)
    until(lambda: is_gone(before))
    assert pid_of(sandboxes) != before


def test_several_at_once_get_what_is_theirs(sandboxes: Sandboxes) -> None:
    with ThreadPoolExecutor(3) as pool:
        answers = pool.map(lambda number: python(sandboxes, str(number)), range(30))
        assert list(answers) == list(range(30))


def test_no_secret_reaches_it(sandboxes: Sandboxes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLORIST_SECRET_KEY", "secret")
    assert "secret" not in str(python(sandboxes, "dict(__import__('os').environ)"))


def test_memory_and_places_are_bounded(sandboxes: Sandboxes) -> None:
    sandboxes.bound(Bounds(places=1, memory=100 * 2**20))
    with pytest.raises(TooCostlyError, match="takes 101 MiB to decode, and there are 100"):
        sandboxes.run(eval, b"", Price(1, 101 * 2**20), 60)
    holder = pid_of(sandboxes)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(python, sandboxes, "__import__('time').sleep(3600)", 600)
        until(lambda: sandboxes.taken.places == 1)
        with pytest.raises(TooCostlyError, match="within"):
            python(sandboxes, "1", seconds=0.1)
        second = pool.submit(python, sandboxes, "2")
        os.kill(holder, signal.SIGKILL)
        with pytest.raises(DecoderError):
            first.result()
        assert second.result() == 2
    assert sandboxes.taken == Bounds(0, 0)


PARENT = """
import os, sys
from florist.images.costs import Price
from florist.images.isolation import SANDBOXES
said, _ = SANDBOXES.run(eval, b"({'pid': __import__('os').getpid()}, b'')", Price(1, 2**26), 60)
print(said["pid"], flush=True)
SANDBOXES.run(eval, b"__import__('time').sleep(3600)", Price(1, 2**26), 3600)
"""


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGINT])
def test_it_ends_with_its_parent(by: signal.Signals) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert not is_gone(pid)
    if by == signal.SIGINT:
        os.killpg(parent.pid, by)  # as Ctrl-C does
    else:
        parent.kill()
    assert parent.wait(30) != 0
    parent.stdout.close()
    until(partial(is_gone, pid))


def test_time_is_a_limit_of_a_picture_as_others_are() -> None:
    content = encoded(Image.new("RGB", (3000, 2000), "red"), "PNG")
    with pytest.raises(TooCostlyError, match="within 0 s"):
        load_picture(content, SPEC, Limits(seconds=0))
    assert SANDBOXES.taken == Bounds(0, 0)
