"""The door to h5py: files of plain arrays, which are found by the library and mapped by us.

An HDF5 file can point at other files, unpack itself without end and run in circles. Nothing of that belongs in a
checkpoint: a file may hold groups and arrays that lie in it in one piece each, and nothing else.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from .base import Array, StoredArray, damaged, numpy_dtype, writing
from .pickles import Refused
from .zips import Window

DTYPES = (
    "bool",
    "float16",
    "float32",
    "float64",
    "int16",
    "int32",
    "int64",
    "int8",
    "uint16",
    "uint32",
    "uint64",
    "uint8",
)
MAX_DEPTH = 32
MAX_OBJECTS = 100_000
DISTRUST = "Do not trust this checkpoint; nothing outside of it was read."
SAVE_PLAIN = "Save it again with the library that made it, without compression."


def read(path: Path, source: memoryview) -> dict[str, StoredArray]:
    """The arrays of a file whose bytes are given, by path without the first slash; they are views of the bytes.

    Raises: CheckpointError if it is damaged, points to elsewhere, or holds packed arrays.
    """
    try:
        return _read(source)
    except Refused as error:
        raise damaged(path, *error.args) from error
    except Exception as error:  # h5py raises whatever its C library calls back
        raise damaged(path, f"must be a whole HDF5 file; {str(error) or type(error).__name__}") from error


def _read(source: memoryview) -> dict[str, StoredArray]:
    import h5py

    with h5py.File(Whole(source), "r") as file:
        walk = _Walk(source)
        walk.group("", file, 0)
        return walk.arrays


@contextmanager
def created(path: Path) -> Iterator[Any]:
    """A new file of h5py to write to, in the layout that every version reads; it takes its name at the end.

    Raises: FetchError as `writing` does.
    """
    import h5py

    with writing(path) as temporary, temporary.open("w+b", buffering=0) as file:
        sink = Sink(file)
        with h5py.File(sink, "w", libver="earliest") as content:
            yield content
        if sink.error is not None:
            raise sink.error


class Whole(Window):
    """Mapped bytes for HDF5 to read from, which must not look for any behind their end: a sound file has none there.

    HDF5 itself takes as much memory as a file asks for, and finds out later.
    """

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # what h5py hands over
        """Fill a buffer.

        Raises: ValueError if there are not so many bytes.
        """
        if self.position + len(buffer) > len(self.source):
            raise ValueError(f"it refers to {len(buffer)} bytes at {self.position}, behind its end")
        return super().readinto(buffer)


class Sink(io.RawIOBase):
    """A file for HDF5 to write to, which brings the whole process down if writing fails.

    The first ``error`` is kept, and what is written after it goes nowhere.
    """

    def __init__(self, file: io.FileIO) -> None:
        self.file = file
        self.error: OSError | None = None

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position."""
        return self.file.seek(offset, whence)

    def tell(self) -> int:
        """The position."""
        return self.file.tell()

    def readinto(self, buffer: bytearray | memoryview) -> int | None:  # type: ignore[override]  # what h5py hands over
        """Read what was written."""
        return self.file.readinto(buffer)

    def write(self, data: memoryview) -> int:  # type: ignore[override]  # what h5py hands over
        """Write all bytes, or keep the error."""
        rest = memoryview(data)
        try:
            while rest and self.error is None:
                rest = rest[self.file.write(rest) :]
        except OSError as error:
            self.error = error
        return len(data)

    def truncate(self, size: int | None = None) -> int:
        """Set the length, or keep the error."""
        try:
            return self.file.truncate(size) if self.error is None else self.file.tell()
        except OSError as error:
            self.error = error
            return self.file.tell()


def store(group: Any, name: str, array: Array, dtype: str) -> None:
    """Write an array in one of the formats of `numpy_dtype`; bfloat16 as Keras does, two bytes and an attribute."""
    if dtype == "bfloat16":
        group.create_dataset(name, data=array.view("V2")).attrs["dtype"] = dtype
    else:
        group.create_dataset(name, data=array)


class _Walk:
    """Goes through the groups of a file once."""

    def __init__(self, source: memoryview) -> None:
        self.source, self.n_objects = source, 0
        self.arrays: dict[str, StoredArray] = {}

    def group(self, path: str, group: Any, depth: int) -> None:
        """Enter what a group holds under its path."""
        if depth > MAX_DEPTH:
            raise Refused(f"must have at most {MAX_DEPTH} groups within each other; `{path:.80}…` has more", DISTRUST)
        for name in group:
            self.entry(f"{path}/{name}".lstrip("/"), group, name, depth)

    def entry(self, path: str, group: Any, name: str, depth: int) -> None:
        """Enter a group or an array."""
        import h5py

        self.n_objects += 1
        if self.n_objects > MAX_OBJECTS:
            raise Refused(f"must hold at most {MAX_OBJECTS:,} arrays and groups; it has more", DISTRUST)
        link = group.get(name, getlink=True)
        if not isinstance(link, h5py.HardLink):
            kind = type(link).__name__
            raise Refused(f"must hold its weights itself; `{path}` is a link to elsewhere ({kind})", DISTRUST)
        entry = group[name]
        if isinstance(entry, h5py.Group):
            self.group(path, entry, depth + 1)
        elif isinstance(entry, h5py.Dataset):
            self.arrays[path] = _stored(path, self.source, entry)
        else:
            raise Refused(f"must hold groups and arrays only; `{path}` is a {type(entry).__name__}", DISTRUST)


def _stored(path: str, source: memoryview, dataset: Any) -> StoredArray:
    """An array that is known to lie in the file, in one piece."""
    dtype, kind = _dtype(path, dataset), _numpy_dtype(dataset)
    _check_layout(path, dataset)
    shape, size = dataset.shape, math.prod(dataset.shape) * kind.itemsize
    start = dataset.id.get_offset() if size else 0
    if start is None or start + size > len(source) or dataset.id.get_storage_size() != size:
        raise ValueError(f"`{path}` needs {size} bytes, which are not in the file")
    return StoredArray(shape, dtype, lambda: np.ndarray(shape, kind, source, start))


def _dtype(path: str, dataset: Any) -> str:
    """The number format of an array, as `StoredArray` has it."""
    if dataset.shape is None:
        raise Refused(f"must hold arrays; `{path}` is empty")
    if dataset.dtype.str == "|V2":  # what Keras calls so in an attribute; HDF5 crashes over damaged attributes
        return "bfloat16"
    name = str(dataset.dtype.newbyteorder("=").name)
    if name not in DTYPES:
        raise Refused(f"must hold numbers of type {', '.join(DTYPES)}; `{path}` is {name:.80}", DISTRUST)
    return name


def _numpy_dtype(dataset: Any) -> np.dtype[Any]:
    return numpy_dtype("bfloat16").newbyteorder("<") if dataset.dtype.kind == "V" else dataset.dtype


def _check_layout(path: str, dataset: Any) -> None:
    """Refuse an array whose numbers are packed, in pieces, or in other files."""
    from h5py import h5d

    plan = dataset.id.get_create_plist()
    if plan.get_layout() == h5d.VIRTUAL or plan.get_external_count():
        raise Refused(f"must hold its weights itself; `{path}` lies in other files", DISTRUST)
    if plan.get_layout() != h5d.CONTIGUOUS or plan.get_nfilters():
        raise Refused(f"must hold each array in one piece; `{path}` is packed or in pieces", SAVE_PLAIN)
