"""The kinds of rules that turn one string into another.

A rule says which parts of a text it replaces by what. Two readers follow it: one for plain strings, which is fast, and
one for strings that remember where their characters stood. Whatever is quick for plain strings must give the same.
"""

from __future__ import annotations

import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from .aligned import Aligned, Edit


class Rule(ABC):
    """Replaces parts of a text; only a text that contains ``trigger`` can have such parts."""

    def __init__(self, trigger: str, *, only_unicode: bool = False) -> None:
        self.trigger = trigger
        self.only_unicode = only_unicode or not trigger.isascii()

    @abstractmethod
    def edits(self, text: str) -> Iterator[Edit]:
        """What is to be replaced, in order and without overlap."""

    def apply(self, text: str) -> str:
        """The text after the edits."""
        parts: list[str] = []
        done = 0
        for start, stop, new in self.edits(text):
            parts += (text[done:start], new)
            done = stop
        return "".join((*parts, text[done:])) if parts else text


class Rules:
    """Rules to be followed one after the other; those for characters beyond ASCII only where a text has such."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._any = _in_runs(rules)
        self._ascii = _in_runs([rule for rule in rules if not rule.only_unicode])

    def apply(self, text: str) -> str:
        """The text after all rules."""
        for occurs_in, run in self._ascii if text.isascii() else self._any:
            if occurs_in(text):
                for trigger, apply, _ in run:
                    if trigger in text:
                        text = apply(text)
        return text

    def align(self, text: Aligned) -> Aligned:
        """The same, with where the characters stood."""
        for _, run in self._ascii if text.text.isascii() else self._any:
            for trigger, _, edits in run:
                if trigger in text.text:
                    text = text.edited(edits(text.text))
        return text


_Run = tuple[Callable[[str], object], list[tuple[str, Callable[[str], str], Callable[[str], Iterator[Edit]]]]]
"""Rules that follow one another, and a test that only a text with one of their triggers passes."""


def _in_runs(rules: Sequence[Rule]) -> list[_Run]:
    """Rules in runs, of such as have a trigger and such as have none."""
    runs = [[*run] for _, run in groupby(rules, lambda rule: bool(rule.trigger))]
    return [(_test(run), [(rule.trigger, rule.apply, rule.edits) for rule in run]) for run in runs]


def _test(run: Sequence[Rule]) -> Callable[[str], object]:
    """One search for a character of each trigger, the one that texts are least likely to have."""
    triggers = {rule.trigger for rule in run}
    if "" in triggers:
        return lambda text: True
    search = re.compile(character_class(max(trigger, key=_oddity) for trigger in triggers - {"  "})).search
    return (lambda text: search(text) or "  " in text) if "  " in triggers else search


def _oddity(character: str) -> tuple[bool, bool, str]:
    """Letters, then the commonest marks, then all others."""
    return not character.isalnum(), character not in " .,", character


class Substitute(Rule):
    """What a pattern matches becomes a fixed string; what must stand beside it is looked at and not matched."""

    def __init__(self, trigger: str, pattern: str, new: str) -> None:
        super().__init__(trigger)
        self._pattern = re.compile(pattern)
        self._new = new

    def edits(self, text: str) -> Iterator[Edit]:
        """Every match."""
        return ((*match.span(), self._new) for match in self._pattern.finditer(text))

    def apply(self, text: str) -> str:
        """The text after the edits."""
        return self._pattern.sub(self._new, text)


class Between(Rule):
    """A mark between two characters becomes a fixed string, and the two are used up.

    So of ``x'y'z`` only the first mark is replaced: ``y`` cannot stand beside both. An empty ``after`` is anything,
    and is not used up.
    """

    def __init__(self, before: str, mark: str, after: str, new: str) -> None:
        super().__init__(mark)
        self._pattern = re.compile(rf"{mark}(?<={before}{mark})(?={after})")
        self._neighbours = re.compile(rf"{mark}.?{mark}", re.DOTALL)
        self._new = new
        self._used_after = 1 if after else 0

    def edits(self, text: str) -> Iterator[Edit]:
        """Every mark whose neighbours are of the two classes and not used up."""
        used = 0
        for match in self._pattern.finditer(text):
            start, stop = match.span()
            if start > used:
                yield start, stop, self._new
                used = stop + self._used_after

    def apply(self, text: str) -> str:
        """The text after the edits; marks that share no neighbour need not be looked at one by one."""
        return super().apply(text) if self._neighbours.search(text) else self._pattern.sub(self._new, text)


class Swap(Rule):
    """The first two groups of a pattern change places; without a second group nothing happens."""

    def __init__(self, trigger: str, pattern: str) -> None:
        super().__init__(trigger)
        self._pattern = re.compile(pattern)

    def edits(self, text: str) -> Iterator[Edit]:
        """Both groups together, so that each of their characters stands for both."""
        for match in self._pattern.finditer(text):
            if match[2]:
                yield match.start(1), match.end(2), match[2] + match[1]


class Translate(Rule):
    """Single characters become strings."""

    def __init__(self, table: Mapping[str, str]) -> None:
        super().__init__("", only_unicode=not any(map(str.isascii, table)))
        self._table = table
        self._pattern = re.compile(character_class(table))

    def edits(self, text: str) -> Iterator[Edit]:
        """Every character of the table."""
        return ((*match.span(), self._table[match[0]]) for match in self._pattern.finditer(text))

    def apply(self, text: str) -> str:
        """The text after the edits."""
        return self._pattern.sub(lambda match: self._table[match[0]], text)


class Pad(Rule):
    """Spaces around every character outside an alphabet; one space between two of them."""

    def __init__(self, alphabet: frozenset[str]) -> None:
        super().__init__("")
        self._pattern = re.compile(character_class(alphabet, r"\s", negated=True) + "+")
        foreign = [chr(code) for code in range(128) if self._pattern.match(chr(code))]
        self._ascii = re.compile(character_class(foreign) + "+")

    def edits(self, text: str) -> Iterator[Edit]:
        """A space before each such character, and one after the last of a run."""
        for match in self._foreign(text).finditer(text):
            start, stop = match.span()
            yield from ((place, place + 1, f" {text[place]}") for place in range(start, stop))
            yield stop, stop, " "

    def apply(self, text: str) -> str:
        """The text after the edits."""
        return self._foreign(text).sub(lambda match: f" {' '.join(match[0])} ", text)

    def _foreign(self, text: str) -> re.Pattern[str]:
        return self._ascii if text.isascii() else self._pattern


class Strip(Rule):
    """No whitespace at the ends."""

    def __init__(self) -> None:
        super().__init__("")

    def edits(self, text: str) -> Iterator[Edit]:
        """The whitespace at the start, and at the end."""
        stop = len(text.rstrip())
        start = len(text[:stop]) - len(text[:stop].lstrip())
        if start:
            yield 0, start, ""
        if stop < len(text):
            yield stop, len(text), ""

    def apply(self, text: str) -> str:
        """The text after the edits."""
        return text.strip()


class SingleSpaces(Rule):
    """Whitespace between words becomes one space, and there is none at the ends."""

    _WHITESPACE = re.compile(r"\s+")

    def __init__(self) -> None:
        super().__init__("")

    def edits(self, text: str) -> Iterator[Edit]:
        """All whitespace, if any of it is not as it should be."""
        for match in self._WHITESPACE.finditer(text) if self._has_other(text) else ():
            start, stop = match.span()
            yield start, stop, " " if start and stop < len(text) else ""

    def apply(self, text: str) -> str:
        """The text after the edits."""
        return " ".join(text.split()) if self._has_other(text) else text

    def _has_other(self, text: str) -> bool:
        return "  " in text or not text.isprintable() or text[:1] == " " or text[-1:] == " "


class RemoveUnprintable(Rule):
    """Control, format, private and unassigned characters vanish; a tab or a newline leaves no space behind.

    Source: Moses, ``remove-non-printing-char.perl``. Which characters are assigned follows the running Python.
    """

    def __init__(self) -> None:
        super().__init__("")

    def edits(self, text: str) -> Iterator[Edit]:
        """Every such character."""
        unprintable = _unprintable(text)
        places = enumerate(text) if unprintable else ()
        return ((place, place + 1, "") for place, character in places if character in unprintable)

    def apply(self, text: str) -> str:
        """The text after the edits."""
        unprintable = _unprintable(text)
        return text.translate(dict.fromkeys(map(ord, unprintable))) if unprintable else text


def _unprintable(text: str) -> set[str]:
    if text.isprintable():
        return set()
    return {character for character in set(text) if unicodedata.category(character).startswith("C")}


def character_class(characters: Iterable[str], more: str = "", *, negated: bool = False) -> str:
    """The pattern of one of these characters, or of any other; neighbours are written as a range.

    ``more`` is added as it is.
    """
    codes = sorted(map(ord, set(characters)))
    runs = (list(run) for _, run in groupby(enumerate(codes), lambda item: item[1] - item[0]))
    ranges = (f"{re.escape(chr(run[0][1]))}-{re.escape(chr(run[-1][1]))}" for run in runs)
    return f"[{'^' if negated else ''}{''.join(ranges)}{more}]"
