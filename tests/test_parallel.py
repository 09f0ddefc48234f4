"""Work by several threads: order, bounds, and what an error or an early end leaves behind."""

import threading
from collections.abc import Iterator
from itertools import count, islice

import pytest

from florist.parallel import in_order
from florist.system import cpu_limit

AHEAD = 2 * cpu_limit() + 1


def test_results_come_in_order_from_as_many_threads_as_there_are_cpus() -> None:
    together = threading.Barrier(cpu_limit())

    def work(number: int) -> int:
        together.wait(timeout=30)  # nobody passes before all threads are at work
        return number * number

    numbers = range(20 * cpu_limit())
    assert list(in_order(work, numbers)) == [number * number for number in numbers]


def test_nothing_is_no_result() -> None:
    assert list(in_order(str, [])) == []


def test_only_a_few_items_are_asked_for_ahead() -> None:
    asked: list[int] = []

    def endless() -> Iterator[int]:
        for number in count():
            asked.append(number)
            yield number

    assert list(islice(in_order(str, endless()), 50)) == [str(number) for number in range(50)]
    assert len(asked) <= 50 + AHEAD


def test_an_error_comes_in_its_turn_and_ends_the_work() -> None:
    begun: list[int] = []

    def work(number: int) -> int:
        begun.append(number)
        if number == 5:
            raise ValueError(f"no {number}")
        return number

    results = in_order(work, range(1000))
    assert [next(results) for _ in range(5)] == [0, 1, 2, 3, 4]
    with pytest.raises(ValueError, match="no 5"):
        next(results)
    assert max(begun) <= 5 + AHEAD


def test_who_stops_early_leaves_no_thread_behind() -> None:
    before = threading.active_count()
    results = in_order(str, count())
    assert isinstance(results, Iterator)
    assert next(results) == "0"
    assert threading.active_count() > before
    del results
    assert threading.active_count() == before
