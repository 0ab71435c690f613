"""The likeliest words for a mask."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..checks import check_top_k, shown
from ..data.batches import Limits
from ..errors import InputError
from .base import Pipeline, Row
from .examples import Lang, TextExample, language_of, read_text
from .results import Result
from .scores import best_first, softmax


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


class FillMaskPipeline(Pipeline[TextExample, Wanted, Fillings, Fillings]):
    """Finds the likeliest words for each mask of a text.

    ``[MASK]``, ``<mask>`` and the tokenizer's own ``<special1>`` are all the mask. A text with one mask gives a list of
    `FillMaskResult`, best first; with several masks, a list of such lists, each mask being filled on its own.

    A tuple of two is a text and its translation, side by side as in translation language modelling.

    Differs: a list of texts always gives a list, of one element as of many; Hugging Face unwraps a list of one.
    """

    def __call__(
        self,
        inputs: Any,
        *,
        lang: Any = None,
        top_k: int = 5,
        targets: str | Sequence[str] | None = None,
        batch_size: int | None = None,
        max_tokens: int | None = None,
        show_progress: bool | None = None,
    ) -> Any:
        """inputs: a text, a tuple of two, a list of them or any other iterable.

        lang: the language of the texts, a tuple of two for pairs, or a list with one of these for each.
        targets: only these words are considered; each must be one piece of the vocabulary, probabilities are still
        those among all words. top_k: how many words, at most as many as there are. batch_size, max_tokens: as for the
        pipeline, for this call. show_progress: None shows it on a terminal.

        Raises: InputError for a text without a mask or with too many tokens, a target that is not one piece, a top_k
            below 1; LanguageError for an unknown language.
        """
        candidates = self._candidates(targets, language_of(lang, 0) if isinstance(lang, (str, tuple)) else None)
        top_k = check_top_k(top_k, self.config.vocab_size if candidates is None else len(candidates))
        return self._results(inputs, lang, Wanted(top_k, candidates), Limits(batch_size, max_tokens), show_progress)

    def read(self, item: Any, lang: Lang) -> TextExample:
        """A text or a pair."""
        return read_text(item, lang)

    def preprocess(self, example: TextExample, options: Wanted) -> list[Row]:
        """One text, which must have a mask, or two whose positions both start at 0."""
        text, pair = example.text, example.pair
        rows = self._rows(text, pair, example.lang, reset_positions=pair is not None)
        if self.tokenizer.mask_token_id not in rows[0].inputs["input_ids"]:
            raise InputError(
                f"a text must have a mask to fill, written [MASK], <mask> or {self.tokenizer.mask_token}; "
                f"got {shown(text)}."
            )
        return self._whole(rows, text, "Split it.")

    def postprocess(
        self, example: TextExample, row: Row, outputs: Mapping[str, np.ndarray], options: Wanted
    ) -> Fillings:
        """The best words for each mask."""
        ids, masks = np.asarray(row.inputs["input_ids"]), self._masks(row)
        filled = [
            self._fill(ids, mask, scores, options, alone=len(masks) == 1)
            for mask, scores in zip(masks, outputs["logits"], strict=False)  # those of other rows may have more
        ]
        return filled[0] if len(filled) == 1 else filled

    def batch(self, rows: Sequence[Row]) -> dict[str, np.ndarray]:
        """The inputs, and the positions of the masks, which alone are scored; a text with fewer repeats its first."""
        masks = [self._masks(row) for row in rows]
        most = max(map(len, masks))
        positions = np.array([each + each[:1] * (most - len(each)) for each in masks])
        return super().batch(rows) | {"positions": positions}

    def combine(self, example: TextExample, parts: list[Fillings], options: Wanted) -> Fillings:
        """Those of the one row."""
        return parts[0]

    def _masks(self, row: Row) -> list[int]:
        """Where the masks of a text are."""
        return [place for place, token in enumerate(row.inputs["input_ids"]) if token == self.tokenizer.mask_token_id]

    def _fill(
        self, ids: np.ndarray, mask: int, scores: np.ndarray, wanted: Wanted, *, alone: bool
    ) -> list[FillMaskResult]:
        """The best words for one mask. ids (T,), scores (V,)."""
        probabilities = softmax(scores)
        considered = np.arange(len(scores)) if wanted.candidates is None else wanted.candidates
        best = considered[best_first(probabilities[considered])[: wanted.top_k]]
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
