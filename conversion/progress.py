"""How much of a folder has been written, on standard error, for people who watch it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xlm_core.progress import is_shown

from .answers import size

SECONDS = 0.2


@contextmanager
def watching(folder: Path, total: int, show: bool | None) -> Iterator[None]:
    """While the block runs, one line says how much lies in ``folder`` of the ``total`` that is to come.

    ``show=None`` shows it if standard error is a terminal. Writers need not know that they are watched.
    """
    if not is_shown(show):
        yield
        return
    done = threading.Event()
    watcher = threading.Thread(target=_watch, args=(folder, total, done), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
        _write(folder, total, "\n")


def _watch(folder: Path, total: int, done: threading.Event) -> None:
    while not done.wait(SECONDS):
        _write(folder, total)


def _write(folder: Path, total: int, end: str = "") -> None:
    sys.stderr.write(f"\r{size(_filled(folder))} of {size(total)} written{end}")
    sys.stderr.flush()


def _filled(folder: Path) -> int:
    """The bytes in a folder whose files are being renamed meanwhile."""
    return sum(_length(path) for path in folder.iterdir())


def _length(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
