"""Between tokens and ids, and from ids back to text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, overload

from ..errors import InputError
from .bpe import END_OF_WORD
from .columns import to_lists
from .special_tokens import AddedToken, SpecialTokenNames
from .vocabulary import Vocabulary

_CLEAN_UPS = {
    **{f" {mark}": mark for mark in (".", "?", "!", ",")},
    " ' ": "'",
    **{f" {ending}": ending for ending in ("n't", "'m", "'s", "'ve", "'re")},
}
"""English punctuation as it leaves the pieces → as it is written; in this order, as in Hugging Face."""


class TokenConverter(SpecialTokenNames):
    """A vocabulary and the tokens added to it, as a two-way table."""

    clean_up_tokenization_spaces: bool
    _vocabulary: Vocabulary
    _added: dict[int, AddedToken]
    _added_ids: dict[str, int]

    @property
    def vocab_size(self) -> int:
        """How many pieces the vocabulary has, without added tokens that it lacks."""
        return len(self._vocabulary.ids)

    def __len__(self) -> int:
        return len(self.get_vocab())

    def get_vocab(self) -> dict[str, int]:
        """Token → id, added tokens included; a copy."""
        return {**self._vocabulary.ids, **self._added_ids}

    @property
    def added_tokens_decoder(self) -> dict[int, AddedToken]:
        """Id → token, for every string that is one token wherever it occurs in a text; a copy."""
        return dict(sorted(self._added.items()))

    def token_id(self, token: str) -> int:
        """The id of one token; of one that is not in the vocabulary, that of the unknown token."""
        ids = self._vocabulary.ids
        return self._added_ids[token] if token in self._added_ids else ids.get(token, ids[self.unk_token])

    @overload
    def convert_tokens_to_ids(self, tokens: str) -> int: ...  # type: ignore[overload-overlap]  # a str is one token
    @overload
    def convert_tokens_to_ids(self, tokens: Iterable[str]) -> list[int]: ...
    def convert_tokens_to_ids(self, tokens: str | Iterable[str]) -> int | list[int]:
        """The id of a token, or the ids of tokens; what is not in the vocabulary is the unknown token."""
        return self.token_id(tokens) if isinstance(tokens, str) else [self.token_id(token) for token in tokens]

    @overload
    def convert_ids_to_tokens(self, ids: int, skip_special_tokens: bool = False) -> str: ...
    @overload
    def convert_ids_to_tokens(self, ids: Sequence[int], skip_special_tokens: bool = False) -> list[str]: ...
    def convert_ids_to_tokens(self, ids: Any, skip_special_tokens: bool = False) -> str | list[str]:
        """The token of an id, or the tokens of ids; an id that the vocabulary lacks is the unknown token.

        ``skip_special_tokens`` has an effect on many ids only, as in Hugging Face. Tensors and arrays count as lists.
        """
        ids = to_lists(ids)
        if not isinstance(ids, list):
            return self._token(ids)
        skipped = set(self.all_special_ids) if skip_special_tokens else set()
        return [self._token(number) for number in ids if number not in skipped]

    def convert_tokens_to_string(self, tokens: Iterable[str]) -> str:
        """The text of pieces: joined, with a space where a word ends. Special tokens end no word."""
        return "".join(tokens).replace(END_OF_WORD, " ").strip()

    def decode(
        self, token_ids: Any, skip_special_tokens: bool = False, clean_up_tokenization_spaces: bool | None = None
    ) -> Any:
        """The text of ids – a number, a list, an array or a tensor; of a batch of them, a list of texts.

        ``clean_up_tokenization_spaces`` takes the spaces before English punctuation away; None is the tokenizer's
        own setting.
        """
        ids = to_lists(token_ids)
        ids = ids if isinstance(ids, list) else [ids]
        if ids and isinstance(ids[0], list):
            return [self.decode(row, skip_special_tokens, clean_up_tokenization_spaces) for row in ids]
        text = self.convert_tokens_to_string(self.convert_ids_to_tokens(ids, skip_special_tokens))
        if clean_up_tokenization_spaces is None:
            clean_up_tokenization_spaces = self.clean_up_tokenization_spaces
        return clean_up(text) if clean_up_tokenization_spaces else text

    def batch_decode(
        self, sequences: Any, skip_special_tokens: bool = False, clean_up_tokenization_spaces: bool | None = None
    ) -> list[str]:
        """The texts of many rows of ids."""
        return [self.decode(row, skip_special_tokens, clean_up_tokenization_spaces) for row in to_lists(sequences)]

    def _token(self, number: Any) -> str:
        if not isinstance(number, int):
            raise InputError(f"token ids must be whole numbers; got {number!r} of type {type(number).__name__}.")
        if number in self._added:
            return self._added[number].content
        return self._vocabulary.pieces.get(number, self.unk_token)


def clean_up(text: str) -> str:
    """Text with English punctuation and contractions attached to the word before."""
    for apart, together in _CLEAN_UPS.items():
        text = text.replace(apart, together)
    return text
