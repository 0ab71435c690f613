"""Beam search: several continuations of each text at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .filters import make_filter
from .options import Plan
from .search import Found, Step, chooser
from .texts import Texts

NEVER = -1e9
"""The score of what must not be taken; a number, so that it can be compared with another such."""


@dataclass(frozen=True)
class Candidates:
    """The likeliest ways to go on with each prompt, best first: C of them from K beams each. All (B, C)."""

    scores: np.ndarray
    beams: np.ndarray
    tokens: np.ndarray
    ended: np.ndarray


@dataclass(frozen=True)
class Ended:
    """The best K texts of each prompt that have ended.

    tokens and beams (B, K, N); scores (B, K), by length; full (B, K), whether there is such a text already.
    """

    tokens: np.ndarray
    beams: np.ndarray
    scores: np.ndarray
    full: np.ndarray


def follow_beams(step: Step, texts: Texts, plan: Plan, *, keep_scores: bool = False) -> Found:
    """Follow the ``num_beams`` likeliest continuations of each prompt, and give the best of those that have ended.

    Source: Hugging Face's ``generate`` of transformers 4.57, whose scores and stops these are.
    """
    return _Beams(step, texts, plan, keep_scores).run()


class _Beams:
    """A search: K beams of each of B prompts, in B K rows."""

    def __init__(self, step: Step, texts: Texts, plan: Plan, keep_scores: bool) -> None:
        self.keep_scores, self.count = keep_scores, 0  # tokens written, with those of this step
        self.step, self.plan, self.options = step, plan, plan.options
        self.n_texts, self.n_beams, self.width = len(texts), plan.options.num_beams, texts.ids.shape[1]
        self.apply, self.choose = make_filter(plan, self.width), chooser(plan)
        rows = np.repeat(np.arange(self.n_texts), self.n_beams)
        self.scores, self.texts, self.rows = step(texts, None)[rows], texts.take(rows), rows
        self.sums = np.full((self.n_texts, self.n_beams), NEVER)
        self.sums[:, 0] = 0  # all beams of a text are the same yet
        self.beams = np.full((self.n_texts, self.n_beams, plan.new_tokens), -1)
        self.ended = self._none()
        self.hopeful = np.ones((self.n_texts, 1), dtype=bool)
        self.kept: list[np.ndarray] = []

    def run(self) -> Found:
        """Step until nothing better can come."""
        while True:
            candidates = self._candidates()
            tokens, beams = self._histories(candidates)
            self.ended = self._with_ended(candidates, tokens, beams)
            self._go_on(candidates, beams)
            if self._is_done(candidates):
                return self._found()
            self.scores = self.step(self.texts, self.rows)
            self.rows = np.arange(len(self.texts))

    def _candidates(self) -> Candidates:
        """Enough of them that K are left if K ends are among the best."""
        self.count += 1
        allowed = self.apply(self.texts, log_softmax(self.scores))
        self.kept += [allowed] if self.keep_scores else []
        count = max(2, 1 + len(self.plan.ends)) * self.n_beams
        ids, keys = self.choose(allowed, min(count, self.scores.shape[1]))  # of each beam
        own = np.take_along_axis(allowed, ids, axis=1)
        keys, sums = (self._with_sums(each) for each in (keys, own))
        chosen = np.argsort(-keys, axis=1, kind="stable")[:, :count]
        tokens = np.take_along_axis(ids.reshape(self.n_texts, -1), chosen, axis=1)
        ended = np.isin(tokens, self.plan.ends) | (self.count == self.plan.new_tokens)
        return Candidates(np.take_along_axis(sums, chosen, axis=1), chosen // ids.shape[1], tokens, ended)

    def _with_sums(self, scores: np.ndarray) -> np.ndarray:
        """Scores of the next tokens and those of all before. (B K, C) -> (B, K C)."""
        return np.asarray((scores + self.sums.reshape(-1, 1)).reshape(self.n_texts, -1))

    def _histories(self, candidates: Candidates) -> tuple[np.ndarray, np.ndarray]:
        """All new tokens of the candidates, and the rows they came from. -> (B, C, N) twice."""
        written = self.texts.ids[:, self.width :].reshape(self.n_texts, self.n_beams, -1)
        tokens = np.full((*candidates.tokens.shape, self.plan.new_tokens), self.plan.padding)
        tokens[:, :, : self.count - 1] = _of(written, candidates.beams)
        tokens[:, :, self.count - 1] = candidates.tokens
        beams = _of(self.beams, candidates.beams)
        beams[:, :, self.count - 1] = self._row(candidates.beams)
        return tokens, beams

    def _with_ended(self, candidates: Candidates, tokens: np.ndarray, beams: np.ndarray) -> Ended:
        """The best K of those that had ended and those that now do; only the best K candidates may."""
        now = candidates.ended & (np.arange(candidates.ended.shape[1]) < self.n_beams)
        closed = self.ended.full.all(axis=1, keepdims=True) & (self.options.early_stopping is True)
        scores = candidates.scores / self.count**self.options.length_penalty
        scores = scores + NEVER * (closed.astype(float) + ~self.hopeful + ~now)
        merged = np.concatenate([self.ended.scores, scores], axis=1)
        chosen = np.argsort(-merged, axis=1, kind="stable")[:, : self.n_beams]
        pairs = ((self.ended.tokens, tokens), (self.ended.beams, beams), (self.ended.full, now))
        best = [_of(np.concatenate(pair, axis=1), chosen) for pair in pairs]
        return Ended(best[0], best[1], np.take_along_axis(merged, chosen, axis=1), best[2])

    def _go_on(self, candidates: Candidates, beams: np.ndarray) -> None:
        """Continue with the best K candidates that have not ended."""
        going = candidates.scores + NEVER * candidates.ended
        chosen = np.argsort(-going, axis=1, kind="stable")[:, : self.n_beams]
        sources = self._row(np.take_along_axis(candidates.beams, chosen, axis=1)).ravel()
        self.sums = np.take_along_axis(going, chosen, axis=1)
        self.beams = _of(beams, chosen)
        tokens = np.take_along_axis(candidates.tokens, chosen, axis=1).ravel()
        self.texts, self.rows = self.texts.take(sources).grown(tokens), self.rows[sources]

    def _is_done(self, candidates: Candidates) -> bool:
        """Whether no text can do better than those that have ended."""
        self.hopeful &= (self._best_possible() > self._worst_ended()).any(axis=1, keepdims=True)
        all_there = self.ended.full.all() and self.options.early_stopping is True
        return bool(not self.hopeful.any() or all_there or candidates.ended.all())

    def _best_possible(self) -> np.ndarray:
        """What the best beam may yet score. -> (B, 1)."""
        far = self.options.early_stopping == "never" and self.options.length_penalty > 0
        length = self.plan.new_tokens if far else self.count
        return np.asarray(self.sums[:, :1] / length**self.options.length_penalty)

    def _worst_ended(self) -> np.ndarray:
        """What must be beaten. -> (B, K)."""
        return np.where(self.ended.full, self.ended.scores.min(axis=1, keepdims=True), NEVER)

    def _found(self) -> Found:
        count = self.options.num_return_sequences
        beams = self.ended.beams[:, :count].reshape(self.n_texts * count, -1)
        longest = int((beams >= 0).sum(axis=1).max())
        tokens = self.ended.tokens[:, :count].reshape(self.n_texts * count, -1)
        sums = self.ended.scores[:, :count].ravel()
        return Found(tokens[:, :longest], tuple(self.kept), sums, beams[:, :longest])

    def _none(self) -> Ended:
        """Nothing has ended yet."""
        shape = (self.n_texts, self.n_beams)
        tokens = np.full((*shape, self.plan.new_tokens), self.plan.padding)
        return Ended(tokens, np.full_like(tokens, -1), np.full(shape, NEVER), np.zeros(shape, dtype=bool))

    def _row(self, beams: np.ndarray) -> np.ndarray:
        """Which of the B K rows a beam of each text is."""
        return np.asarray(np.arange(self.n_texts)[:, None] * self.n_beams + beams)


def log_softmax(scores: np.ndarray) -> np.ndarray:
    """Logarithms of probabilities. (R, V) -> (R, V)."""
    shifted = np.asarray(scores - scores.max(axis=1, keepdims=True))
    shifted -= np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return shifted


def _of(array: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """(B, K, …) and chosen (B, C) -> (B, C, …)."""
    found: np.ndarray = array[np.arange(len(array))[:, None], chosen]
    return found
