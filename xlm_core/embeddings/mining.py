"""Which sentences of two languages are translations of each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

import numpy as np

from ..checks import check_choice, check_positive
from .search import Hits, search
from .similarity import as_matrix, check_widths

Margin = Literal["ratio", "distance", "absolute"]


class Bitext(NamedTuple):
    """P pairs, the surest first: scores (P,), and where their sentences stand in the two corpora, (P,) each."""

    scores: np.ndarray
    source: np.ndarray
    target: np.ndarray


def mine_bitext(
    source: Any,
    target: Any,
    *,
    margin: Margin = "ratio",
    neighbours: int = 4,
    threshold: float | None = None,
    block: int = 4096,
) -> Bitext:
    """Pairs of sentences that are more alike than either is to its other neighbours. source (N, D), target (M, D).

    A pair's score relates its cosine to the mean cosine of both its sentences with their ``neighbours`` nearest:
    ``"ratio"`` divides by it, ``"distance"`` subtracts it, ``"absolute"`` is the cosine alone. Each sentence proposes
    the best of its nearest; of these pairs the surest are taken first, and no sentence twice. Pairs below
    ``threshold`` are left out, none if it is None: useful ratios begin a little above 1. A ratio to a mean of 0 is 0.
    ``block`` bounds the memory, as in `search`.

    Raises: InputError for another ``margin``, and as `search` does.

    Source: Artetxe and Schwenk 2019, Margin-based Parallel Corpus Mining, sections 3.1 and 3.2, "max. score".
    """
    check_choice("margin", margin, _MARGINS)
    check_positive("neighbours", neighbours)
    source, target = as_matrix("source", source), as_matrix("target", target)
    check_widths(source, target, "source", "target")
    forward = search(source, target, neighbours, block=block)
    backward = search(target, source, neighbours, block=block)
    if not len(source) or not len(target):
        return _pairs([], [], [])
    forward_scores, forward_target = _best(forward, backward, _MARGINS[margin])
    backward_scores, backward_source = _best(backward, forward, _MARGINS[margin])
    pairs = _pairs(
        np.concatenate([forward_scores, backward_scores]),
        np.concatenate([np.arange(len(source)), backward_source]),
        np.concatenate([forward_target, np.arange(len(target))]),
    )
    return _each_once(pairs, -np.inf if threshold is None else threshold)


def _best(hits: Hits, back: Hits, margin: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> tuple[Any, Any]:
    """For each sentence of one side, the score and the place of the best of its nearest on the other side."""
    own, others = _mean(hits), _mean(back)
    scores = margin(hits.scores.astype(np.float64), (own[:, None] + others[hits.positions]) / 2)
    best = scores.argmax(axis=1)[:, None]
    return np.take_along_axis(scores, best, axis=1)[:, 0], np.take_along_axis(hits.positions, best, axis=1)[:, 0]


def _mean(hits: Hits) -> np.ndarray:
    return np.asarray(hits.scores.mean(axis=1, dtype=np.float64))


def _pairs(scores: Any, source: Any, target: Any) -> Bitext:
    return Bitext(np.asarray(scores, np.float64), np.asarray(source, np.int64), np.asarray(target, np.int64))


def _each_once(pairs: Bitext, threshold: float) -> Bitext:
    """The pairs in the order of their scores, without those of which a sentence was taken before."""
    used_source, used_target, taken = set(), set(), []
    for number in np.lexsort((pairs.target, pairs.source, -pairs.scores)).tolist():
        first, second = int(pairs.source[number]), int(pairs.target[number])
        if pairs.scores[number] >= threshold and first not in used_source and second not in used_target:
            used_source.add(first)
            used_target.add(second)
            taken.append(number)
    return Bitext(*(column[taken] for column in pairs))


def _ratio(cosine: np.ndarray, mean: np.ndarray) -> np.ndarray:
    return np.asarray(np.divide(cosine, mean, out=np.zeros_like(cosine), where=mean != 0))


def _distance(cosine: np.ndarray, mean: np.ndarray) -> np.ndarray:
    return np.asarray(cosine - mean)


def _absolute(cosine: np.ndarray, mean: np.ndarray) -> np.ndarray:
    return cosine


_MARGINS: Mapping[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "ratio": _ratio,
    "distance": _distance,
    "absolute": _absolute,
}
