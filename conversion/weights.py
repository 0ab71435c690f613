"""What is known of a stored array without reading it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from xlm_core.formats.base import Checkpoint, StoredArray, numpy_dtype


@dataclass(frozen=True)
class Entry:
    """A weight of a file: what the file calls it, what we call it, and its shape as we have it."""

    name: str
    stored_name: str
    shape: tuple[int, ...]
    dtype: str
    is_transposed: bool

    @property
    def n_numbers(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)

    @property
    def n_bytes(self) -> int:
        """What they take in the file."""
        return self.n_numbers * numpy_dtype(self.dtype).itemsize

    def in_dtype(self, dtype: str) -> Entry:
        """The same weight in another number format."""
        return replace(self, dtype=dtype)

    def table(self) -> dict[str, Any]:
        """For programs."""
        return {
            "name": self.name,
            "stored_name": self.stored_name,
            "shape": list(self.shape),
            "dtype": self.dtype,
            "bytes": self.n_bytes,
            "transposed": self.is_transposed,
        }


def entries(checkpoint: Checkpoint) -> list[Entry]:
    """Every weight of a file."""
    return [_entry(name, checkpoint.stored(name)) for name in checkpoint]


def totals(weights: Iterable[Entry]) -> dict[str, Any]:
    """How many weights, numbers and bytes there are, and how many weights of each number format."""
    every = list(weights)
    return {
        "weights": len(every),
        "numbers": sum(entry.n_numbers for entry in every),
        "bytes": sum(entry.n_bytes for entry in every),
        "dtypes": dict(Counter(entry.dtype for entry in every)),
    }


def _entry(name: str, stored: StoredArray) -> Entry:
    return Entry(name, stored.origin or name, tuple(stored.shape), stored.dtype, stored.is_transposed)
