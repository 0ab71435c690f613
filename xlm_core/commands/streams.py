"""Texts for a command, one at a time: arguments, lines of files or of standard input; and what becomes of bad ones."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from ..data.lines import decode, open_bytes, unbroken
from ..errors import InputError, XLMError

T = TypeVar("T")


class RawText(NamedTuple):
    """A text, or a line of a file that is to hold one; ``name`` says which, for errors."""

    name: str
    content: str | bytes
    is_first: bool


@dataclass(frozen=True)
class Text:
    """A text, or two that belong together, and their language if the input gives it."""

    text: str
    pair: str | None
    lang: str | tuple[str, ...] | None


@dataclass(frozen=True)
class Outcome:
    """What a text became: a line to print, or what was wrong with it."""

    line: str | None = None
    fault: str | None = None


@dataclass(frozen=True)
class Parser:
    """Raw text → text; ``is_json`` lines are JSON, other ones of ``pairs`` have a tab between two texts.

    Raises: InputError, with the text's name, for what it cannot read.
    """

    is_json: bool = False
    pairs: bool = False

    def __call__(self, raw: RawText) -> Text:
        """The text; a file's first line without a byte-order mark."""
        content = raw.content
        if isinstance(content, str):
            return self._of_text(content, raw.name)
        line = decode(content, raw.name, raw.is_first)
        return _of_json(line, raw.name) if self.is_json else self._of_text(line, raw.name)

    def _of_text(self, line: str, name: str) -> Text:
        if not self.pairs:
            return Text(line, None, None)
        first, tab, second = line.partition("\t")
        if not tab:
            raise InputError(f"{name} must have a tab between two texts; it has none.")
        return Text(first, second, None)


def raw_texts(options: argparse.Namespace) -> Iterator[RawText]:
    """The texts that the options name.

    Raises: FetchError for a file that cannot be read.
    """
    for number, text in enumerate(options.texts, start=1):
        yield RawText(f"text {number}", text, False)
    for path in options.file or ([] if options.texts else ["-"]):
        yield from _lines(path)


def outcomes(items: Iterable[RawText], compute: Callable[[RawText], str]) -> list[Outcome]:
    """What becomes of each; a fault in one is no fault of the others."""
    return [_outcome(item, compute) for item in items]


def print_outcomes(found: Iterable[Outcome], program: str, *, keep_going: bool) -> int:
    """Print the lines; the exit status. A fault ends it, or is told on standard error and counted at the end.

    Raises: InputError for the first fault, unless ``keep_going``.
    """
    n_faults = 0
    for outcome in found:
        if outcome.line is not None:
            print(outcome.line)
            continue
        if not keep_going:
            sys.stdout.flush()
            raise InputError(str(outcome.fault))
        n_faults += 1
        print(f"{program}: {outcome.fault}", file=sys.stderr)
    if n_faults:
        print(f"{program}: {n_faults} left out", file=sys.stderr)
    return int(n_faults > 0)


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items in lists of ``size``; the last may be shorter."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def _lines(path: str) -> Iterator[RawText]:
    if path == "-":
        yield from _numbered(sys.stdin.buffer, "standard input")
        return
    with open_bytes(path) as file:
        yield from _numbered(unbroken(file, path), f"`{path}`")


def _numbered(lines: Iterable[bytes], name: str) -> Iterator[RawText]:
    for number, line in enumerate(lines, start=1):
        yield RawText(f"line {number} of {name}", line, number == 1)


def _outcome(item: RawText, compute: Callable[[RawText], str]) -> Outcome:
    try:
        return Outcome(line=compute(item))
    except XLMError as error:
        fault = str(error)
        return Outcome(fault=fault if fault.startswith(item.name) else f"{item.name}: {fault}")


def _of_json(line: str, name: str) -> Text:
    try:
        value = json.loads(line)
    except (json.JSONDecodeError, RecursionError) as error:
        raise InputError(f"{name} must be JSON; {error}.") from error
    fields: dict[str, Any] = value if isinstance(value, dict) else {"text": value}
    text, pair, lang = (fields.get(key) for key in ("text", "text_pair", "lang"))
    if not isinstance(text, str) or not isinstance(pair, str | None):
        raise InputError(f"{name} must be a string, or an object with a `text`; got {line[:60]}.")
    return Text(text, pair, tuple(lang) if isinstance(lang, list) else lang)
