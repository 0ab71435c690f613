"""The highest of many scores, exactly, without ordering all of them."""

from __future__ import annotations

import numpy as np

BLOCK = 256
"""So many scores are first held against others by the highest of them alone."""


def best(scores: np.ndarray, count: int) -> np.ndarray:
    """The ids of the highest scores, falling. (R, V) -> (R, count)."""
    if count == 1:
        return np.asarray(scores.argmax(axis=1)[:, None])
    columns = _promising(scores, count)
    own = np.take_along_axis(scores, columns, axis=1)
    found = np.argpartition(-own, count - 1, axis=1)[:, :count]
    order = np.argsort(-np.take_along_axis(own, found, axis=1), axis=1, kind="stable")
    return np.take_along_axis(columns, np.take_along_axis(found, order, axis=1), axis=1)


def _promising(scores: np.ndarray, count: int) -> np.ndarray:
    """Columns among which the highest scores are: those of as many blocks as scores. (R, V) -> (R, n)."""
    rows, width = scores.shape
    n_blocks = width // BLOCK
    if n_blocks <= count:
        return np.broadcast_to(np.arange(width), scores.shape)
    peaks = scores[:, : n_blocks * BLOCK].reshape(rows, n_blocks, BLOCK).max(axis=2)
    blocks = np.argpartition(-peaks, count - 1, axis=1)[:, :count]
    columns = (blocks[:, :, None] * BLOCK + np.arange(BLOCK)).reshape(rows, -1)
    rest = np.arange(n_blocks * BLOCK, width)
    return np.concatenate([columns, np.broadcast_to(rest, (rows, len(rest)))], axis=1)
