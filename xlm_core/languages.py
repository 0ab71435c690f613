"""The languages of a model and their ids, checked once."""

from __future__ import annotations

from collections.abc import Mapping

from .errors import ConfigError, LanguageError, did_you_mean


class Languages:
    """A two-way table, language code ↔ id of its embedding.

    Either mapping may be None and is then derived from the other; keys of ``id2lang`` may be digits in a string, as
    JSON leaves them. A model without languages has an empty table, which is false.

    Raises: ConfigError if the two mappings disagree or an id is not a whole number ≥ 0.
    """

    def __init__(self, lang2id: Mapping[str, int] | None, id2lang: Mapping[int, str] | None = None) -> None:
        forward = {str(lang): _whole(number, "lang2id") for lang, number in (lang2id or {}).items()}
        backward = {_whole(number, "id2lang"): str(lang) for number, lang in (id2lang or {}).items()}
        self.lang2id = forward if lang2id is not None else {lang: number for number, lang in backward.items()}
        self.id2lang = {number: lang for lang, number in self.lang2id.items()}
        if (id2lang is not None and backward != self.id2lang) or len(self.id2lang) != len(self.lang2id):
            raise ConfigError(
                f"`lang2id` and `id2lang` must be each other's inverse; got lang2id={dict(lang2id or {})} and "
                f"id2lang={dict(id2lang or {})}. Give one of them, or correct the other."
            )

    def __bool__(self) -> bool:
        return bool(self.lang2id)

    def id(self, lang: str) -> int:
        """The id of a language code.

        Raises: LanguageError, with the nearest code and the list of all, if there is no such language.
        """
        if lang in self.lang2id:
            return self.lang2id[lang]
        hint = did_you_mean(str(lang), self.lang2id, cutoff=0.5)
        raise LanguageError(f"`lang` must be one of {sorted(self.lang2id)}; got {lang!r}.{hint}")


def _whole(value: object, field: str) -> int:
    """An id as an int; JSON makes strings of an object's keys."""
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise ConfigError(f"`{field}` must map languages and whole numbers ≥ 0; got {value!r}.")
