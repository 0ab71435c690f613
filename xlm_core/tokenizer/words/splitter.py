"""The words of a text, by the rules of its language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from ...errors import InputError
from .aligned import Aligned
from .lowercase import align_lowercase_without_accents, lowercase_without_accents
from .moses import moses
from .segmenters import SEGMENTERS, Segmenter, segmented

_BETWEEN_SPACES = re.compile("[^ ]+")


class Words(Protocol):
    """The rules of one language."""

    def split(self, text: str) -> list[str]:
        """The words of a text; some may be empty."""
        ...

    def align(self, text: Aligned) -> list[Aligned]:
        """The same, with where their characters stood."""
        ...


class WordSplitter:
    """Text → words. With ``lowercase`` they are in lower case and without accents.

    ``segmenters`` cut the words of some languages instead of Moses' rules or of the segmenters that this library
    knows. What they are bound to is in `Segmenter`.

    Raises: InputError if a segmenter cannot be called.
    """

    def __init__(self, lowercase: bool, segmenters: Mapping[str, Segmenter] = MappingProxyType({})) -> None:
        for lang, segmenter in segmenters.items():
            if not callable(segmenter):
                kind = type(segmenter).__name__
                raise InputError(f"`segmenters[{lang!r}]` must be a function from a text to its words; got {kind}.")
        self.lowercase = lowercase
        self.segmenters = {**SEGMENTERS, **segmenters}

    def split(self, text: str, lang: str) -> list[str]:
        """The words of a text, none of them empty, by the rules of a language.

        Only the word of a segmenter can hold whitespace, and with ``lowercase`` no space.
        """
        words = self.rules(lang).split(text)
        if self.lowercase:
            words = lowercase_without_accents(" ".join(words)).split(" ")
        return list(filter(None, words))

    def align(self, text: str, lang: str) -> list[Aligned]:
        """The same words, each with where its characters stood in the text.

        Raises: InputError if a segmenter's words are not its text.
        """
        words = self.rules(lang).align(Aligned.of(text))
        if self.lowercase:
            lowered = map(align_lowercase_without_accents, words)
            words = [part for word in lowered for part in word.split(_BETWEEN_SPACES)]
        return list(filter(None, words))

    def rules(self, lang: str) -> Words:
        """The rules of a language, without lower-casing."""
        segmenter = self.segmenters.get(lang)
        return segmented(lang, segmenter) if segmenter else moses(lang)
