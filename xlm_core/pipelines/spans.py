"""The likeliest spans of a window, out of what either head for questions gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from .scores import best_first, sigmoid, softmax


class Span(NamedTuple):
    """Tokens of a row, ``end`` *inclusive*, and the probability that they are the answer."""

    start: int
    end: int
    score: float


class Spans(NamedTuple):
    """The likeliest spans of a window, best first, and the probability that it holds no answer."""

    found: list[Span]
    null: float


def simple_spans(outputs: Mapping[str, np.ndarray], allowed: np.ndarray, null: int, longest: int, most: int) -> Spans:
    """The spans of a head that scores starts and ends apart. allowed (T,), True where an answer may be.

    Probabilities are over the allowed tokens and the one at ``null``, where a model is trained to look if there is no
    answer.

    Source: `select_starts_ends` and `decode_spans` of transformers 4.57's question answering.
    """
    counted = allowed | (np.arange(len(allowed)) == null)
    start, end = (_over(outputs[name], counted) for name in ("start_logits", "end_logits"))
    scores = _by_length(start, end, allowed, min(longest, len(allowed)))
    found = [Span(first, first + more, float(scores[first, more])) for first, more in _best_cells(scores, most)]
    return Spans(found, float(start[null] * end[null]))


def beam_spans(
    outputs: Mapping[str, np.ndarray], allowed: np.ndarray, longest: int, most: int, *, may_be_null: bool
) -> Spans:
    """The spans of a head that scores ends for each of the likeliest starts. allowed (T,).

    ``may_be_null`` makes the probabilities of the spans those that there is an answer, and that this is it.
    """
    null = float(sigmoid(outputs["cls_logits"])) if may_be_null else 0.0
    starts, ends = outputs["start_top_index"].astype(int), outputs["end_top_index"].astype(int)
    start_scores, end_scores = (outputs[f"{name}_top_log_probs"].astype(np.float64) for name in ("start", "end"))
    found = [
        Span(int(starts[place % len(starts)]), int(end), float(start_scores[place % len(starts)] * end_scores[place]))
        for place, end in enumerate(ends)
    ]
    possible = [span for span in found if _is_possible(span, allowed, longest)]
    order = best_first(np.array([span.score for span in possible]))[:most]
    return Spans([possible[number]._replace(score=possible[number].score * (1 - null)) for number in order], null)


def _over(logits: np.ndarray, counted: np.ndarray) -> np.ndarray:
    """Probabilities over the tokens that count. (≥ T,), (T,) -> (T,)."""
    return softmax(np.where(counted, logits[: len(counted)], -np.inf))


def _by_length(start: np.ndarray, end: np.ndarray, allowed: np.ndarray, longest: int) -> np.ndarray:
    """The probability of each span by its first token and how many more it has; -1 for what is none.

    start, end, allowed (T,) -> (T, longest).
    """
    ends = np.pad(np.where(allowed, end, -1.0), (0, longest - 1), constant_values=-1.0)
    last = np.lib.stride_tricks.sliding_window_view(ends, longest)
    return np.where(allowed[:, None] & (last >= 0), start[:, None] * last, -1.0)


def _is_possible(span: Span, allowed: np.ndarray, longest: int) -> bool:
    return 0 <= span.start <= span.end < span.start + longest and bool(allowed[span.start] and allowed[span.end])


def _best_cells(scores: np.ndarray, most: int) -> list[tuple[int, int]]:
    """Row and column of the highest cells that are not negative; equal ones in the order of reading. (T, T)."""
    flat = scores.ravel()
    most = min(most, len(flat))
    threshold = max(float(np.partition(flat, -most)[-most]), 0.0)
    cells = np.flatnonzero(flat >= threshold)
    best = cells[best_first(flat[cells])[:most]]
    return [divmod(int(cell), scores.shape[1]) for cell in best]
