"""The measured process of this library's tokenizer."""

from __future__ import annotations

import copy
import gc
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from worker import batches, call_options, serve

from xlm_core import XLMTokenizer
from xlm_core.tokenizer.words.segmenters import SEGMENTERS


class Ours:
    """Called as users call it; ``older`` is the format of transformers 4, which the call without a language has."""

    def __init__(self, folder: str, texts: list[str], lang: str, older: bool) -> None:
        self.texts = texts
        self._lang = lang
        format_of_call = "transformers-4" if older else "transformers-5"
        self._fresh = [
            XLMTokenizer.from_pretrained(folder, input_format=name, lang2id=None, id2lang=None)
            for name in (format_of_call, "original")
        ]
        self.forget()

    def forget(self) -> None:
        """A copy carries no memories; a first text brings the classes into place."""
        self._plain, self._with_lang = map(copy.copy, self._fresh)
        self._plain("0", return_offsets_mapping=True)
        self._with_lang("0", lang=self._lang, return_offsets_mapping=True)
        gc.collect()

    def call(self, texts: list[str]) -> list[list[int]]:
        """One text after the other."""
        tokenizer = self._plain
        return [tokenizer(text)["input_ids"] for text in texts]

    def encoder(self, texts: list[str]) -> list[list[int]]:
        """The same without what a call adds: columns, special tokens, a result to look things up in."""
        encode = self._plain._encoder.ids  # noqa: SLF001  # what the call's own time is measured against
        return [encode(text, "en") for text in texts]

    def lang(self, texts: list[str]) -> list[list[int]]:
        """By the rules of the language."""
        tokenizer, lang = self._with_lang, self._lang
        return [tokenizer(text, lang=lang)["input_ids"][1:] for text in texts]

    def offsets(self, texts: list[str]) -> list[list[int]]:
        """With where the tokens stood."""
        tokenizer = self._plain
        return [tokenizer(text, return_offsets_mapping=True)["input_ids"] for text in texts]

    def batch(self, texts: list[str]) -> list[Any]:
        """Padded arrays."""
        tokenizer, options = self._plain, call_options()
        return [tokenizer(batch, **options) for batch in batches(texts)]

    def segmenter(self, texts: list[str]) -> list[Any]:
        """The segmenter of the language alone, on the texts as they are."""
        segment = SEGMENTERS[self._lang]
        return [tuple(segment(text)) for text in texts]


if __name__ == "__main__":
    serve(Ours)
