"""The tokens that stand for something other than text: their names, their ids, and how they are found in a text."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from typing import Any

from ..errors import InputError

ADDITIONAL = tuple(f"<special{number}>" for number in range(10))
"""The ten spare tokens of every XLM vocabulary; ``<special1>`` is the mask."""

MASK_ALIASES = ("[MASK]", "<mask>")
"""What people write for the mask token, other models' documentation in mind."""

ROLES = ("bos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
"""The arguments that name one token each, in the order in which Hugging Face lists them."""

OPTIONAL_ROLES = ("eos_token",)
"""Roles that nobody plays unless the caller says so: a text of XLM ends with the separator."""


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
    def of(cls, value: Any) -> AddedToken:
        """From what tokenizer files hold – a string, or an object with some of these fields – or a like object.

        Raises: InputError for anything else.
        """
        if isinstance(value, AddedToken):
            return value
        if isinstance(value, str):
            return cls(value)
        fields = value if isinstance(value, Mapping) else _attributes(value)
        if isinstance(fields.get("content"), str):
            return cls(**{name: fields[name] for name in cls.__dataclass_fields__ if name in fields})
        raise InputError(f"a token must be a str or an AddedToken; got {value!r} of type {type(value).__name__}.")

    def __str__(self) -> str:
        return self.content


def _attributes(value: Any) -> dict[str, Any]:
    """The fields of an `AddedToken` of another library."""
    return {name: getattr(value, name) for name in AddedToken.__dataclass_fields__ if hasattr(value, name)}


@dataclass(frozen=True)
class SpecialTokens:
    """Which token plays which role.

    Raises: InputError if a token is no string.
    """

    unk_token: str = "<unk>"
    bos_token: str = "<s>"
    sep_token: str = "</s>"
    pad_token: str = "<pad>"
    cls_token: str = "</s>"
    mask_token: str = "<special1>"
    additional: tuple[str, ...] = ADDITIONAL
    eos_token: str | None = None

    def __post_init__(self) -> None:
        for role in ROLES:
            if not isinstance(getattr(self, role), str):
                raise InputError(f"`{role}` must be a str; got {getattr(self, role)!r}.")

    @cached_property
    def roles(self) -> dict[str, str]:
        """Role → token, of those that have one, in the order in which Hugging Face lists them."""
        first, *others = ROLES
        tokens = {role: getattr(self, role) for role in (first, *OPTIONAL_ROLES, *others)}
        return {role: token for role, token in tokens.items() if token is not None}

    @cached_property
    def all(self) -> tuple[str, ...]:
        """Each once, roles before spares."""
        return tuple(dict.fromkeys([*self.roles.values(), *self.additional]))


class _Token:
    """The token of the role it is named after."""

    def __set_name__(self, owner: type[SpecialTokenNames], name: str) -> None:
        self._role = name

    def __get__(self, tokenizer: SpecialTokenNames, owner: type[SpecialTokenNames] | None = None) -> str:
        return str(getattr(tokenizer.special_tokens, self._role))

    def __set__(self, tokenizer: SpecialTokenNames, token: str | AddedToken) -> None:
        tokenizer.assign_role(self._role, token)


class _TokenId:
    """The id of the token that it is named after."""

    def __set_name__(self, owner: type[SpecialTokenNames], name: str) -> None:
        self._role = name.removesuffix("_id")

    def __get__(self, tokenizer: SpecialTokenNames, owner: type[SpecialTokenNames] | None = None) -> int:
        return tokenizer.token_id(getattr(tokenizer.special_tokens, self._role))

    def __set__(self, tokenizer: SpecialTokenNames, number: int) -> None:
        tokenizer.assign_role(self._role, tokenizer.token(number))


class SpecialTokenNames(ABC):
    """The special tokens of a tokenizer as attributes, by role, and their ids.

    All can be set, to tokens of the vocabulary.
    """

    special_tokens: SpecialTokens

    unk_token, unk_token_id = _Token(), _TokenId()
    bos_token, bos_token_id = _Token(), _TokenId()
    sep_token, sep_token_id = _Token(), _TokenId()
    pad_token, pad_token_id = _Token(), _TokenId()
    cls_token, cls_token_id = _Token(), _TokenId()
    mask_token, mask_token_id = _Token(), _TokenId()
    pad_token_type_id = 0

    @abstractmethod
    def token_id(self, token: str) -> int:
        """The id of one token."""

    @abstractmethod
    def token(self, number: int) -> str:
        """The token of one id."""

    @abstractmethod
    def assign_role(self, role: str, token: str | AddedToken | None) -> None:
        """Let a token of the vocabulary play a role."""

    @property
    def eos_token(self) -> str | None:
        """None, unless the caller gave one: a text of XLM ends with ``sep_token``."""
        return self.special_tokens.eos_token

    @eos_token.setter
    def eos_token(self, token: str | AddedToken | None) -> None:
        self.assign_role("eos_token", token)

    @property
    def eos_token_id(self) -> int | None:
        """Its id; None if there is none."""
        return None if self.eos_token is None else self.token_id(self.eos_token)

    @eos_token_id.setter
    def eos_token_id(self, number: int | None) -> None:
        self.assign_role("eos_token", None if number is None else self.token(number))

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

    @property
    def special_tokens_map(self) -> dict[str, Any]:
        """Role → token, and ``additional_special_tokens`` → the list of them."""
        return {**self.special_tokens.roles, "additional_special_tokens": list(self.special_tokens.additional)}


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
