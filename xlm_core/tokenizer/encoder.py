"""From one text to its pieces: lower-casing, control strings, words, byte pairs, in the order that the format says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from .bpe import BytePairEncoder
from .controls import ControlStrings
from .words import WordSplitter
from .words.normalize import lowercase_by_character


@dataclass(frozen=True, slots=True)
class Pieces:
    """The pieces of one text, each with where it stood and the number of its word.

    ``starts`` and ``ends`` are characters of the text as it was given, ``ends`` exclusive. Words are numbered from 0;
    a control string is a word of its own.
    """

    ids: list[int]
    starts: list[int]
    ends: list[int]
    words: list[int]


@dataclass(frozen=True)
class TextEncoder:
    """Text → tokens.

    With ``lowercase_first`` the whole text is lower-cased before everything else. ``cut_controls`` makes tokens of
    the control strings in a text.
    """

    controls: ControlStrings
    splitter: WordSplitter
    bpe: BytePairEncoder
    lowercase_first: bool
    cut_controls: bool

    def tokens(self, text: str, lang: str) -> list[str]:
        """Tokens by the rules of a language."""
        parts = self._parts(self._lowercase_text(text))
        return list(self._tokens(parts, lambda part: self.splitter.split(part, lang)))

    def tokens_of_words(self, text: str) -> list[str]:
        """Tokens of a text whose words are ready and stand between whitespace."""
        return list(self._tokens(self._parts(text), str.split))

    def _lowercase_text(self, text: str) -> str:
        if not self.lowercase_first:
            return text
        parts = self.controls.split_exact(text)
        parts[::2] = map(lowercase_by_character, parts[::2])
        return "".join(parts)

    def _parts(self, text: str) -> Iterable[tuple[str, bool]]:
        return self.controls.cut(text) if self.cut_controls else [(text, False)]

    def _tokens(self, parts: Iterable[tuple[str, bool]], split: Callable[[str], list[str]]) -> Iterator[str]:
        for part, is_control in parts:
            if is_control:
                yield part
                continue
            for word in split(part):
                yield from self.bpe(word)
