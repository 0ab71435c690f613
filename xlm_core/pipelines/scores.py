"""From the scores of models to probabilities, in float64 so that both frameworks' results round alike."""

from __future__ import annotations

import numpy as np


def softmax(scores: np.ndarray) -> np.ndarray:
    """Probabilities over the last axis; a score of minus infinity is impossible. (…, N) -> (…, N)."""
    whole = scores.astype(np.float64)
    shifted = np.exp(whole - whole.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))


def sigmoid(scores: np.ndarray) -> np.ndarray:
    """The probability of each on its own. (…) -> (…)."""
    return np.asarray(np.exp(-np.logaddexp(0.0, -scores.astype(np.float64))))


def best_first(scores: np.ndarray) -> list[int]:
    """Places in the order of their scores, the highest first; equal ones as they stand. (N,)."""
    return [int(place) for place in np.argsort(-scores, kind="stable")]
