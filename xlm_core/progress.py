"""How far a long job is, on standard error, for people who watch it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

_SECONDS = 0.2
_ITEMS = 64
"""How many items pass between two looks at the clock."""


def track(items: Iterable[T], what: str, show: bool | None = None) -> Iterator[T]:
    """The items; meanwhile one line says how many of ``what`` have passed, and how fast.

    ``show=None`` shows it if standard error is a terminal.
    """
    return _track(items, what) if is_shown(show) else iter(items)


def is_shown(show: bool | None) -> bool:
    """What was asked for, or else whether anybody is watching: whether standard error is a terminal."""
    return sys.stderr.isatty() if show is None else show


def _track(items: Iterable[T], what: str) -> Iterator[T]:
    start = shown = time.monotonic()
    count = 0
    for count, item in enumerate(items, start=1):
        yield item
        if count % _ITEMS == 0 and (now := time.monotonic()) > shown + _SECONDS:
            shown = now
            _write(count, what, now - start)
    _write(count, what, time.monotonic() - start, "\n")


def _write(count: int, what: str, seconds: float, end: str = "") -> None:
    sys.stderr.write(f"\r{count:,} {what}, {count / max(seconds, 1e-6):,.0f}/s{end}")
    sys.stderr.flush()
