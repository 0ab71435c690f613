"""Control strings: the tokens that are found in raw text before it becomes words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..special_tokens import AddedToken


@dataclass(frozen=True, slots=True)
class Part:
    """A control token, or text between two of them, with the position in the source of each of its characters.

    Of an alias, ``text`` is the token that it means and ``positions`` are its own.
    """

    text: str
    positions: Sequence[int]
    is_control: bool = False

    def __add__(self, other: Part) -> Part:
        return Part(self.text + other.text, [*self.positions, *other.positions])

    def lstrip(self) -> Part:
        """Without the whitespace at its start."""
        stripped = self.text.lstrip()
        return Part(stripped, self.positions[len(self.text) - len(stripped) :])

    def rstrip(self) -> Part:
        """Without the whitespace at its end."""
        stripped = self.text.rstrip()
        return Part(stripped, self.positions[: len(stripped)])


class ControlStrings:
    """Finds control tokens in raw text, leftmost first and of those the longest.

    ``aliases`` maps other spellings to the token they mean.
    """

    def __init__(self, tokens: Iterable[AddedToken], aliases: Mapping[str, str]) -> None:
        self._tokens = {token.content: token for token in tokens}
        self._aliases = {alias: token for alias, token in aliases.items() if alias not in self._tokens}
        strings = [*filter(None, self._tokens), *self._aliases]
        self._initials = {string[0] for string in strings}
        self._any = _alternatives(strings)
        kept_by_lowercasing = (token.content for token in self._tokens.values() if token.special or token.normalized)
        self._exact = _alternatives([*kept_by_lowercasing, *self._aliases])

    def occur_in(self, text: str) -> bool:
        """Whether a text holds any of them; quick for texts that have none of their first characters."""
        for initial in self._initials:  # a loop, because a generator costs more than all the searching
            if initial in text:
                return self._any.search(text) is not None
        return False

    def split_exact(self, text: str) -> list[str]:
        """Text, control string, text, … with the control strings that lower-casing must leave alone at odd places."""
        return self._exact.split(text)

    def cut(self, text: str) -> Iterator[Part]:
        """The parts of a text that are not empty, aliases resolved."""
        parts = self._parts(text)
        for position in range(1, len(parts), 2):
            self._settle(parts, position)
        for position, part in enumerate(parts):
            if not part.text:
                continue
            is_control = position % 2 == 1
            yield Part(self._aliases.get(part.text, part.text), part.positions, True) if is_control else part

    def _parts(self, text: str) -> list[Part]:
        start, parts = 0, []
        for string in self._any.split(text):
            parts.append(Part(string, range(start, start + len(string))))
            start += len(string)
        return parts

    def _settle(self, parts: list[Part], position: int) -> None:
        """Let the token at ``position`` strip its neighbours, or fall back into the text if it must be a word."""
        found = parts[position]
        token = self._tokens.get(found.text)
        if token is None:
            return
        left, right = parts[position - 1], parts[position + 1]
        parts[position - 1] = left.rstrip() if token.lstrip else left
        parts[position + 1] = right.lstrip() if token.rstrip else right
        nothing = Part("", ())
        if token.single_word and not left.text.endswith(" ") and left.text:
            parts[position - 1 : position + 1] = [parts[position - 1] + found, nothing]
        elif token.single_word and not right.text.startswith(" ") and right.text:
            parts[position : position + 2] = [nothing, found + parts[position + 1]]


def _alternatives(strings: Iterable[str]) -> re.Pattern[str]:
    """A pattern, with one group, that finds any of the strings, longest first; of none, one that finds nothing."""
    longest_first = sorted(filter(None, strings), key=len, reverse=True)
    return re.compile(f"({'|'.join(map(re.escape, longest_first))})" if longest_first else "((?!))")
