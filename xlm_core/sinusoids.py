"""Positions as sines and cosines."""

from __future__ import annotations

import math

import numpy as np


def sinusoids(rows: int, dim: int) -> np.ndarray:
    """-> (rows, dim); the angle p / 10000^(2⌊j/2⌋/D) of position p, its sine at even j and its cosine at odd j.

    Source: Vaswani et al. 2017, section 3.5, sines and cosines taking turns.
    """
    column = np.arange(dim)
    angle = np.arange(rows)[:, None] * np.exp(-math.log(10_000) * 2 * (column // 2) / dim)
    return np.where(column % 2 == 0, np.sin(angle), np.cos(angle)).astype(np.float32)
