"""Work done by several threads at once, whose results come in order."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from florist.system import cpu_limit

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def in_order(
    work: Callable[[_Item], _Result], items: Iterable[_Item], threads: int | None = None
) -> Generator[_Result]:
    """Yield `work(item)` for each item, in the order of the items.

    By default as many threads work as there are CPUs. Items are asked for in the caller's thread,
    and only a few ahead of what has been yielded, so that memory does not grow with their number.
    What `work` raises is raised here, in its turn; nothing is begun after that, nor once the caller
    stops.
    """
    threads = threads or cpu_limit()
    ahead: deque[Future[_Result]] = deque()
    pool = ThreadPoolExecutor(threads)
    try:
        for item in items:
            ahead.append(pool.submit(work, item))
            if len(ahead) > 2 * threads:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
