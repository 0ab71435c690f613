"""How alike vectors are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np

from ..checks import check_choice
from ..errors import InputError

Similarity = Literal["cosine", "dot", "euclidean"]


def similarity(a: Any, b: Any, kind: Similarity = "cosine") -> np.ndarray:
    """How alike each of the first is to each of the second. a (N, D), b (M, D) -> (N, M).

    A single vector (D,) for a or b drops its axis from the result. More is always more alike: ``"cosine"`` is in
    [-1, 1], and 0 for a vector that is 0; ``"dot"`` is the product; ``"euclidean"`` is the distance with a minus sign,
    as in sentence-transformers.

    Raises: InputError for another kind, for vectors that are not finite real numbers, and for unequal widths.
    """
    check_similarity(kind)
    first, second = np.asarray(a), np.asarray(b)
    rows, columns = as_matrix("a", np.atleast_2d(first)), as_matrix("b", np.atleast_2d(second))
    check_widths(rows, columns, "a", "b")
    scores = compare(rows, columns, kind)
    return scores.reshape(first.shape[:-1] + second.shape[:-1])


def normalized(vectors: np.ndarray) -> np.ndarray:
    """Vectors (..., D) of length 1; one that is 0 stays so."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1))


def compare(a: np.ndarray, b: np.ndarray, kind: Similarity) -> np.ndarray:
    """`similarity` of what `as_matrix` gave. (N, D), (M, D) -> (N, M)."""
    return _SIMILARITIES[kind](a, b)


def check_similarity(kind: object) -> None:
    """Refuse a kind that there is not.

    Raises: InputError.
    """
    check_choice("kind", kind, _SIMILARITIES)


def as_matrix(name: str, vectors: Any) -> np.ndarray:
    """Vectors (N, D) of finite real numbers, float32 or float64.

    Raises: InputError, with the argument's name.
    """
    matrix = np.asarray(vectors)
    if matrix.dtype.kind not in "fiu":
        raise InputError(f"`{name}` must hold real numbers; got {matrix.dtype}.")
    if matrix.ndim != 2:
        raise InputError(f"`{name}` must be vectors (N, D); got the shape {matrix.shape}.")
    matrix = matrix.astype(np.result_type(matrix, np.float32), copy=False)
    if not np.isfinite(matrix).all():
        row = int(np.argwhere(~np.isfinite(matrix))[0][0])
        raise InputError(f"`{name}` must hold finite numbers; vector {row} does not.")
    return matrix


def check_widths(a: np.ndarray, b: np.ndarray, *names: str) -> None:
    """Refuse vectors of different widths.

    Raises: InputError.
    """
    if a.shape[1] != b.shape[1]:
        first, second = names
        raise InputError(
            f"`{first}` and `{second}` must have vectors of one width; got {a.shape[1]} and {b.shape[1]}. "
            "Embed both with the same model."
        )


def _cosine(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.asarray(normalized(a) @ normalized(b).T)


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.asarray(a @ b.T)


def _minus_distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """By |a|² + |b|² - 2 ab, in float64: what is subtracted is nearly equal where vectors are near each other."""
    kind = np.result_type(a, b)
    a, b = a.astype(np.float64), b.astype(np.float64)
    squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * (a @ b.T)
    return np.asarray(-np.sqrt(np.maximum(squares, 0))).astype(kind)


_SIMILARITIES: Mapping[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "cosine": _cosine,
    "dot": _dot,
    "euclidean": _minus_distance,
}
