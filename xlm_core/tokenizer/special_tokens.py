"""The tokens that stand for something other than text: their names, their ids, and how they are found in a text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
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


class ControlStrings:
    """Finds control tokens in raw text, leftmost first and of those the longest.

    ``aliases`` maps other spellings to the token they mean.
    """

    def __init__(self, tokens: Iterable[AddedToken], aliases: Mapping[str, str]) -> None:
        self._tokens = {token.content: token for token in tokens}
        self._aliases = {alias: token for alias, token in aliases.items() if alias not in self._tokens}
        self._any = _alternatives([*self._tokens, *self._aliases])
        kept_by_lowercasing = (token.content for token in self._tokens.values() if token.special or token.normalized)
        self._exact = _alternatives([*kept_by_lowercasing, *self._aliases])

    def split_exact(self, text: str) -> list[str]:
        """Text, control string, text, … with the control strings that lower-casing must leave alone at odd places."""
        return self._exact.split(text)

    def cut(self, text: str) -> Iterator[tuple[str, bool]]:
        """The parts of a text that are not empty, each with True if it is a control token, aliases resolved."""
        parts = self._any.split(text)
        for position in range(1, len(parts), 2):
            self._settle(parts, position)
        for position, part in enumerate(parts):
            if part:
                yield self._aliases.get(part, part), position % 2 == 1

    def _settle(self, parts: list[str], position: int) -> None:
        """Let the token at ``position`` strip its neighbours, or fall back into the text if it must be a word."""
        token = self._tokens.get(parts[position])
        if token is None:
            return
        left, right = parts[position - 1], parts[position + 1]
        parts[position - 1] = left.rstrip() if token.lstrip else left
        parts[position + 1] = right.lstrip() if token.rstrip else right
        if token.single_word and not left.endswith(" ") and left:
            parts[position - 1 : position + 1] = [parts[position - 1] + token.content, ""]
        elif token.single_word and not right.startswith(" ") and right:
            parts[position : position + 2] = ["", token.content + parts[position + 1]]


def _alternatives(strings: Iterable[str]) -> re.Pattern[str]:
    """A pattern, with one group, that finds any of the strings, longest first; of none, one that finds nothing."""
    longest_first = sorted(filter(None, strings), key=len, reverse=True)
    return re.compile(f"({'|'.join(map(re.escape, longest_first))})" if longest_first else "((?!))")
