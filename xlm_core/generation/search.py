"""One token after the other: the likeliest, or one that is drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .filters import make_filter
from .options import Plan
from .ranking import best
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

    tokens (R, N): the new ones. scores: for each step those that were chosen from, (rows, V), none unless they were to
    be kept. sums (R,) and beams (R, N): the score of a text as a whole, and which row each of its tokens came from, -1
    after the end.
    """

    tokens: np.ndarray
    scores: tuple[np.ndarray, ...]
    sums: np.ndarray | None = None
    beams: np.ndarray | None = None


def follow(
    step: Step, texts: Texts, plan: Plan, streamer: Streamer | None = None, *, keep_scores: bool = False
) -> Found:
    """Write token after token, each prompt ``num_return_sequences`` times, until all texts have ended."""
    width, choose, rows = texts.ids.shape[1], chooser(plan), _repeated(texts, plan)
    apply = make_filter(plan, width)
    scores, texts = step(texts, None)[rows], texts.take(rows)
    going, kept = np.ones(len(rows), dtype=bool), list[np.ndarray]()
    for count in range(1, plan.new_tokens + 1):
        allowed = apply(texts, scores)
        kept += [allowed] if keep_scores else []
        tokens = np.where(going, choose(allowed, 1)[0][:, 0], plan.padding)
        texts = texts.grown(tokens)
        if streamer is not None:
            streamer.put(tokens)
        going &= ~np.isin(tokens, plan.ends)
        if not going.any():
            break
        if count < plan.new_tokens:
            scores, rows = step(texts, rows), np.arange(len(rows))
    return Found(texts.ids[:, width:], tuple(kept))


def _repeated(texts: Texts, plan: Plan) -> np.ndarray:
    """The row of each prompt, as often as its text is to be continued."""
    return np.repeat(np.arange(len(texts)), plan.options.num_return_sequences)


def chooser(plan: Plan) -> Callable[[np.ndarray, int], tuple[np.ndarray, np.ndarray]]:
    """What chooses from scores (R, V).

    ``choose(scores, count)`` gives ids (R, count), all different, and by what they were chosen, (R, count), falling.
    """
    if not plan.options.do_sample:
        return _choose_best
    source = np.random.default_rng(plan.options.seed)
    return lambda scores, count: _draw(scores, count, source)


def _choose_best(scores: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    ids = best(scores, count)
    return ids, np.take_along_axis(scores, ids, axis=1)


def _draw(scores: np.ndarray, count: int, source: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draws by probability, without putting back; where fewer are allowed, the rest are chosen by -inf.

    Source: Kool et al. 2019, "Stochastic beams and where to find them", section 2.3: Gumbel noise.
    """
    rows, columns = np.divmod(np.flatnonzero(scores > -np.inf), scores.shape[1])
    noisy = scores[rows, columns].astype(np.float64)
    noisy += source.gumbel(size=len(noisy))
    ids, chosen = np.zeros((len(scores), count), dtype=np.int64), np.full((len(scores), count), -np.inf)
    ends = np.searchsorted(rows, np.arange(len(scores) + 1))
    for row, (start, end) in enumerate(pairwise(ends)):
        found = best(noisy[None, start:end], min(count, end - start))[0]
        ids[row, : len(found)], chosen[row, : len(found)] = columns[start:end][found], noisy[start:end][found]
    return ids, chosen
