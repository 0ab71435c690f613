"""The words of a text, by the rules of its language."""

from __future__ import annotations

from dataclasses import dataclass, field

from .aligned import Aligned
from .moses import Moses
from .normalize import lowercase_and_remove_accents
from .segmenters import split_words


@dataclass(frozen=True)
class WordSplitter:
    """Text → words. With ``lowercase`` they are in lower case and without accents."""

    lowercase: bool
    moses: Moses = field(default_factory=Moses)

    def split(self, text: str, lang: str) -> list[str]:
        """The words of a text, none of them empty, by the rules of a language."""
        words = split_words(text, lang, self.moses)
        return list(filter(None, lowercase_and_remove_accents(words) if self.lowercase else words))

    def align(self, text: str, lang: str) -> list[Aligned]:
        """The same words, each with where its characters stood in the text."""
        raise NotImplementedError
