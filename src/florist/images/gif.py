"""What stands before the first picture of a GIF, counted before Pillow walks over it (GIF89a)."""

from florist.images.costs import MOST_BLOCKS, Price, too_costly

_PICTURE, _END, _EXTENSION = b",;!"
_COMMENT, _APPLICATION = 0xFE, 0xFF


class _Walk:
    """A place in a file, moved on by a byte or a block, each of which counts."""

    def __init__(self, content: bytes, place: int) -> None:
        self._content, self.place, self._count = content, place, 0

    def byte(self) -> int:
        self._count += 1
        if self._count > MOST_BLOCKS:
            raise too_costly(f"a GIF of more than {MOST_BLOCKS:,} blocks before its first picture")
        self.place += 1
        return self._content[self.place - 1]

    def block(self) -> bytes:
        """Return a sub-block, empty for the one that ends an extension."""
        size = self.byte()
        self.place += size
        return self._content[self.place - size : self.place]


def check_gif(content: bytes) -> Price:
    """Check how many blocks stand before the first picture, and return what reading them costs.

    Raises `TooCostlyError`, and `IndexError` where the file ends before.
    """
    colours = 3 << (content[10] & 7) + 1 if content[10] & 0x80 else 0
    walk = _Walk(content, 13 + colours)
    while (kind := walk.byte()) not in {_PICTURE, _END}:
        if kind == _EXTENSION:
            label, block = walk.byte(), walk.block()
            # As Pillow does it: only a comment ends with a first block that is empty.
            if label == _COMMENT and not block:
                continue
            if label == _APPLICATION and block.startswith(b"NETSCAPE2.0"):
                walk.block()
            while walk.block():
                pass
    return Price(0, 2 * walk.place)
