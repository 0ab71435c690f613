"""Moses' tables of characters and abbreviations; the only door to `sacremoses`.

They are not part of this library because Moses' lists are under the LGPL.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ...errors import MissingDependency


@dataclass(frozen=True, slots=True)
class Tables:
    """What Moses' rules know of a language.

    ``prefixes`` keep their period wherever they stand, ``numeric_prefixes`` only before a number.
    """

    alphanumeric: frozenset[str]
    alphabetic: frozenset[str]
    lowercase: frozenset[str]
    numeric: frozenset[str]
    prefixes: frozenset[str]
    numeric_prefixes: frozenset[str]


@lru_cache(maxsize=64)
def tables(lang: str) -> Tables:
    """The tables of a language; a code that Moses does not know gets English abbreviations.

    Raises: MissingDependency if sacremoses is not installed.
    """
    moses = _sacremoses().MosesTokenizer(lang=lang)
    numeric_prefixes = frozenset(moses.NUMERIC_ONLY_PREFIXES)
    return Tables(
        alphanumeric=_shared(moses.IsAlnum),
        alphabetic=_shared(moses.IsAlpha),
        lowercase=_shared(moses.IsLower),
        numeric=_shared(moses.IsN),
        prefixes=frozenset(moses.NONBREAKING_PREFIXES) - numeric_prefixes,
        numeric_prefixes=numeric_prefixes,
    )


@lru_cache(maxsize=16)
def _shared(characters: str) -> frozenset[str]:
    """One set for all languages that have the same characters."""
    return frozenset(characters)


def _sacremoses() -> Any:
    """Imported on first use: it costs half a second."""
    try:
        import sacremoses
    except ImportError as error:
        raise MissingDependency("Moses' rules need sacremoses: pip install sacremoses") from error
    return sacremoses
