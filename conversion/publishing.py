"""Files that appear together: written beside their folder, then moved into it, the one that readers ask for last."""

from __future__ import annotations

import secrets
import shutil
import signal
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from xlm_core.errors import FetchError, XLMError

NEW, OLD = "new", "old"


@contextmanager
def staging(target: Path) -> Iterator[Path]:
    """A new folder on the disk of ``target``, whose files `publish` moves there; it is gone when the block ends.

    Raises: FetchError if no folder can be made there.
    """
    workspace = target.parent / f".{target.name}.{secrets.token_hex(4)}.tmp"
    try:
        (workspace / NEW).mkdir(parents=True)
        (workspace / OLD).mkdir()
        yield workspace / NEW
    except XLMError:
        raise
    except OSError as error:
        said = error.strerror or error
        raise FetchError(f"`{target}` must be a folder that can be written to; got: {said}.") from error
    finally:
        shutil.rmtree(workspace, ignore_errors=True)


def publish(staged: Path, target: Path, names: Sequence[str], stale: Collection[str] = ()) -> None:
    """Move the files ``names`` of a folder of `staging` into ``target``, and those that are ``stale`` out of it.

    A target that is not there appears at once, and so does a single file. Otherwise the last of the names is the file
    that nothing can be read without: while others change, the target has none. Whoever reads meets the old files, the
    new ones, or a folder that says what it lacks; where a move fails, the old files come back.
    """
    with _uninterrupted():
        if not target.exists():
            staged.rename(target)
        elif len(names) == 1 and not {*stale} - {*names}:
            (staged / names[0]).replace(target / names[0])
        else:
            _exchange(staged, target, names, stale)


def _exchange(staged: Path, target: Path, names: Sequence[str], stale: Collection[str]) -> None:
    old = staged.with_name(OLD)
    leaving = [name for name in dict.fromkeys((names[-1], *stale, *names)) if (target / name).exists()]
    try:
        _move(leaving, target, old)
        _move(names, staged, target)
    except OSError:
        _move([name for name in reversed(names) if not (staged / name).exists()], target, staged)
        _move([name for name in reversed(leaving) if (old / name).exists()], old, target)
        raise


def _move(names: Iterable[str], source: Path, target: Path) -> None:
    for name in names:
        (source / name).rename(target / name)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ctrl-C comes too late here: what is left to do takes milliseconds."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
