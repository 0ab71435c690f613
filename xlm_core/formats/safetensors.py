"""`model.safetensors`: read without copying, written one array at a time.

The `safetensors` library judges a file's header; the numbers are mapped, not read. Writing needs no library: the
layout is a length, a JSON header and the numbers, and so arrays can be narrowed one after the other.

Source: https://github.com/huggingface/safetensors, "Format".
"""

from __future__ import annotations

import json
import math
import mmap
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import CheckpointError, InputError
from ..files import replacing
from .base import FLOATS, Array, Checkpoint, StoredArray, damaged, mapped, narrow, numpy_dtype

DTYPES = {
    "BF16": "bfloat16",
    "BOOL": "bool",
    "F16": "float16",
    "F32": "float32",
    "F64": "float64",
    "I16": "int16",
    "I32": "int32",
    "I64": "int64",
    "I8": "int8",
    "U16": "uint16",
    "U32": "uint32",
    "U64": "uint64",
    "U8": "uint8",
}
CODES = {dtype: code for code, dtype in DTYPES.items()}
LENGTH_BYTES = 8
PYTORCH = {"format": "pt"}


def read(path: Path) -> Checkpoint:
    """Open a file; its arrays are views of the mapped file.

    Raises: CheckpointError if the file is damaged or in TensorFlow's layout, FetchError if it cannot be opened.
    """
    source = mapped(path)
    _judge(path)
    header, start = _header(source)
    metadata = header.pop("__metadata__", {})
    _refuse_tensorflow(path, header, metadata)
    arrays = {name: _stored(path, source, start, name, entry) for name, entry in header.items()}
    return Checkpoint(path, arrays, metadata)


def write(
    path: Path, arrays: Mapping[str, Array], metadata: Mapping[str, str] = PYTORCH, dtype: str | None = None
) -> None:
    """Write arrays atomically, widest numbers first and then by name, as the `safetensors` library does.

    ``dtype`` is the format of floating-point arrays in the file, None keeps each as it is.

    Raises: InputError if ``dtype`` is not a floating-point format, CheckpointError if numbers do not fit it.
    """
    forms = {name: _form(name, array, dtype) for name, array in arrays.items()}
    order = sorted(forms, key=lambda name: (-numpy_dtype(forms[name][0]).itemsize, name))
    header = _encode(_entries({name: forms[name] for name in order}), metadata)
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(header)
        for name in order:
            file.write(_bytes(name, arrays[name], forms[name][0]))


def stored_dtype(array: Array, dtype: str | None) -> str:
    """The format an array has in the file when ``dtype`` is asked for."""
    if dtype is not None and dtype not in FLOATS:
        raise InputError(f"`dtype` must be one of {list(FLOATS)} or None; got {dtype!r}.")
    is_float = np.issubdtype(array.dtype, np.floating)
    return dtype if dtype is not None and is_float else array.dtype.name


def _judge(path: Path) -> None:
    """Let the library find what is wrong with a file."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy"):
            pass
    except SafetensorError as error:
        raise damaged(path, f"must be a whole safetensors file; the library says: {error}") from error


def _header(source: mmap.mmap) -> tuple[dict[str, Any], int]:
    """The header of a file that the library has judged, and where the numbers start."""
    start = LENGTH_BYTES + int.from_bytes(source[:LENGTH_BYTES], "little")
    return json.loads(source[LENGTH_BYTES:start]), start


def _refuse_tensorflow(path: Path, names: Mapping[str, Any], metadata: Mapping[str, str]) -> None:
    if metadata.get("format") == "tf" or any("/" in name for name in names):
        raise damaged(path, "must have PyTorch's names; it has TensorFlow's layout", "Save it from the PyTorch class.")


def _stored(path: Path, source: mmap.mmap, start: int, name: str, entry: Mapping[str, Any]) -> StoredArray:
    """One entry of the header as an array yet to be read."""
    if entry["dtype"] not in DTYPES:
        known = ", ".join(DTYPES)
        raise damaged(path, f"must hold numbers of type {known}; `{name}` is {entry['dtype']}", "Save it as F32.")
    shape, dtype = tuple(entry["shape"]), DTYPES[entry["dtype"]]
    return StoredArray(shape, dtype, partial(_view, source, start + entry["data_offsets"][0], shape, dtype))


def _view(source: mmap.mmap, offset: int, shape: tuple[int, ...], dtype: str) -> Array:
    return np.ndarray(shape, numpy_dtype(dtype).newbyteorder("<"), source, offset)


def _form(name: str, array: Array, dtype: str | None) -> tuple[str, tuple[int, ...]]:
    """Dtype and shape that an array has in the file."""
    stored = stored_dtype(array, dtype)
    if stored not in CODES:
        raise CheckpointError(f"`{name}` must hold numbers of type {', '.join(CODES)}; got {stored}.")
    return stored, array.shape


def _entries(forms: Mapping[str, tuple[str, tuple[int, ...]]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and header entry of each array, one after the other in the file."""
    end = 0
    for name, (dtype, shape) in forms.items():
        begin, end = end, end + math.prod(shape) * numpy_dtype(dtype).itemsize
        yield name, {"dtype": CODES[dtype], "shape": list(shape), "data_offsets": [begin, end]}


def _encode(entries: Iterator[tuple[str, dict[str, Any]]], metadata: Mapping[str, str]) -> bytes:
    """Length and JSON header, padded with blanks so that the numbers start at a multiple of eight."""
    table = {"__metadata__": dict(metadata), **dict(entries)}
    header = json.dumps(table, ensure_ascii=False, separators=(",", ":")).encode()
    header += b" " * (-len(header) % LENGTH_BYTES)
    return len(header).to_bytes(LENGTH_BYTES, "little") + header


def _bytes(name: str, array: Array, dtype: str) -> memoryview:
    """The numbers of an array as the file holds them."""
    try:
        narrowed = narrow(array, dtype)
    except CheckpointError as error:
        raise CheckpointError(f"`{name}`: {error}") from error
    little = np.ascontiguousarray(narrowed, narrowed.dtype.newbyteorder("<"))
    return little.reshape(-1).view(np.uint8).data
