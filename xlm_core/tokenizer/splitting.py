"""From a text to its tokens: lower-casing, control strings, words, pieces, in the order that the format says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .bpe import BytePairEncoder
from .moses import Moses
from .normalize import lowercase_and_remove_accents, lowercase_by_character
from .segmenters import split_words
from .special_tokens import ControlStrings


@dataclass(frozen=True)
class TextSplitter:
    """Text → tokens.

    ``lowercase`` is done to each word; with ``lowercase_first``, to the whole text before everything else, too.
    ``cut_controls`` makes tokens of the control strings in a text.
    """

    controls: ControlStrings
    moses: Moses
    bpe: BytePairEncoder
    lowercase: bool
    lowercase_first: bool
    cut_controls: bool

    def split(self, text: str, lang: str) -> Iterator[str]:
        """Tokens by the rules of a language."""
        for part, is_control in self._parts(self._lowercase_text(text)):
            yield from (part,) if is_control else self._pieces(self._words(part, lang))

    def split_words(self, text: str) -> Iterator[str]:
        """Tokens of a text whose words are ready and stand between whitespace."""
        for part, is_control in self._parts(text):
            yield from (part,) if is_control else self._pieces(part.split())

    def _lowercase_text(self, text: str) -> str:
        if not self.lowercase_first:
            return text
        parts = self.controls.split_exact(text)
        parts[::2] = map(lowercase_by_character, parts[::2])
        return "".join(parts)

    def _parts(self, text: str) -> Iterable[tuple[str, bool]]:
        return self.controls.cut(text) if self.cut_controls else [(text, False)]

    def _words(self, text: str, lang: str) -> list[str]:
        words = split_words(text, lang, self.moses)
        return lowercase_and_remove_accents(words) if self.lowercase else words

    def _pieces(self, words: Iterable[str]) -> Iterator[str]:
        for word in filter(None, words):
            yield from self.bpe(word)
