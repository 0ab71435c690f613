"""What `torch.load` reads, written without PyTorch: a zip with a pickle of plain values and tensors.

The pickle has only what PyTorch's own reader of weights (`weights_only=True`) takes: containers, numbers, texts, and
tensors rebuilt from storages, which are entries of the zip.

Source: torch/serialization.py, `_save`; c10's `PyTorchStreamWriter`, for the entries and the alignment of storages.
"""

from __future__ import annotations

import math
import struct
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np

from ..errors import InputError
from .base import Checkpoint, StoredArray, encoded, kept_dtype, numbers, source, writing
from .torch_pickle import STORAGES

ALIGNMENT = 64
DATE = (1980, 1, 1, 0, 0, 0)
EXTRA_HEADER = struct.Struct("<2sH")
LOCAL_HEADER_SIZE = 30
ZIP64_EXTRA_SIZE = 20
LARGE = 2**31
ROOT = "archive"
CLASSES = {dtype: name for name, dtype in STORAGES.items()}
BATCH = 1000


@dataclass
class Pickle:
    """A pickle in the making, and the arrays that its tensors are views of, by storage key."""

    dtype: str | None
    pieces: list[bytes] = field(default_factory=lambda: [b"\x80\x02"])
    storages: dict[str, tuple[StoredArray, str]] = field(default_factory=dict)
    keys: dict[tuple[Any, ...], str] = field(default_factory=dict)

    def add(self, value: Any) -> None:
        """Append a value; an array becomes a tensor.

        Raises: InputError for anything but None, numbers, texts, arrays, lists, tuples and mappings.
        """
        if isinstance(value, np.ndarray):
            self._tensor(source({"": value}, ""))
        elif isinstance(value, StoredArray):
            self._tensor(value)
        elif isinstance(value, Mapping):
            self._mapping(value)
        elif type(value) in WRITERS:
            WRITERS[type(value)](self, value)
        else:
            raise InputError(f"a PyTorch file must hold arrays and plain values; got a {type(value).__name__}.")

    def say(self, *pieces: bytes) -> None:
        """Append instructions."""
        self.pieces.extend(pieces)

    def _mapping(self, table: Mapping[Any, Any]) -> None:
        self.say(b"}")
        entries = [(key, source(table, key) if isinstance(table, Checkpoint) else table[key]) for key in table]
        for start in range(0, len(entries), BATCH):
            self.say(b"(")
            for key, value in entries[start : start + BATCH]:
                self.add(key)
                self.add(value)
            self.say(b"u")

    def _tensor(self, array: StoredArray) -> None:
        key, kept = self._storage(array)
        shape = tuple(array.shape)
        strides = tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))
        self.say(b"ctorch._utils\n_rebuild_tensor_v2\n((")
        self.add("storage")
        self.say(f"ctorch\n{CLASSES[kept]}\n".encode())
        self.add_all(key, "cpu", math.prod(shape))
        self.say(b"tQ")
        self.add_all(0, shape, strides, False)
        self.say(b"ccollections\nOrderedDict\n)RtR")

    def add_all(self, *values: Any) -> None:
        """Append several values."""
        for value in values:
            self.add(value)

    def _storage(self, array: StoredArray) -> tuple[str, str]:
        """Key and number format of an array's storage; the same numbers in memory are stored once."""
        kept = kept_dtype(array, self.dtype)
        if kept not in CLASSES:
            raise InputError(f"a PyTorch file must hold numbers of type {', '.join(CLASSES)}; got {kept}.")
        view = array.read()
        place = (view.__array_interface__["data"], view.shape, view.strides, kept, view.size or len(self.keys))
        key = self.keys.setdefault(place, str(len(self.keys)))
        self.storages.setdefault(key, (array, kept))
        return key, kept


def _number(pickle: Pickle, value: int) -> None:
    is_short = -(2**31) <= value < 2**31
    size = 4 if is_short else value.bit_length() // 8 + 1
    start = b"J" if is_short else b"\x8a" + bytes([size])
    pickle.say(start, value.to_bytes(size, "little", signed=True))


def _text(pickle: Pickle, value: str) -> None:
    encoded = value.encode("utf-8", "surrogatepass")
    pickle.say(b"X", len(encoded).to_bytes(4, "little"), encoded)


def _sequence(start: bytes, end: bytes) -> Callable[[Pickle, Any], None]:
    def write(pickle: Pickle, values: Any) -> None:
        pickle.say(start)
        for value in values:
            pickle.add(value)
        pickle.say(end)

    return write


WRITERS: dict[type, Callable[[Pickle, Any], None]] = {
    bool: lambda pickle, value: pickle.say(b"\x88" if value else b"\x89"),
    float: lambda pickle, value: pickle.say(b"G", struct.pack(">d", value)),
    int: _number,
    list: _sequence(b"](", b"e"),
    str: _text,
    tuple: _sequence(b"(", b"t"),
    type(None): lambda pickle, value: pickle.say(b"N"),
}


def write(path: Path, value: Mapping[str, Any], dtype: str | None = None) -> None:
    """Write a mapping whose arrays become tensors: weights by name, or what the original's trainer saves.

    ``dtype`` is the format of floating-point arrays in the file, None keeps each as it is. Arrays that are the same
    memory share a storage, as tied weights do.

    Raises: InputError if ``dtype`` is not a floating-point format, CheckpointError if numbers do not fit it,
    FetchError if the file cannot be written.
    """
    pickle = Pickle(dtype)
    pickle.add(value)
    with writing(path) as temporary, temporary.open("wb") as file, zipfile.ZipFile(file, "w") as archive:
        for name, data in _entries(pickle):
            _store(archive, file, f"{ROOT}/{name}", data)


def _entries(pickle: Pickle) -> Iterator[tuple[str, memoryview]]:
    """Name and bytes of what lies in the zip."""
    yield "data.pkl", memoryview(b"".join([*pickle.pieces, b"."]))
    yield "byteorder", memoryview(b"little")
    for key, (array, kept) in pickle.storages.items():
        yield f"data/{key}", encoded(numbers(array.origin or f"storage {key}", array, kept))
    yield "version", memoryview(b"3\n")


def _store(archive: zipfile.ZipFile, file: IO[bytes], name: str, data: memoryview) -> None:
    """Write an entry as it is, its first byte at a multiple of 64, so that it can be mapped."""
    entry = zipfile.ZipInfo(name, DATE)
    is_large = data.nbytes >= LARGE
    used = file.tell() + LOCAL_HEADER_SIZE + len(name.encode()) + EXTRA_HEADER.size + ZIP64_EXTRA_SIZE * is_large
    padding = -used % ALIGNMENT
    entry.extra = EXTRA_HEADER.pack(b"FB", padding) + b"Z" * padding
    with archive.open(entry, "w", force_zip64=is_large) as target:
        target.write(data)
