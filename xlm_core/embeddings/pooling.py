"""From one vector for each token to one for the text; padding never counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np

from ..checks import check_choice
from ..errors import InputError

Pooling = Literal["mean", "first", "max", "last"]


def pool(states: np.ndarray, counts: np.ndarray, pooling: Pooling) -> np.ndarray:
    """states (B, T, D), counts (B, T), True where a token counts -> (B, D); 0 for a text in which none counts.

    ``"mean"`` and ``"max"`` are over the tokens that count, ``"first"`` and ``"last"`` are the outermost of them.

    Raises: InputError for another pooling, or shapes that do not fit.
    """
    states, counts = np.asarray(states), np.asarray(counts, bool)
    check_pooling(pooling)
    if states.ndim != 3 or counts.shape != states.shape[:2]:
        raise InputError(f"`states` must be (B, T, D) and `counts` (B, T); got {states.shape} and {counts.shape}.")
    has_tokens = counts.any(axis=1)
    pooled = np.zeros((len(states), states.shape[2]), states.dtype)
    if has_tokens.any():
        pooled[has_tokens] = _POOLINGS[pooling](states[has_tokens], counts[has_tokens])
    return pooled


def check_pooling(pooling: object) -> None:
    """Refuse a pooling that there is not.

    Raises: InputError.
    """
    check_choice("pooling", pooling, _POOLINGS)


def _mean(states: np.ndarray, counts: np.ndarray) -> np.ndarray:
    sums = np.matmul(counts[:, None].astype(states.dtype), states)[:, 0]
    return np.asarray(sums / counts.sum(axis=1, keepdims=True).astype(states.dtype))


def _max(states: np.ndarray, counts: np.ndarray) -> np.ndarray:
    return np.asarray(np.where(counts[..., None], states, -np.inf).max(axis=1))


def _first(states: np.ndarray, counts: np.ndarray) -> np.ndarray:
    return np.asarray(states[np.arange(len(states)), counts.argmax(axis=1)])


def _last(states: np.ndarray, counts: np.ndarray) -> np.ndarray:
    last = counts.shape[1] - 1 - counts[:, ::-1].argmax(axis=1)
    return np.asarray(states[np.arange(len(states)), last])


_POOLINGS: Mapping[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "mean": _mean,
    "first": _first,
    "max": _max,
    "last": _last,
}
