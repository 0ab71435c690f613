"""How far the weights of two models are apart."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from xlm_core.formats.base import Array, Checkpoint, StoredArray, widen
from xlm_core.formats.names import BODY, HEADS, LEGACY, TIED
from xlm_core.progress import track

BLOCK = 2**20
"""How many numbers are compared at a time."""

WORDS = f"{BODY}embeddings.weight"


@dataclass(frozen=True)
class Comparison:
    """What two models have in common and what not.

    ``differences`` has the largest difference of each weight that both have in one shape; ``left_out`` are copies of
    the embeddings and leftovers of old files, which say nothing of their own.
    """

    only_in_first: tuple[str, ...]
    only_in_second: tuple[str, ...]
    shapes: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]]
    dtypes: Mapping[str, tuple[str, str]]
    differences: Mapping[str, float]
    left_out: tuple[str, ...]
    tolerance: float

    @property
    def different(self) -> list[str]:
        """The weights that are further apart than the tolerance, the furthest first."""
        apart = [name for name, distance in self.differences.items() if not distance <= self.tolerance]
        return sorted(apart, key=lambda name: -self.differences[name])

    @property
    def largest(self) -> float:
        """The largest difference of all."""
        return max(self.differences.values(), default=0.0)

    @property
    def is_same(self) -> bool:
        """Whether both hold the same weights in the same shapes, within the tolerance; formats may differ."""
        return not (self.only_in_first or self.only_in_second or self.shapes or self.different)

    def table(self) -> dict[str, Any]:
        """For programs."""
        return {
            "same": self.is_same,
            "tolerance": self.tolerance,
            "largest_difference": for_json(self.largest),
            "only_in_first": list(self.only_in_first),
            "only_in_second": list(self.only_in_second),
            "shapes": {name: [list(shape) for shape in pair] for name, pair in self.shapes.items()},
            "dtypes": {name: list(pair) for name, pair in self.dtypes.items()},
            "different": self.different,
            "left_out": list(self.left_out),
            "differences": {name: for_json(distance) for name, distance in self.differences.items()},
        }


def compare(first: Checkpoint, second: Checkpoint, tolerance: float, show: bool | None = None) -> Comparison:
    """Compare two models weight by weight; of each only a block is in memory.

    ``show`` is whether progress is shown; None shows it on a terminal.
    """
    first, second = _named_alike(first), _named_alike(second)
    left_out = [*_left_out(first, second), *_left_out(second, first)]
    names = [[name for name in each if name not in left_out] for each in (first, second)]
    shared = {name: (first.stored(name), second.stored(name)) for name in names[0] if name in second}
    alike = {name: pair for name, pair in shared.items() if pair[0].shape == pair[1].shape}
    return Comparison(
        only_in_first=tuple(name for name in names[0] if name not in second),
        only_in_second=tuple(name for name in names[1] if name not in first),
        shapes={name: (a.shape, b.shape) for name, (a, b) in shared.items() if name not in alike},
        dtypes={name: (a.dtype, b.dtype) for name, (a, b) in shared.items() if a.dtype != b.dtype},
        differences={name: stored_difference(*pair) for name, pair in track(alike.items(), "weights", show)},
        left_out=tuple(dict.fromkeys(left_out)),
        tolerance=tolerance,
    )


def stored_difference(first: StoredArray, second: StoredArray) -> float:
    """The largest difference between two stored arrays of one shape."""
    arrays = [np.atleast_1d(each.read()) for each in (first, second)]
    rows = max(1, BLOCK // max(1, math.prod(first.shape[1:])))
    parts = (slice(start, start + rows) for start in range(0, len(arrays[0]), rows))
    return max((difference(*_widened(arrays, part, (first, second))) for part in parts), default=0.0)


def difference(first: Array, second: Array) -> float:
    """The largest difference between two arrays of one shape; NaN is equal to NaN only and far from all else."""
    same = (first == second) | ((first != first) & (second != second))  # noqa: PLR0124  true of NaN alone
    if same.all():
        return 0.0
    with np.errstate(invalid="ignore"):
        apart = np.abs(first[~same].astype(np.float64) - second[~same].astype(np.float64))
    return float(np.where(np.isnan(apart), np.inf, apart).max())


def for_json(distance: float) -> float | str:
    """A number, or "infinity", which JSON lacks."""
    return distance if math.isfinite(distance) else "infinity"


def _widened(arrays: list[Array], part: slice, stored: tuple[StoredArray, StoredArray]) -> list[Array]:
    return [widen(array[part], each.dtype) for array, each in zip(arrays, stored, strict=True)]


def _named_alike(checkpoint: Checkpoint) -> Checkpoint:
    """A bare body under the names it has in a task model."""
    if any(name.startswith(BODY) for name in checkpoint):
        return checkpoint
    return checkpoint.renamed({name if name.startswith(HEADS) else BODY + name: name for name in checkpoint})


def _left_out(checkpoint: Checkpoint, other: Checkpoint) -> list[str]:
    """Leftovers of old files, and a copy of the embeddings that the other model has no need of."""
    legacy = [name for name in checkpoint if name in LEGACY]
    is_copy = TIED in checkpoint and TIED not in other and _is_copy(checkpoint)
    return [*legacy, TIED] if is_copy else legacy


def _is_copy(checkpoint: Checkpoint) -> bool:
    if WORDS not in checkpoint or checkpoint.stored(WORDS).shape != checkpoint.stored(TIED).shape:
        return False
    return stored_difference(checkpoint.stored(TIED), checkpoint.stored(WORDS)) == 0
