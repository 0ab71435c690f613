"""Embeddings as a column of a table that comes in batches: what Ray Data's ``map_batches`` calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import InputError
from .encoder import SentenceEncoder


class TextEmbedder:
    """Adds a column of embeddings to a batch of columns. It needs no Ray, and takes any mapping of arrays.

    text_column: where the texts are. lang: the language of all of them; or lang_column: where the language of each is.
    output_column: the name of the new column, (N, D). Other ``options`` are those of `SentenceEncoder.encode`.

    Raises: InputError if both a language and a column of languages are given.
    """

    def __init__(
        self,
        encoder: SentenceEncoder,
        *,
        text_column: str = "text",
        output_column: str = "embedding",
        lang: str | None = None,
        lang_column: str | None = None,
        **options: Any,
    ) -> None:
        if lang is not None and lang_column is not None:
            raise InputError(f"`lang` and `lang_column` must not both be given; got {lang!r} and {lang_column!r}.")
        self.encoder, self.options = encoder, {"show_progress_bar": False, **options}
        self.text_column, self.output_column = text_column, output_column
        self.lang, self.lang_column = lang, lang_column

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        """The columns of a batch and one more.

        Raises: InputError for a column that is not there, and as `SentenceEncoder.encode` does.
        """
        lang = self.lang if self.lang_column is None else self._column(batch, self.lang_column)
        vectors: np.ndarray = self.encoder.encode(self._column(batch, self.text_column), lang=lang, **self.options)
        return {**batch, self.output_column: vectors}

    def _column(self, batch: Mapping[str, Any], name: str) -> list[Any]:
        if name not in batch:
            raise InputError(f"the batch must have a column {name!r}; it has {list(batch)}.")
        return list(batch[name])
