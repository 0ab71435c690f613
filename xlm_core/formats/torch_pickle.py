"""`pytorch_model.bin`, read without PyTorch and without running what the pickle asks for.

A file is a pickled mapping from names to tensors, and the storages that the tensors are views of. Since PyTorch 1.6
both lie in a zip; before, they follow one another: magic number, protocol, system, mapping, storage keys, storages.

Source: torch/serialization.py, `_save`, `_legacy_save`; torch/_utils.py, `_rebuild_tensor_v2`.
"""

from __future__ import annotations

import io
import math
import mmap
import pickle
import pickletools
import re
import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any, cast

import numpy as np

from .base import Array, Checkpoint, StoredArray, damaged, mapped, numpy_dtype

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001
ZIP_SIGNATURE = b"PK\x03\x04"
LOCAL_HEADER = struct.Struct("<4s22xHH")
COUNT_BYTES = 8
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


class Refused(Exception):
    """What a file must be and is not, and what to do about it; `read` puts the file's name in front."""


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


class StateDict(dict[Any, Any]):
    """Stands for `collections.OrderedDict`; the modules' versions that PyTorch attaches to one are not kept."""

    def __setstate__(self, state: object) -> None:
        pass


def read(path: Path) -> Checkpoint:
    """Open a file of either layout; its arrays are views of the mapped file.

    Raises: CheckpointError if the file is damaged, holds anything but named tensors, or asks for code to be run;
    FetchError if it cannot be opened.
    """
    source = mapped(path)
    try:
        is_zip = source[: len(ZIP_SIGNATURE)] == ZIP_SIGNATURE
        tensors, blocks = _read_zip(path, source) if is_zip else _read_legacy(source)
        return Checkpoint(path, {name: _stored(name, tensor, blocks) for name, tensor in tensors.items()})
    except Refused as error:
        raise damaged(path, *error.args) from None
    except Exception as error:  # a damaged zip or pickle fails in as many ways as it has bytes
        raise damaged(path, f"must be a whole PyTorch file; {str(error) or type(error).__name__}") from error


