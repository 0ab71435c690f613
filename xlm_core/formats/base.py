"""What every weight file looks like once it is open: arrays by name, read when asked for."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..config import XLMConfig
from ..errors import CheckpointError, FetchError, InputError, XLMError
from ..files import replacing

Array: TypeAlias = NDArray[Any]

FLOATS = ("float16", "bfloat16", "float32", "float64")
GIT_LFS_POINTER = b"version https://git-lfs"
READ_AGAIN = "Download it or save it again."


@dataclass(frozen=True)
class StoredArray:
    """An array as a file stores it: shape and number format are known, the numbers are read by ``read()``.

    ``dtype`` is numpy's name, or "bfloat16", whose bits ``read()`` returns as uint16. ``origin`` is the name in the
    file, where it is another than the array is known by; ``is_transposed`` says that the file has it the other way
    round.
    """

    shape: tuple[int, ...]
    dtype: str
    read: Callable[[], Array] = field(repr=False, compare=False)
    origin: str | None = None
    is_transposed: bool = False

    def renamed(self, origin: str) -> StoredArray:
        """The same array, known by another name than ``origin``, which the file has."""
        return replace(self, origin=self.origin or origin)

    def transposed(self) -> StoredArray:
        """The array the other way round."""
        read = self.read
        return replace(self, shape=self.shape[::-1], read=lambda: read().T, is_transposed=not self.is_transposed)


class Checkpoint(Mapping[str, Array]):
    """The arrays of a weight file by stored name; numpy arrays that nothing may write into.

    Looking an array up reads it: float16 and bfloat16 are widened to float32, all else is as stored, mostly a
    read-only view of the mapped file. ``stored(name)`` tells shape and dtype without reading. ``config`` is what the
    file itself says of its model, None for the formats that do not.
    """

    def __init__(
        self,
        path: Path,
        arrays: Mapping[str, StoredArray],
        metadata: Mapping[str, str] | None = None,
        config: XLMConfig | None = None,
    ) -> None:
        self.path = path
        self.metadata = dict(metadata or {})
        self.config = config
        self._arrays = dict(arrays)

    def stored(self, name: str) -> StoredArray:
        """What the file says about an array."""
        return self._arrays[name]

    def renamed(self, names: Mapping[str, str]) -> Checkpoint:
        """The same file under other names, given as new name -> stored name; arrays not named are left out."""
        arrays = {
            new: self._arrays[old] if new == old else self._arrays[old].renamed(old) for new, old in names.items()
        }
        return Checkpoint(self.path, arrays, self.metadata, self.config)

    def __getitem__(self, name: str) -> Array:
        array = self.taken(name).view()
        array.flags.writeable = False
        return array

    def taken(self, name: str) -> Array:
        """The array for a caller who may write into it, and is from then on the only one to look it up.

        Of a mapped file, pages are copied as they are written to; the file does not change.
        """
        array = self._arrays[name]
        return widen(array.read(), array.dtype)

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def __contains__(self, name: object) -> bool:
        return name in self._arrays

    def __repr__(self) -> str:
        return f"Checkpoint({str(self.path)!r}, {len(self)} arrays)"


def damaged(path: Path, problem: str, advice: str = READ_AGAIN) -> CheckpointError:
    """The error for a file that is not what its name promises."""
    return CheckpointError(f"`{path}` {problem}. {advice}")


def mapped(path: Path) -> mmap.mmap:
    """The bytes of a file, read from disk as they are touched; writing to them changes this copy only.

    Raises: FetchError if the file cannot be opened, CheckpointError if there is nothing in it.
    """
    try:
        with path.open("rb") as file:
            source = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    except OSError as error:
        raise FetchError(f"`{path}` must be a readable file; got {error.strerror or error}.") from error
    except ValueError as error:
        raise damaged(path, "must hold weights; it is empty") from error
    if source[: len(GIT_LFS_POINTER)] == GIT_LFS_POINTER:
        raise damaged(path, "must hold weights; it is a Git LFS pointer to them", "Run `git lfs pull`.")
    return source


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """A temporary file beside ``path`` that takes its name when the block ends; if it fails, nothing has happened.

    Raises: FetchError if the disk is full or the file cannot be written for another reason.
    """
    try:
        with replacing(path) as temporary:
            yield temporary
    except XLMError:
        raise
    except OSError as error:
        said = error.strerror or error
        raise FetchError(
            f"`{path}` must be written whole; got: {said}. Nothing was changed; make room for it."
        ) from error


def numpy_dtype(dtype: str) -> np.dtype[Any]:
    """The numpy dtype that holds a stored one; bfloat16, which numpy lacks, is held as its bits."""
    return np.dtype(np.uint16 if dtype == "bfloat16" else dtype)


def widen(array: Array, dtype: str) -> Array:
    """float16 and bfloat16 as float32, exactly; any other array as it is."""
    if dtype == "float16":
        return array.astype(np.float32)
    if dtype == "bfloat16":
        return np.asarray(array.astype(np.uint32) << 16, np.uint32).view(np.float32)
    return array


def narrow(array: Array, dtype: str) -> Array:
    """Floating-point numbers in a given format, the nearest ones, ties to even; bfloat16 as its bits.

    Arrays that hold no floating-point numbers are returned as they are.

    Raises: CheckpointError if a finite number becomes infinite.
    """
    if array.dtype.name == dtype or not np.issubdtype(array.dtype, np.floating):
        return array
    with np.errstate(over="ignore"):
        single = array.astype(np.float32, copy=False)
        narrowed = _bfloat16_bits(single) if dtype == "bfloat16" else array.astype(dtype, copy=False)
    if np.count_nonzero(np.isinf(widen(narrowed, dtype))) != np.count_nonzero(np.isinf(array)):
        raise CheckpointError(f"numbers must fit {dtype}; got {np.abs(array).max()}. Use bfloat16 or float32.")
    return narrowed


def source(arrays: Mapping[str, Array], name: str) -> StoredArray:
    """An array that is to be written: as it lies in its file if it comes from one, and not read yet."""
    if isinstance(arrays, Checkpoint):
        return arrays.stored(name)
    array = arrays[name]
    return StoredArray(array.shape, array.dtype.name, lambda: array)


def selected(arrays: Mapping[str, Array], names: Iterable[str]) -> Mapping[str, Array]:
    """Some of the arrays; none is read that comes from a file."""
    if isinstance(arrays, Checkpoint):
        return arrays.renamed({name: name for name in names})
    return {name: arrays[name] for name in names}


def kept_dtype(array: StoredArray, dtype: str | None) -> str:
    """The format that an array's numbers get in a file when ``dtype`` is asked for; None leaves it as it is.

    Raises: InputError if ``dtype`` is not a floating-point format.
    """
    if dtype is not None and dtype not in FLOATS:
        raise InputError(f"`dtype` must be one of {list(FLOATS)} or None; got {dtype!r}.")
    return dtype if dtype is not None and array.dtype in FLOATS else array.dtype


def numbers(name: str, array: StoredArray, kept: str) -> Array:
    """The numbers of an array in a format of `kept_dtype`, bfloat16 as its bits.

    Raises: CheckpointError if they do not fit it.
    """
    if kept == array.dtype:
        return array.read()
    try:
        return narrow(widen(array.read(), array.dtype), kept)
    except CheckpointError as error:
        raise CheckpointError(f"`{name}`: {error}") from error


def encoded(array: Array) -> memoryview:
    """Numbers as a file holds them: little endian, row after row."""
    return np.ascontiguousarray(array, array.dtype.newbyteorder("<")).reshape(-1).view(np.uint8).data


def _bfloat16_bits(array: Array) -> Array:
    """float32 -> the upper half of its bits, rounded to nearest even; NaN stays NaN."""
    bits = np.ascontiguousarray(array).view(np.uint32).reshape(array.shape)
    rounded = (bits + np.uint32(0x7FFF) + ((bits >> 16) & 1)) >> 16
    quiet_nan = (bits >> 16) | np.uint32(0x0040)
    return np.where(np.isnan(array), quiet_nan, rounded).astype(np.uint16)
