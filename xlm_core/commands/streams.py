"""Texts for a command, one at a time: arguments, lines of files or of standard input."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from ..data.lines import decode, open_bytes, unbroken
from ..errors import InputError

T = TypeVar("T")


class RawText(NamedTuple):
    """A text, or a line of a file that is to hold one; ``name`` says which, for errors."""

    name: str
    content: str | bytes
    is_first: bool


@dataclass(frozen=True)
class Text:
    """A text, or two that belong together, and their language if the input gives it.

    ``given`` is what a line of JSON about it begins with.
    """

    text: str
    pair: str | None
    lang: Any
    given: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Parser:
    """Raw text → text; ``is_json`` lines are JSON, other ones of ``pairs`` have a tab between two texts.

    ``names`` are what JSON calls the two. ``second`` is that of texts which come without one.

    Raises: InputError, with the text's name, for what it cannot read.
    """

    is_json: bool = False
    pairs: bool = False
    names: tuple[str, str] = ("text", "text_pair")
    second: str | None = None

    def __call__(self, raw: RawText) -> Text:
        """The text; a file's first line without a byte-order mark."""
        content = raw.content
        if isinstance(content, str):
            return self._of_text(content, raw.name)
        line = decode(content, raw.name, raw.is_first)
        return self._of_json(line, raw.name) if self.is_json else self._of_text(line, raw.name)

    def _of_text(self, line: str, name: str) -> Text:
        if not self.pairs:
            return Text(line, self.second, None, {self.names[0]: line})
        first, tab, second = line.partition("\t")
        if not tab:
            raise InputError(f"{name} must have a tab between two texts; it has none.")
        return Text(first, second, None, dict(zip(self.names, (first, second), strict=True)))

    def _of_json(self, line: str, name: str) -> Text:
        value = _loaded(line, name)
        fields: dict[str, Any] = value if isinstance(value, dict) else {self.names[0]: value}
        text, pair, lang = (fields.get(key) for key in (*self.names, "lang"))
        if not isinstance(text, str) or not isinstance(pair, str | None):
            raise InputError(f"{name} must be a string, or an object with a `{self.names[0]}`; got {line[:60]}.")
        given = {key: fields[key] for key in ("id", *self.names, "lang") if key in fields}
        pair = self.second if pair is None else pair
        return Text(text, pair, tuple(lang) if isinstance(lang, list) else lang, given)


def lang_of(text: Text, langs: tuple[str | None, str | None]) -> Any:
    """The language of a text, or of the two of a pair: what the input says, else these."""
    first, second = langs
    if text.lang is not None or text.pair is None:
        return text.lang or first
    return first if second is None else (first, second)


def raw_texts(options: argparse.Namespace) -> Iterator[RawText]:
    """The texts that the options name.

    Raises: FetchError for a file that cannot be read.
    """
    for number, text in enumerate(options.texts, start=1):
        yield RawText(f"text {number}", text, False)
    for path in options.file or ([] if options.texts else ["-"]):
        yield from _lines(path)


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


def _loaded(line: str, name: str) -> Any:
    try:
        return json.loads(line)
    except (json.JSONDecodeError, RecursionError) as error:
        raise InputError(f"{name} must be JSON; {error}.") from error
