"""The states of a text's tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..data.batches import Limits
from .base import Pipeline, Row
from .examples import Lang, TextExample, read_text


@dataclass(frozen=True)
class Cut:
    """Whether texts that are too long may be cut."""

    truncation: bool


class FeatureExtractionPipeline(Pipeline[TextExample, Cut, np.ndarray, np.ndarray]):
    """Gives the last states of a text's tokens, special tokens included.

    Differs: an array (T, D) for each text; Hugging Face gives lists of lists, with an axis of one text around them.
    """

    def __call__(
        self,
        inputs: Any,
        *,
        lang: Any = None,
        truncation: bool = False,
        batch_size: int | None = None,
        max_tokens: int | None = None,
        show_progress: bool | None = None,
    ) -> Any:
        """inputs: a text, a pair, a list of them or any other iterable.

        lang: the language of the texts, a tuple of two for pairs, or a list with one of these for each.
        truncation: cut texts that are too long, at their ends. batch_size, max_tokens: as for the pipeline,
        for this call. show_progress: None shows it on a terminal.

        Raises: InputError for what is no text, or has too many tokens; LanguageError for an unknown language.
        """
        return self._results(inputs, lang, Cut(truncation), Limits(batch_size, max_tokens), show_progress)

    def read(self, item: Any, lang: Lang) -> TextExample:
        """A text or a pair."""
        return read_text(item, lang)

    def preprocess(self, example: TextExample, options: Cut) -> list[Row]:
        """The text or pair, cut if that was asked for."""
        return self._fitting(example, options.truncation)

    def postprocess(
        self, example: TextExample, row: Row, outputs: Mapping[str, np.ndarray], options: Cut
    ) -> np.ndarray:
        """The states of the tokens, without padding; a copy, so that the batch can be forgotten. -> (T, D)."""
        return outputs["last_hidden_state"][: len(row)].copy()

    def combine(self, example: TextExample, parts: list[np.ndarray], options: Cut) -> np.ndarray:
        """Those of the one row."""
        return parts[0]
