"""What becomes of the work when processes die of it."""

from collections import Counter

from florist.batch.pieces import Piece, Pieces


def deaths_of(killers: set[int], pictures: int = 16) -> tuple[list[Piece], Counter[int]]:
    """Do a shard with pictures that kill; return what was done, and the deaths by size."""
    pieces = Pieces([Piece(shard=0, first=0, last=pictures)])
    done: list[Piece] = []
    deaths: Counter[int] = Counter()
    while pieces:
        piece = pieces.take()
        assert piece is not None
        if not piece.lost and killers & {*range(piece.first, piece.last)}:
            deaths[len(piece)] += 1
            pieces.died(piece)
        else:
            done.append(piece)
            pieces.done()
    return done, deaths


def test_nobody_dies() -> None:
    done, deaths = deaths_of(set())
    assert [(piece.first, piece.last, piece.whole) for piece in done] == [(0, 16, True)]
    assert not deaths


def test_the_one_picture_is_found_and_the_others_are_done_once() -> None:
    done, deaths = deaths_of({5})
    assert deaths == {16: 3, 8: 1, 4: 1, 2: 1, 1: 3}
    assert sorted(number for piece in done for number in range(piece.first, piece.last)) == [
        *range(16)
    ]
    assert [piece.first for piece in done if piece.lost] == [5]
    assert not any(piece.whole for piece in done)


def test_a_picture_alone_in_its_shard_is_tried_three_times() -> None:
    done, deaths = deaths_of({0}, pictures=1)
    assert deaths == {1: 3}
    assert [(piece.whole, piece.lost) for piece in done] == [(True, True)]


def test_several_killers() -> None:
    done, _ = deaths_of({0, 7, 15})
    assert sorted(piece.first for piece in done if piece.lost) == [0, 7, 15]


def test_an_accident_is_no_verdict() -> None:
    pieces = Pieces([Piece(shard=0, first=0, last=16)])
    for _ in range(2):
        piece = pieces.take()
        assert piece
        pieces.died(piece)
    again = pieces.take()
    assert again
    assert (again.first, again.last, again.whole, again.lost) == (0, 16, True, False)
    assert pieces.take() is None
    assert len(pieces) == 1  # taken, and not yet reported
