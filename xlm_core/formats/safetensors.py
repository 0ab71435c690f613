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

from ..errors import CheckpointError
from .base import (
    Array,
    Checkpoint,
    StoredArray,
    damaged,
    encoded,
    kept_dtype,
    mapped,
    numbers,
    numpy_dtype,
    source,
    writing,
)

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

    Raises: CheckpointError if the file is damaged, FetchError if it cannot be opened.
    """
    data = mapped(path)
    _judge(path)
    header, start = _header(data)
    metadata = header.pop("__metadata__", {})
    arrays = {name: _stored(path, data, start, name, entry) for name, entry in header.items()}
    return Checkpoint(path, arrays, metadata)


def write(
    path: Path, arrays: Mapping[str, Array], metadata: Mapping[str, str] = PYTORCH, dtype: str | None = None
) -> None:
    """Write arrays atomically, widest numbers first and then by name, as the `safetensors` library does.

    ``dtype`` is the format of floating-point arrays in the file, None keeps each as it is, in its own file if it is
    from one. The arrays are read one after the other.

    Raises: InputError if ``dtype`` is not a floating-point format, CheckpointError if numbers do not fit it,
    FetchError if the file cannot be written.
    """
    forms = {name: _form(name, source(arrays, name), dtype) for name in arrays}
    order = sorted(forms, key=lambda name: (-numpy_dtype(forms[name][0]).itemsize, name))
    header = _encode(_entries({name: forms[name] for name in order}), metadata)
    with writing(path) as temporary, temporary.open("wb") as file:
        file.write(header)
        for name in order:
            file.write(encoded(numbers(name, source(arrays, name), forms[name][0])))


def _judge(path: Path) -> None:
    """Let the library find what is wrong with a file."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy"):
            pass
    except SafetensorError as error:
        raise damaged(path, f"must be a whole safetensors file; the library says: {error}") from error


def _header(data: mmap.mmap) -> tuple[dict[str, Any], int]:
    """The header of a file that the library has judged, and where the numbers start."""
    start = LENGTH_BYTES + int.from_bytes(data[:LENGTH_BYTES], "little")
    return json.loads(data[LENGTH_BYTES:start]), start


def _stored(path: Path, data: mmap.mmap, start: int, name: str, entry: Mapping[str, Any]) -> StoredArray:
    """One entry of the header as an array yet to be read."""
    if entry["dtype"] not in DTYPES:
        known = ", ".join(DTYPES)
        raise damaged(path, f"must hold numbers of type {known}; `{name}` is {entry['dtype']}", "Save it as F32.")
    shape, dtype = tuple(entry["shape"]), DTYPES[entry["dtype"]]
    return StoredArray(shape, dtype, partial(_view, data, start + entry["data_offsets"][0], shape, dtype))


def _view(data: mmap.mmap, offset: int, shape: tuple[int, ...], dtype: str) -> Array:
    return np.ndarray(shape, numpy_dtype(dtype).newbyteorder("<"), data, offset)


def _form(name: str, array: StoredArray, dtype: str | None) -> tuple[str, tuple[int, ...]]:
    """Dtype and shape that an array has in the file."""
    stored = kept_dtype(array, dtype)
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
