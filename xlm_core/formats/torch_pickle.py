"""What `torch.save` writes, read without PyTorch and without running what the pickle asks for.

A file is a pickled object, mostly a mapping from names to tensors, and the storages that the tensors are views of.
Since PyTorch 1.6 both lie in a zip; before, they follow one another: magic number, protocol, system, object, storage
keys, storages.

Source: torch/serialization.py, `_save`, `_legacy_save`; torch/_utils.py, `_rebuild_tensor_v2`.
"""

from __future__ import annotations

import math
import mmap
import re
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from .base import Array, Checkpoint, StoredArray, damaged, mapped, numpy_dtype
from .pickles import Buffer, Dictionary, Machine, Names, Refused
from .zips import Zip

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001
COUNT_BYTES = 8
MAX_PICKLE = 2**28
SAVE_STATE = "Save `model.state_dict()` itself."

STORAGES = {
    "BFloat16Storage": "bfloat16",
    "BoolStorage": "bool",
    "ByteStorage": "uint8",
    "CharStorage": "int8",
    "ComplexDoubleStorage": "complex128",
    "ComplexFloatStorage": "complex64",
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "IntStorage": "int32",
    "LongStorage": "int64",
    "ShortStorage": "int16",
}


@dataclass(frozen=True)
class StorageType:
    """Stands for a class such as `torch.FloatStorage`."""

    dtype: str


@dataclass(frozen=True)
class Storage:
    """A run of numbers in the file, which tensors are views of."""

    key: str
    dtype: str
    count: int

    @property
    def n_bytes(self) -> int:
        """How many bytes the numbers take."""
        return self.count * numpy_dtype(self.dtype).itemsize


