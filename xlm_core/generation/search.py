"""One token after the other: the likeliest, or one that is drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .filters import make_filter
from .options import Plan
from .streamers import Streamer
from .texts import Texts

Step = Callable[[Texts, np.ndarray | None], np.ndarray]
"""What reads texts and scores the vocabulary at their ends.

``step(texts, rows)`` gives scores (R, V). The first call has no rows; in each that follows, texts have grown by one
token, and rows (R,) says which text of the call before each of them continues. What has been read need not be again.
"""


@dataclass(frozen=True)
class Found:
    """What a search found, row by row.

    tokens (R, N): the new ones. scores: for each step those that were chosen from, (rows, V). sums (R,) and
    beams (R, N): the score of a text as a whole, and which row each of its tokens came from, -1 after the end.
    """

    tokens: np.ndarray
    scores: tuple[np.ndarray, ...]
    sums: np.ndarray | None = None
    beams: np.ndarray | None = None


def follow(step: Step, texts: Texts, plan: Plan, streamer: Streamer | None = None) -> Found:
    """Write token after token, each prompt ``num_return_sequences`` times, until all texts have ended."""
    width, choose, rows = texts.ids.shape[1], chooser(plan), _repeated(texts, plan)
    apply = make_filter(plan, width)
    scores, texts = step(texts, None)[rows], texts.take(rows)
    going, kept = np.ones(len(rows), dtype=bool), list[np.ndarray]()
    while True:
        kept.append(apply(texts, scores))
        tokens = np.where(going, choose(kept[-1], 1)[:, 0], plan.padding)
        texts = texts.grown(tokens)
        if streamer is not None:
            streamer.put(tokens)
        going &= ~np.isin(tokens, plan.ends)
        if len(kept) == plan.new_tokens or not going.any():
            return Found(texts.ids[:, width:], tuple(kept))
        scores, rows = step(texts, rows), np.arange(len(rows))


def _repeated(texts: Texts, plan: Plan) -> np.ndarray:
    """The row of each prompt, as often as its text is to be continued."""
    return np.repeat(np.arange(len(texts)), plan.options.num_return_sequences)


def chooser(plan: Plan) -> Callable[[np.ndarray, int], np.ndarray]:
    """What chooses from scores (R, V): ``choose(scores, count)`` gives ids (R, count), all different."""
    if not plan.options.do_sample:
        return best
    source = np.random.default_rng(plan.options.seed)
    return lambda scores, count: best(_noisy(scores, source), count)


def best(scores: np.ndarray, count: int) -> np.ndarray:
    """The ids of the highest scores, falling. (R, V) -> (R, count)."""
    if count == 1:
        return np.asarray(scores.argmax(axis=1)[:, None])
    found = np.argpartition(-scores, count - 1, axis=1)[:, :count]
    order = np.argsort(-np.take_along_axis(scores, found, axis=1), axis=1, kind="stable")
    return np.take_along_axis(found, order, axis=1)


def _noisy(scores: np.ndarray, source: np.random.Generator) -> np.ndarray:
    """Scores whose highest are a draw by probability, and whose order is one without putting back. (R, V) -> (R, V).

    Source: Kool et al. 2019, "Stochastic beams and where to find them", section 2.3: Gumbel noise.
    """
    noisy = scores.astype(np.float64)
    allowed = noisy > -np.inf
    noisy[allowed] += source.gumbel(size=np.count_nonzero(allowed))
    return noisy
