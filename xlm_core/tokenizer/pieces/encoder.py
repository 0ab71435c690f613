"""From one text to its pieces: lower-casing, control strings, words, byte pairs, in the order that the format says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

from ..words import WordSplitter
from ..words.lowercase import lowercase_by_character
from .bpe import BytePairEncoder
from .chunks import ChunkEncoder, LanguageEncoder, WholeEncoder
from .controls import ControlStrings, Part
from .memory import CACHE_SIZE
from .pieces import Pieces, concatenate
from .placing import pieces_between_spaces

__all__ = ["Pieces", "TextEncoder"]

_MOST_LANGUAGES = 64


class TextEncoder:
    """Text → ids, tokens, or pieces with where they stood.

    With ``lowercase_first`` the whole text is lower-cased before everything else. ``cut_controls`` makes tokens of
    the control strings in a text.

    Each language has a memory of ``cache_size`` chunks of text and what they became, all have one of as many words.
    What is remembered changes no result. Threads may share an encoder; a pickle or a copy starts without memories.
    """

    def __init__(
        self,
        controls: ControlStrings,
        splitter: WordSplitter,
        bpe: BytePairEncoder,
        *,
        lowercase_first: bool,
        cut_controls: bool,
        cache_size: int = CACHE_SIZE,
    ) -> None:
        self._controls = controls
        self._splitter = splitter
        self._bpe = bpe
        self._lowercase_first = lowercase_first
        self._cut_controls = cut_controls
        self._cache_size = cache_size
        self._languages: dict[str, LanguageEncoder] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_languages": {}}

    def ids(self, text: str, lang: str) -> list[int]:
        """Ids by the rules of a language."""
        if self._lowercase_first:
            text = self._lowercase(text)
        encode = self._language(lang).ids
        return self._ids_of_parts(text, encode) if self._has_controls(text) else encode(text)

    def ids_of_words(self, text: str) -> list[int]:
        """Ids of a text whose words are ready and stand between whitespace."""
        return self._ids_of_parts(text, lambda part: self._bpe.ids_of(part.split()))

    def pieces(self, text: str, lang: str) -> Pieces:
        """Pieces by the rules of a language, with where they stood."""
        encode = self._language(lang).pieces
        sources = self._lowercased_positions(text) if self._lowercase_first else None
        if self._lowercase_first:
            text = self._lowercase(text)
        pieces = self._pieces_of_parts(text, encode) if self._has_controls(text) else encode(text)
        return pieces if sources is None else pieces.moved(sources)

    def pieces_of_words(self, text: str) -> Pieces:
        """The same for a text whose words are ready and stand between whitespace."""
        return self._pieces_of_parts(text, lambda part: pieces_between_spaces(part, self._bpe))

    def tokens(self, text: str, lang: str) -> list[str]:
        """Tokens by the rules of a language; those that the vocabulary lacks are themselves."""
        text = self._lowercase(text) if self._lowercase_first else text
        return self._tokens(text, lambda part: self._splitter.split(part, lang))

    def tokens_of_words(self, text: str) -> list[str]:
        """Tokens of a text whose words are ready and stand between whitespace."""
        return self._tokens(text, str.split)

    def _language(self, lang: str) -> LanguageEncoder:
        found = self._languages.get(lang)
        return self._meet(lang) if found is None else found

    def _meet(self, lang: str) -> LanguageEncoder:
        """Codes are what callers write; nobody writes more than ``_MOST_LANGUAGES`` of them in earnest."""
        if len(self._languages) >= _MOST_LANGUAGES:
            self._languages = {}
        return self._languages.setdefault(lang, self._build(lang))

    def _build(self, lang: str) -> LanguageEncoder:
        if lang in self._splitter.segmenters:
            return WholeEncoder(lang, self._splitter, self._bpe, self._cache_size)
        return ChunkEncoder(lang, self._splitter, self._bpe, self._cache_size)

    def _has_controls(self, text: str) -> bool:
        return self._cut_controls and self._controls.occur_in(text)

    def _parts(self, text: str) -> Sequence[Part]:
        return list(self._controls.cut(text)) if self._has_controls(text) else [Part(text, range(len(text)))]

    def _ids_of_parts(self, text: str, encode: Callable[[str], list[int]]) -> list[int]:
        rows = ([self._bpe.id(part.text)] if part.is_control else encode(part.text) for part in self._parts(text))
        return list(chain.from_iterable(rows))

    def _tokens(self, text: str, split: Callable[[str], list[str]]) -> list[str]:
        rows = ([part.text] if part.is_control else self._bpe.tokens_of(split(part.text)) for part in self._parts(text))
        return list(chain.from_iterable(rows))

    def _pieces_of_parts(self, text: str, encode: Callable[[str], Pieces]) -> Pieces:
        parts = self._parts(text)
        return concatenate(
            self._control(part) if part.is_control else encode(part.text).moved(part.positions) for part in parts
        )

    def _control(self, part: Part) -> Pieces:
        return Pieces([self._bpe.id(part.text)], [(part.positions[0], part.positions[-1] + 1)], [1])

    def _lowercase(self, text: str) -> str:
        if not self._controls.occur_in(text):
            return lowercase_by_character(text)
        parts = self._controls.split_exact(text)
        parts[::2] = map(lowercase_by_character, parts[::2])
        return "".join(parts)

    def _lowercased_positions(self, text: str) -> Sequence[int] | None:
        """Where the characters of the lower-cased text stood. Only İ becomes two characters."""
        if "İ" not in text:
            return None
        start, positions = 0, []
        for number, part in enumerate(self._controls.split_exact(text)):
            for position, character in enumerate(part, start):
                positions += [position] * (2 if character == "İ" and number % 2 == 0 else 1)
            start += len(part)
        return positions
