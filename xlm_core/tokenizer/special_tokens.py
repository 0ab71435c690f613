"""The tokens that stand for something other than text: their names, their ids, and how they are found in a text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from typing import Any

ADDITIONAL = tuple(f"<special{number}>" for number in range(10))
"""The ten spare tokens of every XLM vocabulary; ``<special1>`` is the mask."""

MASK_ALIASES = ("[MASK]", "<mask>")
"""What people write for the mask token, other models' documentation in mind."""

ROLES = ("bos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
"""The arguments that name one token each, in the order in which Hugging Face lists them."""


@dataclass(frozen=True)
class AddedToken:
    """A string that is one token wherever it occurs in a text.

    ``lstrip`` and ``rstrip`` let it swallow the whitespace on that side; ``single_word`` lets it match only between
    spaces; ``normalized`` tells, of a token that is not special, whether it is matched after lower-casing.
    """

    content: str
    lstrip: bool = False
    rstrip: bool = False
    single_word: bool = False
    normalized: bool = False
    special: bool = True

    @classmethod
    def of(cls, value: str | AddedToken | Mapping[str, Any]) -> AddedToken:
        """From what tokenizer files hold: a string, or an object with (some of) these fields and perhaps others."""
        if isinstance(value, AddedToken):
            return value
        if isinstance(value, str):
            return cls(value)
        return cls(**{name: value[name] for name in cls.__dataclass_fields__ if name in value})


@dataclass(frozen=True)
class SpecialTokens:
    """Which token plays which role."""

    unk_token: str = "<unk>"
    bos_token: str = "<s>"
    sep_token: str = "</s>"
    pad_token: str = "<pad>"
    cls_token: str = "</s>"
    mask_token: str = "<special1>"
    additional: tuple[str, ...] = ADDITIONAL

    @cached_property
    def all(self) -> tuple[str, ...]:
        """Each once, roles before spares."""
        return tuple(dict.fromkeys([*(getattr(self, role) for role in ROLES), *self.additional]))


class _Token:
    """The token of the role it is named after."""

    def __set_name__(self, owner: type[SpecialTokenNames], name: str) -> None:
        self._role = name

    def __get__(self, tokenizer: SpecialTokenNames, owner: type[SpecialTokenNames] | None = None) -> str:
        return str(getattr(tokenizer.special_tokens, self._role))


class _TokenId:
    """The id of the token that it is named after."""

    def __set_name__(self, owner: type[SpecialTokenNames], name: str) -> None:
        self._role = name.removesuffix("_id")

    def __get__(self, tokenizer: SpecialTokenNames, owner: type[SpecialTokenNames] | None = None) -> int:
        return tokenizer.token_id(getattr(tokenizer.special_tokens, self._role))


class SpecialTokenNames:
    """The special tokens of a tokenizer as attributes, by role, and their ids."""

    special_tokens: SpecialTokens

    unk_token, unk_token_id = _Token(), _TokenId()
    bos_token, bos_token_id = _Token(), _TokenId()
    sep_token, sep_token_id = _Token(), _TokenId()
    pad_token, pad_token_id = _Token(), _TokenId()
    cls_token, cls_token_id = _Token(), _TokenId()
    mask_token, mask_token_id = _Token(), _TokenId()

    def token_id(self, token: str) -> int:
        """The id of one token."""
        raise NotImplementedError

    @property
    def additional_special_tokens(self) -> list[str]:
        """The spares, the mask token among them."""
        return list(self.special_tokens.additional)

    @property
    def additional_special_tokens_ids(self) -> list[int]:
        """Their ids, in the same order."""
        return [self.token_id(token) for token in self.special_tokens.additional]

    @property
    def all_special_tokens(self) -> list[str]:
        """Each special token once, roles before spares."""
        return list(self.special_tokens.all)

    @property
    def all_special_ids(self) -> list[int]:
        """Their ids, in the same order."""
        return [self.token_id(token) for token in self.special_tokens.all]


def number_added_tokens(
    special: SpecialTokens, added: Mapping[int, AddedToken], ids: Mapping[str, int]
) -> dict[int, AddedToken]:
    """Id → token, for the tokens already numbered and all special ones.

    A special token that has no number has its id in the vocabulary, or else the next one after all ids.
    """
    numbered = {
        number: replace(token, special=token.special or token.content in special.all) for number, token in added.items()
    }
    known = {token.content for token in numbered.values()}
    free = count(max([*ids.values(), *numbered], default=-1) + 1)
    for content in special.all:
        if content not in known:
            numbered[ids[content] if content in ids else next(free)] = AddedToken(content)
    return numbered
