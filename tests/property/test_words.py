"""For every text our words are those of sacremoses, and each knows where it stood."""

from __future__ import annotations

import gzip
import os
import random
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import islice

import pytest

import sacremoses_words
from adversarial import strings
from digests import TEXT
from xlm_core.tokenizer.words import Aligned, WordSplitter

N_STRINGS = int(os.environ.get("XLM_FUZZ_STRINGS", "20000"))
N_PARTS = 4

MOSES = (*(lang for lang in sacremoses_words.LANGUAGES if lang != "zh"), "ar", "cz", "ko", "tr", "xx")
WITH_RULES_OF_THEIR_OWN = ("cs", "de", "en", "es", "fr", "it", "ko", "ro")
LANGUAGES = (*MOSES, *WITH_RULES_OF_THEIR_OWN * 3, *sacremoses_words.INSTALLED)

SPLITTERS = {lowercase: WordSplitter(lowercase) for lowercase in (False, True)}


def cases(part: int, count: int) -> Iterator[tuple[str, str, bool]]:
    """Texts, each with a language and whether it is lower-cased."""
    chance = random.Random(part)
    for text in strings(part, count):
        yield text, chance.choice(LANGUAGES), chance.random() < 0.5


def differences(found: Iterable[tuple[str, str, bool]]) -> list[tuple[str, str, bool]]:
    """The cases in which our words are not those of sacremoses; ten are enough."""
    wrong = (
        (text, lang, lowercase)
        for text, lang, lowercase in found
        if SPLITTERS[lowercase].split(text, lang) != sacremoses_words.split(text, lang, lowercase)
    )
    return list(islice(wrong, 10))


@pytest.mark.parametrize("part", range(N_PARTS))
def test_words_of_strange_texts_are_those_of_sacremoses(part: int) -> None:
    assert differences(cases(part, N_STRINGS // N_PARTS)) == []


def names_of_texts() -> list[str]:
    return [path.name.partition(".")[0] for path in sorted(TEXT.glob("*.txt.gz"))]


@pytest.mark.slow
@pytest.mark.skipif(not names_of_texts(), reason=f"needs sentences at {TEXT}, which `XLM_TEST_TEXT` can name")
@pytest.mark.parametrize("lang", names_of_texts())
def test_words_of_sentences_are_those_of_sacremoses(lang: str) -> None:
    """By their own rules, where these need no segmenter that is not there, and by those of English."""
    own = {lang} - (sacremoses_words.SEGMENTERS.keys() - sacremoses_words.INSTALLED)
    with gzip.open(TEXT / f"{lang}.txt.gz", "rt", encoding="utf-8") as file:
        lines = file.read().split("\n")

    for rules in {*own, "en"}:
        assert differences((line, rules, lowercase) for line in lines for lowercase in (False, True)) == []


def is_covered(character: str) -> bool:
    """Whether a character must be found in some word: no whitespace, no mark, and printable."""
    return not character.isspace() and unicodedata.category(character)[0] not in "CM"


def faults(text: str, lang: str, lowercase: bool) -> list[str]:
    """What is wrong with the places of the words of a text."""
    splitter = SPLITTERS[lowercase]
    words = splitter.align(text, lang)
    starts = [start for word in words for start in word.starts]
    ends = [end for word in words for end in word.ends]
    covered = {place for start, end in zip(starts, ends, strict=True) for place in range(start, end)}
    checks = {
        "other words": [word.text for word in words] == splitter.split(text, lang),
        "one place for each character": all(is_complete(word) for word in words),
        "out of bounds": all(0 <= start <= end <= len(text) for start, end in zip(starts, ends, strict=True)),
        "empty": all(is_somewhere(word) for word in words),
        "going back": starts == sorted(starts) and ends == sorted(ends),
        "not covered": all(place in covered for place, character in enumerate(text) if is_covered(character)),
    }
    return [name for name, holds in checks.items() if not holds]


def is_complete(word: Aligned) -> bool:
    return len(word.text) == len(word.starts) == len(word.ends) > 0


def is_somewhere(word: Aligned) -> bool:
    """Every character stands for something, but for a space that was put in, which a segmenter may make a word."""
    return all(
        start < end or character == " " for character, start, end in zip(word.text, word.starts, word.ends, strict=True)
    )


@pytest.mark.parametrize("part", range(N_PARTS))
def test_words_of_strange_texts_know_where_they_stood(part: int) -> None:
    wrong = ((case, found) for case in cases(100 + part, N_STRINGS // N_PARTS) if (found := faults(*case)))

    assert list(islice(wrong, 10)) == []