@dataclass(frozen=True)
class Tensor:
    """A view of a storage; offset and strides are counted in elements."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


@dataclass(frozen=True)
class Saved:
    """What a file holds: an object with descriptions of tensors in it, and the bytes of their storages."""

    path: Path
    value: Any
    blocks: Mapping[str, memoryview]

    def checkpoint(self, tensors: Mapping[str, Tensor]) -> Checkpoint:
        """Tensors of the object as arrays, which are views of the mapped file."""
        return Checkpoint(self.path, {name: _stored(name, tensor, self.blocks) for name, tensor in tensors.items()})


def read(path: Path) -> Checkpoint:
    """Open a file that holds a mapping from names to tensors.

    Raises: CheckpointError if the file is damaged, holds anything but named tensors, or asks for code to be run;
    FetchError if it cannot be opened.
    """
    return checkpoint(load(path))


def checkpoint(saved: Saved) -> Checkpoint:
    """The tensors of a file that is open and holds nothing else; `read` tells what is raised."""
    try:
        return saved.checkpoint(_tensors(saved.value))
    except (Refused, ValueError) as error:
        raise refusal(saved.path, error) from error


def load(path: Path, others: Names | None = None) -> Saved:
    """What a file of either layout holds; ``others`` stand for names that are no tensors' (`Machine`).

    Raises: CheckpointError, FetchError as `read` does.
    """
    source = mapped(path)
    stand_ins = STAND_INS | dict(others or {})
    try:
        value, blocks = _load_zip(source, stand_ins) if Zip.signed(source) else _load_legacy(source, stand_ins)
    except Exception as error:  # a damaged zip or pickle fails in as many ways as it has bytes
        raise refusal(path, error) from error
    return Saved(path, value, blocks)


def refusal(path: Path, error: Exception) -> Exception:
    """The error for a file, from what was found in it."""
    if isinstance(error, Refused):
        return damaged(path, *error.args)
    return damaged(path, f"must be a whole PyTorch file; {str(error) or type(error).__name__}")


class Storages(dict[str, Storage]):
    """The storages that the tensors of a pickle are views of, by key."""

    def add(self, pid: Any) -> Storage:
        """The storage of a persistent id."""
        match pid:
            case ("storage", StorageType(dtype), str(key), str(), int(count), *view) if count >= 0 and not any(view):
                storage = Storage(key, dtype, count)
            case _:
                raise ValueError(f"it describes a storage as {reprlib.repr(pid)}")
        if self.setdefault(key, storage) != storage:
            raise ValueError(f"it describes storage {key!r:.80} in two ways")
        return storage


def _rebuild_tensor(storage: Any, offset: Any, shape: Any, strides: Any, *others: Any) -> Tensor:
    """Stands for `_rebuild_tensor_v2`; the third of ``others`` would say that the numbers are conjugated or negated."""
    if not isinstance(storage, Storage) or any(others[2:]):
        raise ValueError("it has a tensor that is no plain view of a storage")
    return Tensor(storage, offset, tuple(shape), tuple(strides))


def _rebuild_parameter(tensor: Any, *_: Any) -> Any:
    """Stands for `_rebuild_parameter`: a parameter is its tensor."""
    return tensor


STAND_INS: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): Dictionary,
    ("torch._utils", "_rebuild_parameter"): _rebuild_parameter,
    ("torch._utils", "_rebuild_tensor"): _rebuild_tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
    **{("torch", name): StorageType(dtype) for name, dtype in STORAGES.items()},
}


def _load_zip(source: mmap.mmap, stand_ins: Names) -> tuple[Any, dict[str, memoryview]]:
    """The object of a file since PyTorch 1.6, and the bytes of its storages."""
    archive = Zip(source)
    root = _root(archive)
    _check_byte_order(archive, f"{root}byteorder")
    storages = Storages()
    pickled = bytes(archive.entry(f"{root}data.pkl", MAX_PICKLE))
    value = Machine(pickled, 0, stand_ins, storages.add).run()
    blocks = {key: archive.entry(f"{root}data/{key}", storage.n_bytes) for key, storage in storages.items()}
    return value, blocks


def _root(archive: Zip) -> str:
    """The folder in the zip that everything lies in, with its slash."""
    pickles = [name for name in archive if re.fullmatch(r"[^/]+/data\.pkl", name)]
    if len(pickles) != 1:
        raise ValueError("it is a zip, but has no `data.pkl` in one folder")
    return pickles[0].removesuffix("data.pkl")


def _check_byte_order(archive: Zip, name: str) -> None:
    order = bytes(archive.entry(name, 20)) if name in archive else b"little"
    if order != b"little":
        raise ValueError(f"its numbers are {order!r} endian, and only little endian is read")


def _load_legacy(source: mmap.mmap, stand_ins: Names) -> tuple[Any, dict[str, memoryview]]:
    """The object of a file before PyTorch 1.6, and the bytes of its storages."""
    *prologue, position = _prologue(source)
    _check_prologue(*prologue)
    storages = Storages()
    value, position = _unpickle(source, position, stand_ins, storages)
    keys, position = _unpickle(source, position)
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys) or set(keys) != set(storages):
        raise ValueError(f"its tensors are views of {reprlib.repr(set(storages))}; it has {reprlib.repr(keys)}")
    blocks = {}
    for key in keys:
        blocks[key], position = _block(source, position, storages[key])
    return value, blocks


def _unpickle(
    source: Buffer, position: int, stand_ins: Names | None = None, storages: Storages | None = None
) -> tuple[Any, int]:
    """The object that is pickled at a position, and the position behind it."""
    machine = Machine(source, position, stand_ins or {}, None if storages is None else storages.add)
    return machine.run(), machine.position


def _prologue(source: Buffer) -> tuple[Any, Any, Any, int]:
    """Magic number, protocol and system of a legacy file, and the position behind them."""
    magic_number, position = _unpickle(source, 0)
    protocol, position = _unpickle(source, position)
    system, position = _unpickle(source, position)
    return magic_number, protocol, system, position


def _check_prologue(magic_number: object, protocol: object, system: object) -> None:
    if (magic_number, protocol) != (MAGIC_NUMBER, PROTOCOL) or not isinstance(system, dict):
        raise ValueError("it starts neither as a zip nor with PyTorch's magic number and protocol")
    if system.get("little_endian") is not True:
        raise ValueError("its numbers are big endian, and only little endian is read")


def _block(source: mmap.mmap, position: int, storage: Storage) -> tuple[memoryview, int]:
    """The bytes of the storage at a position, a count of numbers and the numbers, and the position behind them."""
    start = position + COUNT_BYTES
    count = int.from_bytes(source[position:start], "little")
    if count != storage.count:
        raise ValueError(f"storage {storage.key} must have {storage.count} numbers; it has {count}")
    return memoryview(source)[start : start + storage.n_bytes], start + storage.n_bytes


def _tensors(loaded: object) -> dict[str, Tensor]:
    """The mapping that a file must hold."""
    if not isinstance(loaded, dict):
        raise Refused(f"must be a plain mapping from names to tensors; it holds a {kind(loaded)}", SAVE_STATE)
    for name, tensor in loaded.items():
        if not isinstance(name, str) or not isinstance(tensor, Tensor):
            entries = ", ".join(f"{key!r:.80}: {kind(value)}" for key, value in islice(loaded.items(), 5))
            raise Refused(f"must be a plain mapping from names to tensors; it holds {{{entries}}}", SAVE_STATE)
    return loaded


def kind(value: object) -> str:
    """What a thing is called in Python."""
    return "dict" if isinstance(value, Dictionary) else type(value).__name__


def _stored(name: str, tensor: Tensor, blocks: Mapping[str, memoryview]) -> StoredArray:
    """A tensor of the pickle as an array, whose every number is known to lie in its storage."""
    storage = tensor.storage
    block = blocks[storage.key][: storage.n_bytes]
    if len(block) < storage.n_bytes:
        raise ValueError(f"`{name}` needs {storage.n_bytes} bytes of storage {storage.key}; there are {len(block)}")
    if not _fits(tensor):
        raise ValueError(f"`{name}` reaches out of its storage of {storage.count} numbers: {reprlib.repr(tensor)}")
    view = _view(tensor, block)
    return StoredArray(view.shape, storage.dtype, lambda: view)


def _fits(tensor: Tensor) -> bool:
    """Whether a view stays in its storage and repeats nothing; in Python's integers, which do not overflow."""
    numbers = (tensor.offset, *tensor.shape, *tensor.strides)
    if len(tensor.shape) != len(tensor.strides) or not all(map(_is_natural, numbers)):
        return False
    way = sum((length - 1) * stride for length, stride in zip(tensor.shape, tensor.strides, strict=True))
    size, count = math.prod(tensor.shape), tensor.storage.count
    return size <= count and (tensor.offset + way < count if size else tensor.offset <= count)


def _is_natural(number: object) -> bool:
    return isinstance(number, int) and number >= 0


def _view(tensor: Tensor, block: memoryview) -> Array:
    dtype = numpy_dtype(tensor.storage.dtype).newbyteorder("<")
    strides = [stride * dtype.itemsize for stride in tensor.strides]
    return np.ndarray(tensor.shape, dtype, block, tensor.offset * dtype.itemsize, strides)
