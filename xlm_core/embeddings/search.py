"""The nearest of many vectors: exact, a block at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from ..checks import check_positive
from .similarity import Similarity, as_matrix, check_similarity, check_widths, compare


class Hits(NamedTuple):
    """The nearest to each of Q queries, the best first: scores (Q, k), and where they stand in the corpus (Q, k)."""

    scores: np.ndarray
    positions: np.ndarray


def search(
    queries: Any,
    corpus: Any,
    top_k: int = 10,
    *,
    kind: Similarity = "cosine",
    block: int = 4096,
) -> Hits:
    """The ``top_k`` most similar vectors of the corpus to each query; all there are if there are fewer.

    queries (Q, D). corpus: (N, D), or an iterator of blocks of it, as `SentenceEncoder.encode` gives for a stream of
    texts. The result is exact; of equally similar vectors the first in the corpus comes first. At most ``block``
    × ``block`` similarities are in memory at once.

    Raises: InputError for another ``kind``, numbers below 1, and vectors that are not finite or of another width.
    """
    check_similarity(kind)
    top_k, block = check_positive("top_k", top_k), check_positive("block", block)
    rows = as_matrix("queries", queries)
    best = Hits(np.empty((len(rows), 0), rows.dtype), np.empty((len(rows), 0), np.int64))
    start = 0
    for part in _parts(corpus, block):
        check_widths(rows, part, "queries", "corpus")
        best = _better(best, rows, part, start, top_k, kind, block)
        start += len(part)
    return best


def top(scores: np.ndarray, k: int) -> np.ndarray:
    """The columns of the k highest scores of each row, the best first, of equal ones the first. (Q, N) -> (Q, k)."""
    if k >= scores.shape[1]:
        return np.argsort(-scores, axis=1, kind="stable")
    columns = np.argpartition(-scores, k - 1, axis=1)[:, :k]
    lowest = np.take_along_axis(scores, columns, axis=1).min(axis=1, keepdims=True)
    tied = (scores >= lowest).sum(axis=1) > k
    columns[tied] = np.argsort(-scores[tied], axis=1, kind="stable")[:, :k]
    columns.sort(axis=1)
    order = np.argsort(-np.take_along_axis(scores, columns, axis=1), axis=1, kind="stable")
    return np.take_along_axis(columns, order, axis=1)


def _parts(corpus: Any, block: int) -> Iterator[np.ndarray]:
    """The corpus in blocks of at most so many vectors."""
    for vectors in _blocks(corpus):
        matrix = as_matrix("corpus", vectors)
        yield from (matrix[start : start + block] for start in range(0, len(matrix), block))


def _blocks(corpus: Any) -> Iterable[Any]:
    return corpus if isinstance(corpus, Iterator) else [corpus]


def _better(
    best: Hits, queries: np.ndarray, part: np.ndarray, start: int, top_k: int, kind: Similarity, block: int
) -> Hits:
    """The best of the best so far and of one part of the corpus, which begins at ``start``."""
    slices = [slice(first, first + block) for first in range(0, len(queries), block)] or [slice(0)]
    found = [_merged(best, each, compare(queries[each], part, kind), start, top_k) for each in slices]
    return Hits(*map(np.concatenate, zip(*found, strict=True)))


def _merged(best: Hits, rows: slice, scores: np.ndarray, start: int, top_k: int) -> Hits:
    own = top(scores, top_k)
    scores = np.concatenate([best.scores[rows], np.take_along_axis(scores, own, axis=1)], axis=1)
    positions = np.concatenate([best.positions[rows], own + start], axis=1)
    columns = top(scores, top_k)
    return Hits(np.take_along_axis(scores, columns, axis=1), np.take_along_axis(positions, columns, axis=1))
