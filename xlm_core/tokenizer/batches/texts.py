"""What can be given to a tokenizer – a text, a pair, words, a batch of any of them – brought into one form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ...errors import InputError

Langs = tuple[str | None, str | None]
"""The languages of the two texts of a pair, None where nobody said."""


class Example(NamedTuple):
    """One text, or two that are encoded together; each a list of strings that are tokenized on their own."""

    first: Sequence[str]
    second: Sequence[str] | None
    langs: Langs


def check_text(text: Any, name: str = "text", position: int | None = None) -> str:
    """The text itself, once it is known to be one.

    Raises: InputError, with what came, its type, and its place in the batch.
    """
    if isinstance(text, str):
        return text
    raise InputError(f"`{_at(name, position)}` must be a str; got {_described(text)}.{_hint(text)}")


def is_batch(text: Any, is_split_into_words: bool) -> bool:
    """Whether this is many texts rather than one; a list without anything is words if texts are lists of words."""
    if not isinstance(text, list | tuple):
        return False
    return not is_split_into_words or (bool(text) and not isinstance(text[0], str))


def read_one(text: Any, text_pair: Any, is_split_into_words: bool, lang: Any) -> list[Example]:
    """One text or pair, as a list of it.

    Raises: InputError for what is no text, or a list of languages.
    """
    if isinstance(lang, list):
        raise InputError(f"`lang` must be one code for one text, or a tuple of two for a pair; got the list {lang!r}.")
    first = _strings(text, "text", is_split_into_words, None)
    second = None if text_pair is None else _strings(text_pair, "text_pair", is_split_into_words, None)
    return [Example(first, second, _langs(lang, second is not None))]


def read_batch(text: Sequence[Any], text_pair: Any, is_split_into_words: bool, lang: Any) -> list[Example]:
    """A batch of texts or pairs; pairs come as two batches or as a batch of tuples.

    Raises: InputError for what is no text, and for batches of different lengths.
    """
    firsts, seconds = _columns(text, text_pair, is_split_into_words)
    langs = lang if isinstance(lang, list) else [lang] * len(firsts)
    _check_same_length(len(firsts), len(langs), "lang", "one language for each text")
    return [
        Example(
            _strings(first, "text", is_split_into_words, position),
            None if second is None else _strings(second, "text_pair", is_split_into_words, position),
            _langs(lang, second is not None),
        )
        for position, (first, second, lang) in enumerate(zip(firsts, seconds, langs, strict=True))
    ]


def _columns(text: Sequence[Any], text_pair: Any, is_split_into_words: bool) -> tuple[list[Any], list[Any]]:
    if text_pair is None:
        rows = [_pair(row, is_split_into_words) for row in text]
        return [first for first, _ in rows], [second for _, second in rows]
    if not is_batch(text_pair, is_split_into_words):
        raise InputError(f"`text_pair` must be a batch, as `text` is; got {_shown(text_pair)}.")
    _check_same_length(len(text), len(text_pair), "text_pair", "one second text for each first")
    return [*text], [*text_pair]


def _pair(row: Any, is_split_into_words: bool) -> tuple[Any, Any]:
    """The two texts of a row of a batch, the second None in a row of one text."""
    if isinstance(row, str) or not isinstance(row, list | tuple):
        return row, None
    is_words = is_split_into_words and bool(row) and isinstance(row[0], str)
    return (row[0], row[1]) if len(row) == 2 and not is_words else (row, None)


def _strings(text: Any, name: str, is_split_into_words: bool, position: int | None) -> Sequence[str]:
    if not is_split_into_words:
        return (check_text(text, name, position),)
    if isinstance(text, list | tuple):
        return [_check_word(word, _at(name, position)) for word in text]
    raise InputError(
        f"`{_at(name, position)}` must be a list of words, `is_split_into_words=True` says; got {_described(text)}. "
        "Split it, or leave `is_split_into_words` out."
    )


def _check_word(word: Any, name: str) -> str:
    if isinstance(word, str):
        return word
    raise InputError(
        f"`{name}` must be a list of words, each a str; got {_described(word)} among them. "
        "A batch is a list of such lists, and no deeper."
    )


def _langs(lang: Any, is_pair: bool) -> Langs:
    if lang is None or isinstance(lang, str):
        return lang, lang
    if isinstance(lang, tuple) and len(lang) == 2 and all(isinstance(code, str) for code in lang):
        if is_pair:
            return lang
        raise InputError(f"`lang` must be one code for one text; got {lang!r}, which is for a pair.")
    raise InputError(f"`lang` must be a language code or a tuple of two; got {lang!r}. A batch takes a list of them.")


def _check_same_length(expected: int, got: int, name: str, meaning: str) -> None:
    if expected != got:
        raise InputError(f"`{name}` must have {expected} entries, {meaning}; got {got}.")


def _at(name: str, position: int | None) -> str:
    return name if position is None else f"{name}[{position}]"


def _described(value: Any) -> str:
    return f"{_shown(value)} of type {type(value).__name__}"


def _shown(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."


def _hint(text: Any) -> str:
    if isinstance(text, bytes):
        return " Decode it first: text.decode('utf-8')."
    if isinstance(text, list | tuple):
        return " Words need `is_split_into_words=True`."
    return " Make a list of it: text.tolist()." if hasattr(text, "tolist") else ""
