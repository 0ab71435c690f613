"""Control strings: the tokens that are found in raw text before it becomes words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from .special_tokens import AddedToken


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
