"""What can be given to a tokenizer – a text, a pair, words, a batch of any of them – brought into one form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import InputError


@dataclass(frozen=True)
class Example:
    """One text, or two that are encoded together; each a list of strings that are tokenized on their own."""

    first: list[str]
    second: list[str] | None
    langs: tuple[str | None, str | None]


def check_text(text: Any, name: str = "text") -> str:
    """The text itself, once it is known to be one.

    Raises: InputError, with what came and its type.
    """
    if isinstance(text, str):
        return text
    raise InputError(f"`{name}` must be a str; got {_shown(text)} of type {type(text).__name__}.{_hint(text)}")


def is_batch(text: Any, is_split_into_words: bool) -> bool:
    """Whether this is many texts rather than one."""
    if not isinstance(text, list | tuple):
        return False
    return not is_split_into_words or not text or not isinstance(text[0], str)


def read_one(text: Any, text_pair: Any, is_split_into_words: bool, lang: Any) -> Example:
    """One text or pair.

    Raises: InputError for what is no text, or a list of languages.
    """
    if isinstance(lang, list):
        raise InputError(f"`lang` must be one code for one text, or a tuple of two for a pair; got the list {lang!r}.")
    first = _strings(text, "text", is_split_into_words)
    second = None if text_pair is None else _strings(text_pair, "text_pair", is_split_into_words)
    return Example(first, second, _langs(lang, second is not None))


def read_batch(text: Sequence[Any], text_pair: Any, is_split_into_words: bool, lang: Any) -> list[Example]:
    """A batch of texts or pairs; pairs come as two batches or as a batch of tuples.

    Raises: InputError for what is no text, and for batches of different lengths.
    """
    firsts, seconds = _columns(text, text_pair, is_split_into_words)
    langs = lang if isinstance(lang, list) else [lang] * len(firsts)
    _check_same_length(len(firsts), len(langs), "lang", "one language for each text")
    examples = zip(firsts, seconds, langs, strict=True)
    return [read_one(first, second, is_split_into_words, lang) for first, second, lang in examples]


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
    is_words = is_split_into_words and bool(row) and isinstance(row[0], str)
    if isinstance(row, list | tuple) and not is_words and len(row) == 2:
        return row[0], row[1]
    return row, None


def _strings(text: Any, name: str, is_split_into_words: bool) -> list[str]:
    if not is_split_into_words:
        return [check_text(text, name)]
    if isinstance(text, list | tuple):
        return [check_text(word, name) for word in text]
    raise InputError(
        f"`{name}` must be a list of words, `is_split_into_words=True` says; got {_shown(text)} of type "
        f"{type(text).__name__}. Split it, or leave `is_split_into_words` out."
    )


def _langs(lang: Any, is_pair: bool) -> tuple[str | None, str | None]:
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


def _shown(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."


def _hint(text: Any) -> str:
    if isinstance(text, bytes):
        return " Decode it first: text.decode('utf-8')."
    return " Words need `is_split_into_words=True`." if isinstance(text, list | tuple) else ""
