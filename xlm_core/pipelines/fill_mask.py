"""The likeliest words for a mask."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError
from .base import Encoding, Pipeline, Result, check_top_k


@dataclass(frozen=True)
class FillMaskResult(Result):
    """One word for one mask: its probability, its id, the word, and the text with the word in it."""

    score: float
    token: int
    token_str: str
    sequence: str


Fillings = list[FillMaskResult] | list[list[FillMaskResult]]


@dataclass(frozen=True)
class Wanted:
    """What a call asked for: how many words, and out of which (ids, or None for all)."""

    top_k: int
    candidates: np.ndarray | None


class FillMaskPipeline(Pipeline[Wanted, Fillings]):
    """Finds the likeliest words for each mask of a text.

    ``[MASK]``, ``<mask>`` and the tokenizer's own ``<special1>`` are all the mask. A text with one mask gives a list of
    `FillMaskResult`, best first; with several masks, a list of such lists, each mask being filled on its own.

    Differs: a list of texts always gives a list, of one element as of many; Hugging Face unwraps a list of one.
    """

    def __call__(
        self,
        inputs: str | Sequence[str],
        *,
        lang: str | Sequence[str] | None = None,
        top_k: int = 5,
        targets: str | Sequence[str] | None = None,
    ) -> Any:
        """inputs: a text or a list of texts. lang: the language of the texts, or one for each.

        targets: only these words are considered; each must be one piece of the vocabulary, probabilities are still
        those among all words. top_k: how many words, at most as many as there are.

        Raises: InputError for a text without a mask or with too many tokens, a target that is not one piece, a top_k
            below 1; LanguageError for an unknown language.
        """
        candidates = self._candidates(targets, lang if isinstance(lang, str) else None)
        top_k = check_top_k(top_k, self.config.vocab_size if candidates is None else len(candidates))
        return self._results(inputs, lang, Wanted(top_k, candidates))

    def preprocess(self, text: str, lang: str | None) -> Encoding:
        """One text, which must have a mask, tokenised."""
        returns_langs = None if self.config.has_lang_embeddings else False  # else it only chooses how words are split
        encoding = self.tokenizer(text, lang=lang, return_langs=returns_langs)
        if self.tokenizer.mask_token_id not in encoding["input_ids"]:
            raise InputError(
                f"a text must have a mask to fill, written [MASK], <mask> or {self.tokenizer.mask_token}; got {text!r}."
            )
        return encoding

    def postprocess(self, encoding: Encoding, outputs: Mapping[str, np.ndarray], options: Wanted) -> Fillings:
        """The best words for each mask of one text, whose outputs have no batch axis."""
        ids = np.asarray(encoding["input_ids"])
        masks = np.flatnonzero(ids == self.tokenizer.mask_token_id).tolist()
        filled = [self._fill(ids, mask, outputs["logits"][mask], options, alone=len(masks) == 1) for mask in masks]
        return filled[0] if len(filled) == 1 else filled

    def _fill(
        self, ids: np.ndarray, mask: int, scores: np.ndarray, wanted: Wanted, *, alone: bool
    ) -> list[FillMaskResult]:
        """The best words for one mask. ids (T,), scores (V,)."""
        probabilities = softmax(scores)
        considered = np.arange(len(scores)) if wanted.candidates is None else wanted.candidates
        best = considered[np.argsort(-probabilities[considered], kind="stable")[: wanted.top_k]]
        return [
            FillMaskResult(
                score=float(probabilities[token]),
                token=token,
                token_str=self.tokenizer.decode([token]),
                sequence=self.tokenizer.decode([*ids[:mask], token, *ids[mask + 1 :]], skip_special_tokens=alone),
            )
            for token in best.tolist()
        ]

    def _candidates(self, targets: str | Sequence[str] | None, lang: str | None) -> np.ndarray | None:
        """Ids of the target words. -> (targets,)."""
        if targets is None:
            return None
        words = list(targets) if isinstance(targets, Iterable) and not isinstance(targets, str) else [targets]
        if not words or not all(isinstance(word, str) for word in words):
            raise InputError(f"`targets` must be one word or more; got {targets!r}. Leave it out to consider all.")
        return np.unique([self._piece(word, lang) for word in words])

    def _piece(self, word: str, lang: str | None) -> int:
        """The id of a word that is one piece."""
        pieces = self.tokenizer.tokenize(word, lang=lang)
        ids = self.tokenizer.convert_tokens_to_ids(pieces)
        if len(ids) != 1 or ids[0] == self.tokenizer.unk_token_id:
            raise InputError(
                f"`targets` must be single pieces, as a mask stands for one; got {word!r}, which is {pieces}."
            )
        return int(ids[0])


def softmax(scores: np.ndarray) -> np.ndarray:
    """Probabilities in float64. (V,) -> (V,)."""
    shifted = np.exp(scores.astype(np.float64) - scores.max())
    return np.asarray(shifted / shifted.sum())
