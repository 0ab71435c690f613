"""Files of text as a stream of lines: plain or gzip, UTF-8, of any size."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from ..errors import FetchError, InputError

_GZIP = b"\x1f\x8b"
_BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"


@contextmanager
def open_bytes(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """A file to read; what gzip has compressed is known by its first bytes.

    Raises: FetchError if it cannot be opened.
    """
    try:
        file = Path(path).open("rb")  # noqa: SIM115  it is closed below; only opening it fails so
    except OSError as error:
        raise FetchError(f"the file `{os.fspath(path)}` must be readable; {error.strerror}.") from error
    with file:
        if not file.peek(2).startswith(_GZIP):
            yield file
            return
        with gzip.open(file) as unpacked:
            yield cast("IO[bytes]", unpacked)


def read_texts(path: str | os.PathLike[str]) -> Iterator[str]:
    """The lines of a file without their ends.

    Raises: FetchError if it cannot be opened, or is cut short; InputError, with the line's number, if one is no UTF-8.
    """
    with open_bytes(path) as file:
        for number, line in enumerate(unbroken(file, os.fspath(path)), start=1):
            yield decode(line, f"line {number} of `{os.fspath(path)}`", is_first=number == 1)


def unbroken(file: IO[bytes], name: object) -> Iterator[bytes]:
    """The lines of a file.

    Raises: FetchError if it is compressed and damaged.
    """
    try:
        yield from file
    except (EOFError, gzip.BadGzipFile, OSError) as error:
        raise FetchError(f"the file `{name}` must be whole; {error}. Fetch it again.") from error


def decode(line: bytes, name: str, is_first: bool = False) -> str:
    """The text of a line without its end; without a byte-order mark in front of a first one.

    Raises: InputError, with ``name``, if it is no UTF-8.
    """
    try:
        text = line.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise InputError(f"{name} must be UTF-8; {error.reason} at byte {error.start + 1}.") from error
    return text.removeprefix(_BYTE_ORDER_MARK) if is_first else text
