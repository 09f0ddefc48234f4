"""The system calls of another process, to be let through, failed or never returned from.

A filter that a process puts on itself hands those that change files to whoever holds its other end
(seccomp_unotify(2)). What a compiled library writes is seen like what Python writes, and a call
fails as if the kernel had failed it. Linux on x86-64.
"""

import ctypes
import fcntl
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# Name and arguments of each call: a descriptor, a path, or the descriptor of a path's folder.
_CALLS: Final = {
    1: ("write", "f"),
    2: ("open", "p"),
    18: ("write", "f"),  # pwrite64
    20: ("write", "f"),  # writev
    40: ("write", "f"),  # sendfile
    74: ("fsync", "f"),
    75: ("fsync", "f"),  # fdatasync
    76: ("truncate", "p"),
    77: ("truncate", "f"),
    82: ("rename", "pp"),
    83: ("mkdir", "p"),
    84: ("rmdir", "p"),
    85: ("open", "p"),  # creat
    86: ("link", "pp"),
    87: ("unlink", "p"),
    90: ("chmod", "p"),
    91: ("chmod", "f"),
    257: ("open", "dp"),
    258: ("mkdir", "dp"),
    263: ("unlink", "dp"),
    264: ("rename", "dpdp"),
    265: ("link", "dpdp"),
    268: ("chmod", "dp"),
    285: ("write", "f"),  # fallocate
    296: ("write", "f"),  # pwritev
    316: ("rename", "dpdp"),
}
_FLAGS_OF_OPEN: Final = {2: 1, 257: 2}  # which argument says whether it is for writing

_SYS_SECCOMP, _SET_MODE_FILTER, _NEW_LISTENER, _NO_NEW_PRIVS = 317, 1, 8, 38
_X86_64: Final = 0xC000003E
_ALLOW, _NOTIFY = 0x7FFF0000, 0x7FC00000
_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data

_NOTIFICATION: Final = struct.Struct("=QIIiIQ6Q")
_RESPONSE: Final = struct.Struct("=QqiI")
_RECEIVE, _SEND = 0xC0502100, 0xC0182101
_CONTINUE: Final = 1
_AT_FDCWD: Final = 2**32 - 100


@dataclass(frozen=True)
class Call:
    """A call that waits to be answered: what it would do, to which paths, in which process."""

    id: int
    process: int
    name: str
    paths: tuple[str, ...]


def watch_this_process() -> int:
    """Put the filter on this thread and all that it starts; return the descriptor to answer at.

    Whoever calls this must hand the descriptor on at once, by nothing that the filter stops.
    """
    program = list(_program())
    instructions = b"".join(struct.pack("=HBBI", *each) for each in program)
    buffer = ctypes.create_string_buffer(instructions)
    head = struct.pack("=HxxxxxxQ", len(program), ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0) == 0:
        listener = int(libc.syscall(_SYS_SECCOMP, _SET_MODE_FILTER, _NEW_LISTENER, head))
        if listener >= 0:
            return listener
    raise OSError(ctypes.get_errno(), "No filter of system calls can be set here")


def _program() -> Iterator[tuple[int, int, int, int]]:
    """Yield (code, jump if true, jump if false, operand) of the filter's tests."""
    yield _LOAD, 0, 0, _ARCHITECTURE
    yield _EQUAL, 1, 0, _X86_64
    yield _RETURN, 0, 0, _ALLOW
    for number in _CALLS:
        yield _LOAD, 0, 0, _NUMBER
        if number in _FLAGS_OF_OPEN:
            yield _EQUAL, 0, 3, number
            yield _LOAD, 0, 0, _ARGUMENTS + 8 * _FLAGS_OF_OPEN[number]
            yield _ANY_BIT, 0, 1, os.O_WRONLY | os.O_RDWR | os.O_CREAT
        else:
            yield _EQUAL, 0, 1, number
        yield _RETURN, 0, 0, _NOTIFY
    yield _RETURN, 0, 0, _ALLOW


def receive(listener: int) -> Call | None:
    """Return the call that waits, or None where its process has died meanwhile."""
    buffer = bytearray(_NOTIFICATION.size)
    try:
        fcntl.ioctl(listener, _RECEIVE, buffer)
        identity, process, _, number, _, _, *arguments = _NOTIFICATION.unpack(buffer)
        name, kinds = _CALLS[number]
        return Call(identity, process, name, tuple(_paths(process, kinds, arguments)))
    except (FileNotFoundError, ProcessLookupError):
        return None


def answer(listener: int, call: Call, error: int | None) -> None:
    """Let a call through, or make it fail with an error number.

    Of `fsync` it is said that it was done: what the disk has makes no difference to processes.
    """
    done = call.name == "fsync" or error
    response = _RESPONSE.pack(call.id, 0, -(error or 0), 0 if done else _CONTINUE)
    try:
        fcntl.ioctl(listener, _SEND, response)
    except FileNotFoundError:  # the process has died meanwhile
        return


def _paths(process: int, kinds: str, arguments: list[int]) -> Iterator[str]:
    folder = "cwd"
    for kind, argument in zip(kinds, arguments, strict=False):
        if kind == "p":
            yield str(_link(process, folder) / _text(process, argument))
        elif kind == "f":
            yield str(_link(process, f"fd/{argument & 0xFFFFFFFF}"))
        else:
            number = argument & 0xFFFFFFFF
            folder = "cwd" if number == _AT_FDCWD else f"fd/{number}"


def _link(process: int, name: str) -> Path:
    return Path(f"/proc/{process}/{name}").readlink()


def _text(process: int, address: int) -> str:
    """Read a string out of a process' memory; one never crosses into a page that is not there."""
    with Path(f"/proc/{process}/mem").open("rb", buffering=0) as memory:
        text = b""
        while b"\0" not in text:
            memory.seek(address + len(text))
            text += memory.read(4096 - (address + len(text)) % 4096)
    return os.fsdecode(text.split(b"\0", 1)[0])
