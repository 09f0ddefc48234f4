"""The socket on which clients arrive, and how it is closed without a loss."""

import socket
import struct
import sys
from array import array
from contextlib import suppress
from typing import Final

# linux/filter.h, asm-generic/socket.h and RFC 9293; Python has no names for them.
_SO_ATTACH_FILTER: Final = 26
_SO_DETACH_FILTER: Final = 27
_FLAGS_AT, _SYN, _ALL = 13, 0x02, 0xFFFFFFFF
_DROP_NEWCOMERS: Final = (
    (0x30, 0, 0, _FLAGS_AT),  # load the byte of the TCP header that holds its flags
    (0x45, 0, 1, _SYN),  # where SYN is set go on, else skip one
    (0x06, 0, 0, 0),  # keep nothing of the packet
    (0x06, 0, 0, _ALL),  # keep the packet
)


def drop_newcomers(listener: socket.socket) -> None:
    """Let Linux drop the first packet of each new connection.

    A connection that came in between the last look and the closing of the socket would be reset. A
    client whose first packet was dropped tries again a second later, and is refused properly.
    """
    if sys.platform == "linux":
        steps = array("B", b"".join(struct.pack("HBBI", *step) for step in _DROP_NEWCOMERS))
        program = struct.pack("HL", len(_DROP_NEWCOMERS), steps.buffer_info()[0])
        with suppress(OSError):  # some systems allow that to root only, which a container is not
            listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)


def admit_newcomers(listener: socket.socket) -> None:
    """Undo it: another process that shares the socket may have stopped, and this one has not."""
    if sys.platform == "linux":
        with suppress(OSError):  # there is nothing to undo
            listener.setsockopt(socket.SOL_SOCKET, _SO_DETACH_FILTER, 0)


def accept_the_last(listener: socket.socket) -> list[socket.socket]:
    """Take in, right before the door is closed, who already stands before it.

    Where newcomers cannot be dropped this has to do, and only who comes in the very moment between
    this and the closing is reset.
    """
    accepted: list[socket.socket] = []
    while True:
        try:
            accepted.append(listener.accept()[0])
        except OSError:
            return accepted
        accepted[-1].setblocking(False)
