"""What can be given to a pipeline – one example, many in a list, a stream of them – brought into one form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from ..checks import check_text, shown
from ..errors import InputError

Example = TypeVar("Example")

Lang = str | tuple[str, str] | None
"""The language of a text, or the two of a pair; None where nobody said."""


@dataclass(frozen=True)
class TextExample:
    """A text, or two that belong together, and their language."""

    text: str
    pair: str | None
    lang: Lang


def read_text(item: Any, lang: Lang) -> TextExample:
    """A text, a tuple of two, or a dict with ``text`` and perhaps ``text_pair`` and ``lang``, which counts more.

    Raises: InputError.
    """
    if isinstance(item, Mapping):
        check_keys(item, ("text",), ("text_pair", "lang"))
        return _example(item["text"], item.get("text_pair"), item.get("lang", lang))
    return _example(*item, lang) if isinstance(item, tuple) and len(item) == 2 else _example(item, None, lang)


def is_one_text(inputs: Any) -> bool:
    """Whether this is one text or pair, not many."""
    return isinstance(inputs, (str, Mapping, tuple))


def check_keys(item: Mapping[str, Any], needed: Sequence[str], allowed: Sequence[str] = ()) -> None:
    """Refuse a dict that lacks a key, or has one that nothing reads.

    Raises: InputError.
    """
    if not {*needed} <= item.keys() <= {*needed, *allowed}:
        also = f", and may have {list(allowed)}" if allowed else ""
        raise InputError(f"a dict must have {list(needed)}{also}; got {list(item)}.")


def read_many(inputs: Any, lang: Any, read: Callable[[Any, Lang], Example]) -> list[Example] | Iterator[Example]:
    """The examples of a list, all of them; or of any other iterable one by one, as they are asked for.

    Raises: InputError for what is no example and holds none.
    """
    if isinstance(inputs, list):
        return [read(item, own) for item, own in zip(inputs, _languages(lang, len(inputs)), strict=True)]
    if isinstance(lang, list):
        raise InputError(
            f"`lang` must be one language for a stream of texts; got {lang!r}. Give each text its own: "
            "{'text': …, 'lang': …}."
        )
    return (read(item, lang) for item in _iterator(inputs))


def one_language(lang: Any) -> Lang:
    """The language of one example.

    Raises: InputError for a list of them.
    """
    if lang is None or isinstance(lang, (str, tuple)):
        return lang
    raise InputError(f"`lang` must be one language for one text; got {lang!r}.")


def language_of(lang: Lang, number: int) -> str | None:
    """That of the first text of a pair, 0, or of the second, 1."""
    return lang[number] if isinstance(lang, tuple) else lang


def _example(text: Any, pair: Any, lang: Lang) -> TextExample:
    return TextExample(check_text(text), None if pair is None else check_text(pair), one_language(lang))


def _languages(lang: Any, count: int) -> Sequence[Lang]:
    """One language for each text, or none for all."""
    if lang is None or isinstance(lang, (str, tuple)):
        return [lang] * count
    if not isinstance(lang, list) or len(lang) != count or None in lang:
        raise InputError(f"`lang` must be one language, or one for each of the {count} texts; got {lang!r}.")
    return lang


def _iterator(inputs: Any) -> Iterator[Any]:
    is_bytes = isinstance(inputs, (bytes, bytearray, memoryview))
    if is_bytes or not (isinstance(inputs, Iterable) or hasattr(inputs, "__getitem__")):
        raise InputError(
            f"a text must be a string, many a list or an iterator of them; got {shown(inputs)}, "
            f"a {type(inputs).__name__}."
        )
    return iter(inputs)
