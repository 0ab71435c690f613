"""Tokens added to a vocabulary, and special tokens given other roles."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from ..errors import InputError
from .decoding import TokenConverter
from .special_tokens import OPTIONAL_ROLES, ROLES, AddedToken

_ADDITIONAL = "additional_special_tokens"
_EXTRA = "extra_special_tokens"  # the name that transformers 5 has for them


class GrowingTokenizer(TokenConverter):
    """A tokenizer whose vocabulary grows.

    A model needs as many embeddings as ``len(tokenizer)`` says: ``model.resize_token_embeddings(len(tokenizer))``.
    """

    do_lowercase_and_remove_accent: bool

    def add_tokens(self, new_tokens: Any, special_tokens: bool = False) -> int:
        """Make each string, or `AddedToken`, one token wherever it occurs; how many of them the vocabulary lacked.

        Those get the next ids. Strings that are not special are found after lower-casing, if the vocabulary is in
        lower case, and are added so.

        Raises: InputError for what is no token.
        """
        tokens = [self._to_add(token, special_tokens) for token in _listed(new_tokens)]
        n_added = self._register([token for token in tokens if token.content])
        special = (token.content for token in tokens if token.special and token.content not in self.special_tokens.all)
        self._set_special_tokens(additional=tuple(dict.fromkeys([*self.special_tokens.additional, *special])))
        return n_added

    def add_special_tokens(
        self, special_tokens_dict: Mapping[str, Any], replace_additional_special_tokens: bool = True
    ) -> int:
        """Add tokens and let them play roles: ``{"eos_token": "<eos>"}``; how many of them the vocabulary lacked.

        ``additional_special_tokens``, or ``extra_special_tokens``, is a list, which replaces the tokenizer's or is
        added to it.

        Raises: InputError for a role that there is not, and for what is no token.
        """
        named = {_ADDITIONAL if role == _EXTRA else role: value for role, value in special_tokens_dict.items()}
        given = {role: _tokens_of(role, value) for role, value in named.items()}
        n_added = self._register([token for tokens in given.values() for token in tokens])
        names = {role: [token.content for token in tokens] for role, tokens in given.items()}
        spares = names.pop(_ADDITIONAL, [])
        kept = () if replace_additional_special_tokens and spares else self.special_tokens.additional
        roles = {role: tokens[0] for role, tokens in names.items()}
        self._set_special_tokens(**roles, additional=tuple(dict.fromkeys([*kept, *spares])))
        return n_added

    def assign_role(self, role: str, token: str | AddedToken | None) -> None:
        """Let a token of the vocabulary play a role; None takes an optional one away.

        Raises: InputError if the vocabulary does not have the token, or the role is not optional.
        """
        if token is None and role in OPTIONAL_ROLES:
            self._set_special_tokens(**{role: None})
        else:
            self._set_special_tokens(**{role: self._known(role, token)})

    @property
    def additional_special_tokens(self) -> list[str]:
        """The spares, the mask token among them; can be set to tokens of the vocabulary."""
        return list(self.special_tokens.additional)

    @additional_special_tokens.setter
    def additional_special_tokens(self, tokens: Sequence[str | AddedToken]) -> None:
        self._set_special_tokens(additional=tuple(self._known(_ADDITIONAL, token) for token in tokens))

    @property
    def extra_special_tokens(self) -> list[str]:
        """The same, under the name that transformers 5 has for them."""
        return self.additional_special_tokens

    @abstractmethod
    def _rebuild(self) -> None:
        """Look for the tokens that there are now."""

    def _to_add(self, token: Any, special: bool) -> AddedToken:
        if isinstance(token, str):
            special = special or token in self.special_tokens.all
            added = AddedToken(token, normalized=not special, special=special)
        else:
            added = AddedToken.of(token)
            added = replace(added, special=added.special or special)
        is_lower = self.do_lowercase_and_remove_accent and added.normalized and not added.special
        return replace(added, content=added.content.lower()) if is_lower else added

    def _register(self, tokens: Sequence[AddedToken]) -> int:
        """Give each token the id that it has, or else the next one after all ids; how many are new."""
        before, free = len(self), count(max([*self._vocabulary.ids.values(), *self._added]) + 1)
        for token in tokens:
            number = self.token_id(token.content) if token.content in self else next(free)
            self._added[number] = token
            self._added_ids[token.content] = number
        return len(self) - before

    def _known(self, role: str, token: str | AddedToken | None) -> str:
        content = AddedToken.of(token).content
        if content in self:
            return content
        advice = f"[{content!r}]" if role == _ADDITIONAL else repr(content)
        raise InputError(
            f"`{role}` must be a token of the vocabulary; got {content!r}. Add it first: "
            f"tokenizer.add_special_tokens({{{role!r}: {advice}}})."
        )

    def _set_special_tokens(self, **fields: Any) -> None:
        self.special_tokens = replace(self.special_tokens, **fields)
        self._rebuild()


def _listed(tokens: Any) -> Sequence[Any]:
    return tokens if isinstance(tokens, list | tuple) else [tokens]


def _tokens_of(role: str, value: Any) -> list[AddedToken]:
    """The tokens that are to play a role."""
    roles = (*ROLES, *OPTIONAL_ROLES, _ADDITIONAL)
    if role not in roles:
        raise InputError(f"special tokens must be given by role, one of {list(roles)}; got {role!r}.")
    is_list = isinstance(value, list | tuple)
    if is_list != (role == _ADDITIONAL):
        raise InputError(f"`{role}` must be {'a list' if role == _ADDITIONAL else 'one token'}; got {value!r}.")
    return [replace(AddedToken.of(token), special=True) for token in _listed(value)]
