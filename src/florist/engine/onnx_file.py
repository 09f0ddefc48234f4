"""An ONNX file, looked at and added to without a runtime: what is in it is not run to find out.

It is a message of Protocol Buffers (https://protobuf.dev/programming-guides/encoding), whose fields
have the numbers of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
"""

from collections.abc import Iterator
from typing import Final

from florist.errors import BundleError

# Message → those of its fields that are looked into, and what they hold.
_INSIDE: Final[dict[str, dict[int, str]]] = {
    "model": {7: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse tensor"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 10: "tensor", 22: "sparse tensor", 23: "sparse tensor"},
    "sparse tensor": {1: "tensor", 2: "tensor"},
    "tensor": {},
}

_FUNCTIONS: Final = (
    "has functions of its own, of which a few lines make a network of any size. Export it with "
    "them inlined."
)
_GRAPHS: Final = (
    "has a graph inside its graph (If, Loop, Scan), and could compute without end. Export it "
    "without."
)
_EXTERNAL: Final = (
    "keeps numbers in another file, which no digest vouches for. Export it as one file."
)
# Message → those of its fields that are refused, and why.
_REFUSED: Final[dict[str, dict[int, str]]] = {
    "model": {25: _FUNCTIONS},
    "attribute": {6: _GRAPHS, 11: _GRAPHS},
    "tensor": {13: _EXTERNAL, 14: _EXTERNAL},
}

_MOST_FIELDS: Final = 1_000_000
"""(20,000, of ConvNeXt in 8 bits) Each takes about a microsecond."""

_DEFAULT: Final = b"\0"
"""A field that says what is meant without it, as some exporters write `data_location`."""

# Where a field's number and its value begin, and where it ends.
_Field = tuple[int, int, int]


def require_feed_forward(content: bytes, where: str) -> None:
    """Check that a network computes straight from its input to its outputs, out of its own file.

    Raises `BundleError` where it could loop or grow without end, would read other files, or is no
    ONNX; `where` is what it calls the file.
    """
    messages, fields = [("model", 0, len(content))], 0
    while messages:
        message, begin, end = messages.pop()
        try:
            for number, start, stop in _fields(content, begin, end):
                fields += 1
                reason = _REFUSED.get(message, {}).get(number)
                if reason is not None and content[start:stop] != _DEFAULT:
                    raise BundleError(f"{where} {reason}")
                if number in _INSIDE[message]:
                    messages.append((_INSIDE[message][number], start, stop))
                if fields > _MOST_FIELDS:
                    raise BundleError(f"{where} has more than {_MOST_FIELDS:,} parts.")
        except ValueError as error:
            raise BundleError(
                f"{where} is no ONNX file ({error}). Export the network as ONNX, or train it again."
            ) from error


def with_output(network: bytes, name: str) -> bytes:
    """Make a tensor inside an ONNX file one of its outputs.

    Protocol Buffers read one message after another as both together, with the lists joined
    (https://protobuf.dev/programming-guides/encoding/#last-one-wins), so the file gets a second
    graph with nothing but the output: fields 7 of `ModelProto`, 12 of `GraphProto`, 1 of
    `ValueInfoProto`.
    """
    message = name.encode()
    for field in (1, 12, 7):
        message = bytes([field << 3 | 2, len(message)]) + message
    return network + message


def _fields(content: bytes, place: int, end: int) -> Iterator[_Field]:
    """Yield the fields of a message that lies between two places of a file.

    Strict: what two readers could take for two things is an error.

    Raises `ValueError`.
    """
    while place < end:
        tag, start = _varint(content, place, most_bytes=5)
        if tag >= 2**32:  # some readers would drop the upper bits
            raise ValueError(f"the field at byte {place} has no number")
        match tag & 7:
            case 0:
                stop = _varint(content, start, most_bytes=10)[1]
            case 1:
                stop = start + 8
            case 2:
                size, start = _varint(content, start, most_bytes=5)
                stop = start + size
            case 5:
                stop = start + 4
            case _:
                raise ValueError(f"the field at byte {place} is of an unknown type")
        if stop > end:
            raise ValueError(f"the field at byte {place} is cut off")
        yield tag >> 3, start, stop
        place = stop


def _varint(content: bytes, place: int, *, most_bytes: int) -> tuple[int, int]:
    """Return a number of variable length, and where it ends."""
    value = 0
    for index, byte in enumerate(content[place : place + most_bytes]):
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value, place + index + 1
    raise ValueError(f"the number at byte {place} does not end")
