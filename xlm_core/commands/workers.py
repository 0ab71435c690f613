"""A function over a stream, in other processes if asked: in order, and in bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_AHEAD = 2
"""How many items each process may have before it that are not yet asked for."""


def map_in_order(function: Callable[[T], R], items: Iterable[T], num_workers: int) -> Iterator[R]:
    """Results in the order of the items; one worker is this process.

    Function, items and results must be picklable. The function is sent to each process once.
    """
    if num_workers == 1:
        yield from map(function, items)
        return
    context = get_context("spawn")
    with ProcessPoolExecutor(num_workers, context, initializer=_keep, initargs=(function,)) as pool:
        yield from _ahead((pool.submit(_call, item) for item in items), _AHEAD * num_workers)


def _ahead(futures: Iterator[Future[R]], most: int) -> Iterator[R]:
    waiting: deque[Future[R]] = deque()
    try:
        for future in futures:
            waiting.append(future)
            if len(waiting) > most:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


_kept: list[Callable[[Any], Any]] = []
"""In a worker: the function that it was started for."""


def _keep(function: Callable[[Any], Any]) -> None:
    _kept[:] = [function]


def _call(item: Any) -> Any:
    return _kept[0](item)
