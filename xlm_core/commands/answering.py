"""What all commands with a model do: texts come, some are computed together, and a line is printed for each."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..progress import is_shown, track
from .outcomes import Outcome, all_or_none, deliver, together
from .streams import Parser, RawText, Text, batched, lang_of, raw_texts

_BATCHES = 8
"""Of so many batches the texts are read at a time, so that those of about one length can be computed together."""

_TEXTS = 1024
"""So many are read at a time where batches are as many tokens, however many texts these are."""

Item = dict[str, Any]
"""A text as pipelines take it: the texts and their language by name."""


@dataclass(frozen=True)
class Task:
    """What a command does with texts.

    compute: items → a result for each, in order; for none, it only checks what is the same for all.
    line: a text and its result → what is printed, or written.
    """

    parser: Parser
    compute: Callable[[list[Item]], Sequence[Any]]
    line: Callable[[Text, Any], Any]


def answer(options: argparse.Namespace, tokenizer: Any, task: Task, write: Callable[[Any], object] = print) -> int:
    """Read the texts that the options name, and write what they become; the exit status.

    So many texts are in memory as some batches have, however many come. The options are checked before the first is
    read. Texts that are arguments are answered all or, if one is bad, none, unless with ``--keep-going``.

    Raises: InputError for impossible options, and for the first text that is bad, without ``--keep-going``.
    """
    for lang in {options.lang, options.pair_lang} - {None}:
        tokenizer.tokenize("", lang=lang)
    task.compute([])
    found: Iterable[Outcome] = track(_outcomes(options, task), "texts", is_shown(None) and not sys.stdout.isatty())
    if options.texts and not options.file and not options.keep_going:
        found = all_or_none(found)
    return deliver(found, options.program, keep_going=options.keep_going, write=write)


def as_json(text: Text, **result: Any) -> str:
    """A line of JSON: what was given, then the result."""
    return json.dumps({**text.given, **result}, ensure_ascii=False)


def as_lines(text: Text, lines: Iterable[str]) -> str:
    """What was given, and below it the lines, set in."""
    texts = [value for name, value in text.given.items() if name not in ("id", "lang")]
    return "\n".join(["\t".join(filter(None, texts)), *(f"  {line}" for line in lines)])


def _outcomes(options: argparse.Namespace, task: Task) -> Iterator[Outcome]:
    langs = (options.lang, options.pair_lang)

    def lines(window: Sequence[RawText]) -> list[Any]:
        texts = [task.parser(raw) for raw in window]
        results = task.compute([_item(text, task.parser.names, langs) for text in texts])
        return [task.line(text, result) for text, result in zip(texts, results, strict=True)]

    for window in batched(raw_texts(options), _window(options)):
        yield from together(window, lines)
        sys.stdout.flush()


def _window(options: argparse.Namespace) -> int:
    """How many texts are read at a time."""
    if options.batch_size is None and options.max_tokens is not None:
        return _TEXTS
    size: int = options.batch_size or options.usual_batch_size
    return size * _BATCHES if size > 1 else 1


def _item(text: Text, names: tuple[str, str], langs: tuple[str | None, str | None]) -> Item:
    values = dict(zip((*names, "lang"), (text.text, text.pair, lang_of(text, langs)), strict=True))
    return {name: value for name, value in values.items() if value is not None}
