"""What can be given to be embedded – a text, a list, a stream – as texts with their languages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from collections.abc import Set as AbstractSet
from itertools import zip_longest
from typing import Any, NamedTuple

from ..checks import check_text, shown
from ..errors import InputError


class Text(NamedTuple):
    """A text, its language if it was given, and its place among the texts."""

    text: str
    lang: str | None
    place: int


_NOTHING = object()


def read_list(texts: Any, lang: Any, check_lang: Callable[[str], object]) -> list[Text]:
    """The texts of a list, all of them checked, and each language once.

    Raises: InputError for what is no text, and for languages of another number.
    """
    found = list(read_stream(texts, lang))
    for code in dict.fromkeys(each.lang for each in found if each.lang is not None):
        check_lang(code)
    return found


def read_stream(texts: Iterable[Any], lang: Any) -> Iterator[Text]:
    """The texts of any iterable, each checked when its turn comes.

    Raises: InputError for what is no text, with its place, and if there are more or fewer languages than texts.
    """
    for place, (text, code) in enumerate(_pairs(texts, lang)):
        if text is _NOTHING or code is _NOTHING:
            came = f"{place} languages for more texts" if code is _NOTHING else f"{place} texts for more languages"
            raise InputError(f"`lang` must have one language for each text; got {came}.")
        yield Text(check_text(text, f"`texts[{place}]`"), _check_lang(code, place), place)


def check_texts(texts: Any) -> bool:
    """Whether these are as many texts as can be counted, rather than a stream of them.

    Raises: InputError if they are no texts at all.
    """
    if isinstance(texts, (bytes, bytearray, Mapping, AbstractSet)) or not isinstance(texts, Iterable):
        hint = " Decode it first: text.decode('utf-8')." if isinstance(texts, (bytes, bytearray)) else ""
        raise InputError(
            f"`texts` must be a string, a list of strings or an iterator of them; got {shown(texts)}, "
            f"a {type(texts).__name__}.{hint}"
        )
    return isinstance(texts, Sized)


def _pairs(texts: Iterable[Any], lang: Any) -> Iterator[tuple[Any, Any]]:
    if lang is None or isinstance(lang, str):
        return ((text, lang) for text in texts)
    if isinstance(lang, Iterable) and not isinstance(lang, (bytes, Mapping, AbstractSet)):
        return zip_longest(texts, lang, fillvalue=_NOTHING)
    raise InputError(f"`lang` must be a language code, or one for each text; got {lang!r}.")


def _check_lang(lang: Any, place: int) -> str | None:
    if lang is None or isinstance(lang, str):
        return lang
    raise InputError(f"`lang[{place}]` must be a language code; got {lang!r}.")
