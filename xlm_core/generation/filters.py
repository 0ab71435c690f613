"""What changes scores before a token is chosen, in Hugging Face's order.

Each function takes the texts so far and scores (R, V), and gives new scores; -inf forbids a token.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from ..errors import InputError
from .options import Plan
from .ranking import best
from .texts import Texts

Filter = Callable[[Texts, np.ndarray], np.ndarray]


def make_filter(plan: Plan, width: int) -> Filter:
    """All that a plan asks for, as one filter. width: of the prompts, as texts.

    The filter raises InputError where no token is left.
    """
    filters = [*_wishes(plan, width), _check_left, *(_limits(plan) if plan.options.do_sample else [])]

    def apply(texts: Texts, scores: np.ndarray) -> np.ndarray:
        for each in filters:
            scores = each(texts, scores)
        return scores

    return apply


def _wishes(plan: Plan, width: int) -> list[Filter]:
    """What must not be written, or less."""
    options, found = plan.options, list[Filter]()
    if options.repetition_penalty != 1:
        found.append(partial(penalise_repetition, penalty=options.repetition_penalty))
    if options.no_repeat_ngram_size:
        found.append(partial(forbid_repetition, size=options.no_repeat_ngram_size))
    if plan.bad_words:
        found.append(partial(forbid_words, words=plan.bad_words))
    if options.min_new_tokens and plan.ends:
        found.append(partial(forbid_end, ends=plan.ends, width=width + options.min_new_tokens))
    return found


def _limits(plan: Plan) -> list[Filter]:
    """What may be drawn. Beams need one token more than may end them all."""
    options, found = plan.options, list[Filter]()
    least = 1 if options.num_beams == 1 else max(2, len(plan.ends) + 1)
    if options.temperature != 1:
        found.append(partial(change_temperature, temperature=options.temperature))
    if options.top_k:
        found.append(partial(keep_top_k, count=max(options.top_k, least)))
    if options.top_p < 1:
        found.append(partial(keep_top_p, share=options.top_p, least=least))
    return found


def penalise_repetition(texts: Texts, scores: np.ndarray, *, penalty: float) -> np.ndarray:
    """Divide the scores > 0, and multiply those < 0, of tokens that a text has.

    Source: Keskar et al. 2019, "CTRL", section 4.1.

    Differs: Hugging Face counts padding among the tokens of a text, and so do its other filters.
    """
    changed = scores.copy()
    for row in range(len(texts)):
        tokens = np.unique(texts.tokens(row))
        own = scores[row, tokens]
        changed[row, tokens] = np.where(own < 0, own * penalty, own / penalty)
    return changed


def forbid_repetition(texts: Texts, scores: np.ndarray, *, size: int) -> np.ndarray:
    """Forbid tokens with which the last ``size`` tokens of a text would be some that it has already."""
    changed = scores.copy()
    for row in range(len(texts)):
        tokens = texts.tokens(row)
        if len(tokens) >= size:
            grams = np.lib.stride_tricks.sliding_window_view(tokens, size)
            same = (grams[:, :-1] == tokens[len(tokens) - size + 1 :]).all(axis=1)
            changed[row, grams[same, -1]] = -np.inf
    return changed


def forbid_words(texts: Texts, scores: np.ndarray, *, words: tuple[tuple[int, ...], ...]) -> np.ndarray:
    """Forbid the last token of a word where a text ends in those before it.

    Differs: Hugging Face lets a text that is shorter than the word end it.
    """
    changed = scores.copy()
    for row in range(len(texts)):
        tokens = tuple(texts.tokens(row).tolist())
        last = [word[-1] for word in words if tokens[len(tokens) - len(word) + 1 :] == word[:-1]]
        changed[row, last] = -np.inf
    return changed


def forbid_end(texts: Texts, scores: np.ndarray, *, ends: tuple[int, ...], width: int) -> np.ndarray:
    """Forbid what ends a text before all texts are so wide."""
    if texts.ids.shape[1] >= width:
        return scores
    changed = scores.copy()
    changed[:, ends] = -np.inf
    return changed


def _check_left(texts: Texts, scores: np.ndarray) -> np.ndarray:
    """Refuse to choose where there is no choice."""
    best = scores.max(axis=1)
    if np.isneginf(best).any():
        raise InputError(
            "a token must be left to choose; got none, for `bad_words_ids`, `no_repeat_ngram_size` and "
            "`min_new_tokens` forbid all together."
        )
    if np.isnan(best).any():
        raise InputError("the model's scores must be numbers; got NaN. Look at its weights.")
    return scores


def change_temperature(texts: Texts, scores: np.ndarray, *, temperature: float) -> np.ndarray:
    """Below 1 the likely become likelier, above 1 less so."""
    return np.asarray(scores / np.asarray(temperature, scores.dtype))


def keep_top_k(texts: Texts, scores: np.ndarray, *, count: int) -> np.ndarray:
    """Forbid all but the likeliest, and what is as likely as the last of them."""
    count = min(count, scores.shape[1])
    lowest = np.take_along_axis(scores, best(scores, count)[:, -1:], axis=1)
    return np.where(scores < lowest, -np.inf, scores)


def keep_top_p(texts: Texts, scores: np.ndarray, *, share: float, least: int) -> np.ndarray:
    """Forbid all but the fewest that have a share of the probability together.

    Source: Holtzman et al. 2020, "The curious case of neural text degeneration", section 3.1.
    """
    changed = np.full_like(scores, -np.inf)
    for row, own in enumerate(scores):
        allowed = np.flatnonzero(own > -np.inf)
        rising = allowed[np.argsort(own[allowed], kind="stable")]
        chances = np.exp(own[rising].astype(np.float64) - own[rising[-1]])
        kept = chances.cumsum() / chances.sum() > 1 - share
        kept[-least:] = True
        changed[row, rising[kept]] = own[rising[kept]]
    return changed
