"""How often each word occurs in texts of several languages, and how often it is to count."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...data.lines import read_texts
from ...errors import InputError
from ...progress import track
from ..words import WordSplitter

Source = str | os.PathLike[str] | Iterable[Any]
"""A file with a text on each line, or the texts themselves, one by one or in lists."""

DEFAULT_LANG = "en"
LONGEST_WORD = 1_000
"""Longer words teach nothing, and would take hours."""


@dataclass
class Corpus:
    """Of each language the words with their counts, and how many texts they come from.

    Memory grows with the number of different words; texts are forgotten once they are counted.
    """

    splitter: WordSplitter
    words: dict[str, Counter[str]] = field(default_factory=dict)
    n_texts: Counter[str] = field(default_factory=Counter)

    def read(self, source: Source, lang: str, show_progress: bool | None = None) -> None:
        """Count the words of a source.

        Raises: FetchError or InputError for a file that cannot be read; InputError for a text that is none.
        """
        counts = self.words.setdefault(lang, Counter())
        for text in track(_texts(source), f"texts of {lang}", show_progress):
            self.n_texts[lang] += 1
            words = " ".join(self.splitter.split(text, lang)).split()
            counts.update([word for word in words if len(word) <= LONGEST_WORD])

    def sampled(self, sampling: float) -> Counter[str]:
        """Word → how often it counts, over all languages, if texts of languages with less text are seen more often.

        A language with a part p of all texts is seen in proportion to p to the power of ``sampling``: 1 leaves
        everything as it is, 0 makes all languages equal. Instead of drawing texts we count each word as often as is to
        be expected, in units in which the language with most texts counts once; so chance has no part in it.

        Source: Lample and Conneau 2019, section 3.1, with 0.5; there, texts are drawn.
        """
        most = max(self.n_texts.values(), default=0)
        total: Counter[str] = Counter()
        for lang, words in self.words.items():
            times = (most / max(self.n_texts[lang], 1)) ** (1 - sampling)
            total.update({word: round(count * times) for word, count in words.items()})
        return total


def pair_with_languages(files: Source | Sequence[Source], languages: Any) -> list[tuple[Source, str]]:
    """Each source with its language; one language, or none, is that of all.

    A list or a tuple has one source in each place; anything else is one source.

    Raises: InputError if there are several languages, but not one for each source.
    """
    sources: list[Source] = list(files) if isinstance(files, list | tuple) else [files]
    if languages is None or isinstance(languages, str):
        return [(source, languages or DEFAULT_LANG) for source in sources]
    if len(languages) != len(sources):
        raise InputError(
            f"`languages` must be one code, or one for each of the {len(sources)} files; got {len(languages)}."
        )
    return list(zip(sources, languages, strict=True))


def alphabet_of(words: Mapping[str, int], limit: int | None) -> set[str]:
    """The characters of the words, or as many of them as ``limit`` says, those that occur most."""
    counts: Counter[str] = Counter()
    for word, count in words.items():
        for character in word:
            counts[character] += count
    return set(sorted(counts, key=lambda character: (-counts[character], character))[:limit])


def _texts(source: Source) -> Iterator[str]:
    if isinstance(source, str | os.PathLike):
        yield from read_texts(source)
        return
    if isinstance(source, bytes | Mapping) or not isinstance(source, Iterable):
        raise InputError(f"a source of texts must be a path or an iterable of strings; got {type(source).__name__}.")
    for item in source:
        yield from _flat(item)


def _flat(item: Any) -> Iterator[str]:
    """A text, or the texts of a list."""
    texts = item if isinstance(item, list | tuple) else [item]
    for text in texts:
        if not isinstance(text, str):
            raise InputError(f"a text must be a string; got {text!r}, a {type(text).__name__}.")
        yield text
