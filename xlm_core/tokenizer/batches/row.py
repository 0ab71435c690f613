"""One row of a batch, with everything that is known of each of its tokens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple


class CharSpan(NamedTuple):
    """Characters of a text, ``end`` exclusive."""

    start: int
    end: int


class TokenSpan(NamedTuple):
    """Tokens of a row, ``end`` exclusive."""

    start: int
    end: int


@dataclass(frozen=True)
class Encoding:
    """A row as parallel columns, one entry for each token, padding included, and the way between them and the text.

    ``offsets`` are where each token stands in the text as it was given, ``(0, 0)`` for special tokens and padding; in
    a text of words they count from the start of the word. ``word_ids`` number the words of each text from 0 – those
    of Moses or of a segmenter, or those that were given – and ``sequence_ids`` say which text a token is of; both are
    None for special tokens and padding. ``overflowing`` are the further windows over the same text.

    Look-ups give None where there is nothing: no token at that character, no character at that token.
    """

    ids: list[int]
    type_ids: list[int]
    tokens: list[str]
    offsets: list[tuple[int, int]]
    word_ids: list[int | None]
    sequence_ids: list[int | None]
    special_tokens_mask: list[int]
    attention_mask: list[int]
    overflowing: list[Encoding] = field(default_factory=list, repr=False)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def n_sequences(self) -> int:
        """1 for a text, 2 for a pair."""
        return 2 if 1 in self.sequence_ids else 1

    def token_to_sequence(self, token_index: int) -> int | None:
        """Which text a token is of, 0 or 1."""
        return self.sequence_ids[token_index]

    def token_to_word(self, token_index: int) -> int | None:
        """The word that a token is of."""
        return self.word_ids[token_index]

    def token_to_chars(self, token_index: int) -> CharSpan | None:
        """The characters that a token stands for."""
        return None if self.sequence_ids[token_index] is None else CharSpan(*self.offsets[token_index])

    def char_to_token(self, char_index: int, sequence_index: int = 0) -> int | None:
        """The first token that stands for a character."""
        for token, (start, end) in self._offsets_of(sequence_index):
            if start <= char_index < end:
                return token
        return None

    def char_to_word(self, char_index: int, sequence_index: int = 0) -> int | None:
        """The word that a character is in."""
        token = self.char_to_token(char_index, sequence_index)
        return None if token is None else self.word_ids[token]

    def word_to_tokens(self, word_index: int, sequence_index: int = 0) -> TokenSpan | None:
        """The tokens of a word."""
        pairs = enumerate(zip(self.word_ids, self.sequence_ids, strict=True))
        tokens = [token for token, pair in pairs if pair == (word_index, sequence_index)]
        return TokenSpan(tokens[0], tokens[-1] + 1) if tokens else None

    def word_to_chars(self, word_index: int, sequence_index: int = 0) -> CharSpan | None:
        """The characters of a word."""
        span = self.word_to_tokens(word_index, sequence_index)
        return None if span is None else CharSpan(self.offsets[span.start][0], self.offsets[span.end - 1][1])

    def _offsets_of(self, sequence_index: int) -> Iterator[tuple[int, tuple[int, int]]]:
        pairs = enumerate(zip(self.offsets, self.sequence_ids, strict=True))
        return ((token, offsets) for token, (offsets, sequence) in pairs if sequence == sequence_index)