class TensorUnpickler(pickle.Unpickler):
    """Builds containers and descriptions of tensors; any other object is refused before it is made."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(stream, encoding="utf-8")
        self.storages: dict[str, Storage] = {}

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        """The stand-in for a class or function that the pickle names."""
        if (module_name, global_name) in STAND_INS:
            return STAND_INS[module_name, global_name]
        raise Refused(
            f"must hold tensors only; it asks for `{module_name}.{global_name}`, and nothing in it was executed",
            "Do not trust it unless you know why it does so; ask for a safetensors file.",
        )

    def persistent_load(self, pid: Any) -> Storage:
        """The storage that a tensor of the pickle is a view of."""
        match pid:
            case ("storage", StorageType(dtype), str(key), str(), int(count), *view) if count >= 0 and not any(view):
                storage = Storage(key, dtype, count)
            case _:
                raise ValueError(f"it describes a storage as {pid!r:.200}")
        if self.storages.setdefault(key, storage) != storage:
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
    ("collections", "OrderedDict"): StateDict,
    ("torch._utils", "_rebuild_parameter"): _rebuild_parameter,
    ("torch._utils", "_rebuild_tensor"): _rebuild_tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
    **{("torch", name): StorageType(dtype) for name, dtype in STORAGES.items()},
}


def _read_zip(path: Path, source: mmap.mmap) -> tuple[dict[str, Tensor], dict[str, memoryview]]:
    """The tensors of a file since PyTorch 1.6, and the bytes of their storages."""
    with zipfile.ZipFile(path) as archive:
        root = _root(archive)
        _check_byte_order(archive, f"{root}byteorder")
        loaded, storages = _unpickle(io.BytesIO(archive.read(f"{root}data.pkl")))
        return _tensors(loaded), {key: _entry(archive, source, f"{root}data/{key}") for key in storages}


def _root(archive: zipfile.ZipFile) -> str:
    """The folder in the zip that everything lies in, with its slash."""
    pickles = [name for name in archive.namelist() if re.fullmatch(r"[^/]+/data\.pkl", name)]
    if len(pickles) != 1:
        raise ValueError("it is a zip, but has no `data.pkl` in one folder")
    return pickles[0].removesuffix("data.pkl")


def _check_byte_order(archive: zipfile.ZipFile, name: str) -> None:
    order = archive.read(name) if name in archive.namelist() else b"little"
    if order != b"little":
        raise ValueError(f"its numbers are {order[:20]!r} endian, and only little endian is read")


def _entry(archive: zipfile.ZipFile, source: mmap.mmap, name: str) -> memoryview:
    """The bytes of a file in the zip: mapped if they are stored as they are, else unpacked."""
    entry = archive.getinfo(name)
    if entry.compress_type != zipfile.ZIP_STORED:
        return memoryview(archive.read(entry))
    signature, name_length, extra_length = LOCAL_HEADER.unpack_from(source, entry.header_offset)
    if signature != ZIP_SIGNATURE:
        raise ValueError(f"its entry `{name}` is not where the zip says")
    start = entry.header_offset + LOCAL_HEADER.size + name_length + extra_length
    return memoryview(source)[start : start + entry.file_size]


def _read_legacy(source: mmap.mmap) -> tuple[dict[str, Tensor], dict[str, memoryview]]:
    """The tensors of a file before PyTorch 1.6, and the bytes of their storages."""
    stream = cast("IO[bytes]", source)  # a mapped file reads and seeks like any other
    _check_prologue(*(_unpickle(stream)[0] for _ in range(3)))
    loaded, storages = _unpickle(stream)
    keys, _ = _unpickle(stream)
    if not isinstance(keys, list) or set(keys) != set(storages):
        raise ValueError(f"its tensors are views of the storages {set(storages)!r:.200}, it has {keys!r:.200}")
    return _tensors(loaded), {key: _block(source, storages[key]) for key in keys}


def _check_prologue(magic_number: object, protocol: object, system: object) -> None:
    if (magic_number, protocol) != (MAGIC_NUMBER, PROTOCOL) or not isinstance(system, dict):
        raise ValueError("it starts neither as a zip nor with PyTorch's magic number and protocol")
    if system.get("little_endian") is not True:
        raise ValueError("its numbers are big endian, and only little endian is read")


def _block(source: mmap.mmap, storage: Storage) -> memoryview:
    """The bytes of the next storage: a count of numbers, then the numbers."""
    count = int.from_bytes(source.read(COUNT_BYTES), "little")
    if count != storage.count:
        raise ValueError(f"storage {storage.key} must have {storage.count} numbers; it has {count}")
    start = source.tell()
    source.seek(min(start + storage.n_bytes, len(source)))
    return memoryview(source)[start : source.tell()]


def _unpickle(stream: IO[bytes]) -> tuple[object, dict[str, Storage]]:
    """The next object of a stream, and the storages that its tensors are views of."""
    start = stream.tell()
    _check_opcodes(stream)
    stream.seek(start)
    unpickler = TensorUnpickler(stream)
    return unpickler.load(), unpickler.storages


def _check_opcodes(stream: IO[bytes]) -> None:
    """Refuse what gets past `find_class` (registered extensions) or exhausts memory (a memo with gaps)."""
    for count, (opcode, argument, _) in enumerate(pickletools.genops(stream)):
        if opcode.name.startswith("EXT"):
            raise Refused("must hold tensors only; it asks for a registered extension, and nothing in it was executed")
        if opcode.name.endswith("PUT") and isinstance(argument, int) and argument > count:
            raise ValueError(f"its pickle remembers object {argument} after {count} steps")


def _tensors(loaded: object) -> dict[str, Tensor]:
    """The mapping that a file must hold."""
    if not isinstance(loaded, dict):
        raise Refused(f"must be a plain mapping from names to tensors; it holds a {_kind(loaded)}", SAVE_STATE)
    for name, tensor in loaded.items():
        if not isinstance(name, str) or not isinstance(tensor, Tensor):
            entries = ", ".join(f"{key!r:.80}: {_kind(value)}" for key, value in islice(loaded.items(), 5))
            raise Refused(f"must be a plain mapping from names to tensors; it holds {{{entries}}}", SAVE_STATE)
    return loaded


def _kind(value: object) -> str:
    return "dict" if isinstance(value, StateDict) else type(value).__name__


def _stored(name: str, tensor: Tensor, blocks: Mapping[str, memoryview]) -> StoredArray:
    """A tensor of the pickle as an array, whose every number is known to lie in its storage."""
    storage = tensor.storage
    block = blocks[storage.key][: storage.n_bytes]
    if len(block) < storage.n_bytes:
        raise ValueError(f"`{name}` needs {storage.n_bytes} bytes of storage {storage.key}; there are {len(block)}")
    if not _fits(tensor):
        raise ValueError(f"`{name}` reaches out of its storage of {storage.count} numbers: {tensor!r:.300}")
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
