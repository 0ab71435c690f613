"""Between tokens and ids, and from ids back to text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, overload

from ..errors import InputError
from .batches.reader import DEFAULT_LANG
from .batches.tensors import to_lists
from .pieces.bpe import END_OF_WORD
from .special_tokens import AddedToken, SpecialTokenNames
from .vocabularies.vocabulary import Vocabulary

_CLEAN_UPS = {
    **{f" {mark}": mark for mark in (".", "?", "!", ",", ";", ":", ")")},
    "( ": "(",
    " ' ": "'",
    **{f" {ending}": ending for ending in ("n't", "'t", "'m", "'s", "'ve", "'re", "'ll", "'d")},
}
"""English punctuation as it leaves the pieces → as it is written."""


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

    def __contains__(self, token: object) -> bool:
        """Whether a string is a token of the vocabulary, or was added to it."""
        return token in self._vocabulary.ids or token in self._added_ids

    def get_added_vocab(self) -> dict[str, int]:
        """Token → id, for every string that is one token wherever it occurs in a text; a copy, in the order of ids."""
        return {token.content: number for number, token in self.added_tokens_decoder.items()}

    @property
    def added_tokens_encoder(self) -> dict[str, int]:
        """The same."""
        return self.get_added_vocab()

    @property
    def added_tokens_decoder(self) -> dict[int, AddedToken]:
        """Id → token, for every string that is one token wherever it occurs in a text; a copy."""
        return dict(sorted(self._added.items()))

    @property
    def special_tokens_map_extended(self) -> dict[str, Any]:
        """As `special_tokens_map`, with all that is known of each token."""
        roles = {role: self._added[self.token_id(token)] for role, token in self.special_tokens.roles.items()}
        return {**roles, "additional_special_tokens": self._extended(self.special_tokens.additional)}

    @property
    def all_special_tokens_extended(self) -> list[AddedToken]:
        """As `all_special_tokens`, with all that is known of each."""
        return self._extended(self.all_special_tokens)

    @property
    def encoder(self) -> dict[str, int]:
        """Piece → id, without added tokens that the vocabulary lacks; a copy."""
        return dict(self._vocabulary.ids)

    @property
    def decoder(self) -> dict[int, str]:
        """Id → piece, likewise."""
        return dict(self._vocabulary.pieces)

    @property
    def bpe_ranks(self) -> dict[tuple[str, str], int]:
        """Pair of symbols → its place in the order of merges; a copy."""
        return dict(self._vocabulary.ranks)

    def token_id(self, token: str) -> int:
        """The id of one token; of one that is not in the vocabulary, that of the unknown token."""
        ids = self._vocabulary.ids
        return self._added_ids[token] if token in self._added_ids else ids.get(token, ids[self.unk_token])

    def token(self, number: int) -> str:
        """The token of one id; of one that the vocabulary lacks, the unknown token.

        Raises: InputError if it is not a whole number.
        """
        if not isinstance(number, int):
            raise InputError(f"token ids must be whole numbers; got {number!r} of type {type(number).__name__}.")
        if number in self._added:
            return self._added[number].content
        return self._vocabulary.pieces.get(number, self.unk_token)

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
            return self.token(ids)
        skipped = set(self.all_special_ids) if skip_special_tokens else set()
        return [self.token(number) for number in ids if number not in skipped]

    def convert_tokens_to_string(self, tokens: Iterable[str]) -> str:
        """The text of tokens: pieces joined, with a space where a word ends, and around each added or special token.

        Differs: special tokens do not stick to words.
        """
        return " ".join(self._words(tokens))

    def decode(
        self,
        token_ids: Any,
        skip_special_tokens: bool = False,
        clean_up_tokenization_spaces: bool | None = None,
        *,
        detokenize: bool = False,
        lang: str | None = None,
    ) -> Any:
        """The text of ids – a number, a list, an array or a tensor; of a batch of them, a list of texts.

        It has a space between words as they were encoded, punctuation among them. ``clean_up_tokenization_spaces``
        takes spaces away where English has none; None is the tokenizer's own setting. ``detokenize`` writes the words
        as the language ``lang`` is written, and as English if that is None.

        As long as no piece is unknown, the text encodes to the ids again with ``bypass_tokenizer=True`` and
        ``add_special_tokens=False``; not if it was cleaned up or detokenized.

        Differs: special tokens do not stick to words, and more spaces are cleaned up.
        """
        ids = to_lists(token_ids)
        ids = ids if isinstance(ids, list) else [ids]
        if ids and isinstance(ids[0], list):
            options = skip_special_tokens, clean_up_tokenization_spaces
            return [self.decode(row, *options, detokenize=detokenize, lang=lang) for row in ids]
        words = self._words(self.convert_ids_to_tokens(ids, skip_special_tokens))
        if detokenize:
            from .detokenizing import detokenize as join_words

            return join_words(words, lang or DEFAULT_LANG)
        if clean_up_tokenization_spaces is None:
            clean_up_tokenization_spaces = self.clean_up_tokenization_spaces
        text = " ".join(words)
        return self.clean_up_tokenization(text) if clean_up_tokenization_spaces else text

    def batch_decode(
        self,
        sequences: Any,
        skip_special_tokens: bool = False,
        clean_up_tokenization_spaces: bool | None = None,
        **how: Any,
    ) -> list[str]:
        """The texts of many rows of ids; ``how`` are further arguments of `decode`."""
        options = skip_special_tokens, clean_up_tokenization_spaces
        return [self.decode(row, *options, **how) for row in to_lists(sequences)]

    @staticmethod
    def clean_up_tokenization(out_string: str) -> str:
        """Text with English punctuation and contractions attached to the word before."""
        for apart, together in _CLEAN_UPS.items():
            out_string = out_string.replace(apart, together)
        return out_string

    def _words(self, tokens: Iterable[str]) -> list[str]:
        """Words and added tokens, each for itself."""
        parts = (f" {token} " if token in self._added_ids else token.replace(END_OF_WORD, " ") for token in tokens)
        return [word for word in "".join(parts).split(" ") if word]

    def _extended(self, tokens: Iterable[str]) -> list[AddedToken]:
        return [self._added[self.token_id(token)] for token in tokens]
