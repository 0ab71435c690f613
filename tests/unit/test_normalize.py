"""Each rule between raw text and words does what it says."""

from __future__ import annotations

import sys
import unicodedata

import pytest

from xlm_core.errors import MissingDependency
from xlm_core.tokenizer.words import segmenters
from xlm_core.tokenizer.words.moses import Moses
from xlm_core.tokenizer.words.normalize import (
    lowercase_and_remove_accents,
    lowercase_by_character,
    remove_non_printing,
    remove_romanian_diacritics,
    replace_unicode_punctuation,
)


@pytest.fixture(scope="module")
def moses() -> Moses:
    return Moses()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("，、”“《》」「∶：？！；（）％～", ',,""""""::?!;()%~'),
        ("０１２３４５６７８９", "0123456789"),
        ("’…━〈〉【】", "'...-<>[]"),
        ("x。y", "x. y"),
        ("x。 \n\xa0\u3000y", "x. y"),
        ("x．。 y", "x. . y"),
        ("ＡＢ", "ＡＢ"),
    ],
)
def test_unicode_punctuation_becomes_ascii(text: str, expected: str) -> None:
    assert replace_unicode_punctuation(text) == expected


def test_characters_that_cannot_be_printed_leave_no_space() -> None:
    assert remove_non_printing("a\tb\xadc\u200bd\ue000e\udc80f\u0378g") == "abcdefg"


def test_separators_are_not_removed() -> None:
    assert remove_non_printing("a\xa0b\u2028c\u3000d") == "a\xa0b\u2028c\u3000d"


def test_romanian_letters_lose_their_marks() -> None:
    assert remove_romanian_diacritics("ŞşȘșŢţȚțĂăÂâÎîé") == "SsSsTtTtAaAaIié"


def test_lower_casing_by_character_knows_no_final_sigma() -> None:
    assert lowercase_by_character("ΟΔΟΣ İ") == "οδοσ i\u0307"


def test_words_lose_case_and_accents() -> None:
    assert lowercase_and_remove_accents(["É", "ΟΔΌΣ", "İ", "Ⅳ", "가"]) == ["e", "οδος", "i", "ⅳ", "\u1100\u1161"]


def test_a_word_of_spaces_falls_apart() -> None:
    assert lowercase_and_remove_accents(["A", " ", "\u3000"]) == ["a", "", "", "\u3000"]


def test_a_word_of_marks_becomes_empty() -> None:
    assert lowercase_and_remove_accents(["\u0301"]) == [""]


def test_lower_casing_words_equals_lower_casing_their_sentence() -> None:
    """No rule of `str.lower` and NFD reaches across a space; tried for every character between two others."""
    characters = [chr(code) for code in range(0x3000) if not chr(code).isspace()]
    words = [f"Σ{character}Σ" for character in characters]
    sentence = unicodedata.normalize("NFD", " ".join(words).lower())
    expected = "".join(c for c in sentence if unicodedata.category(c) != "Mn").lower().split(" ")

    assert lowercase_and_remove_accents(words) == expected


@pytest.mark.parametrize(
    ("lang", "text", "words"),
    [
        ("en", "don't 90's", ["don", "'t", "90", "'s"]),
        ("en", "'tis 'tis", ["'tis", "'", "tis"]),
        ("fr", "l'eau", ["l'", "eau"]),
        ("de", "l'eau", ["l", "'", "eau"]),
        ("en", "1\xa02\xa03", ["1.2", "3"]),
        ("de", "1\xa02\xa03", ["1,2", "3"]),
        ("en", "No. 5 No. x Mr. X", ["No.", "5", "No.", "x", "Mr.", "X"]),
        ("xx", "Mr. X", ["Mr.", "X"]),
        ("ro", "Șapte ţări", ["Sapte", "tari"]),
        ("ko", "한국어 좋아요!", ["한국어", "좋아요", "!"]),
        ("en", "한국", ["한", "국"]),
        ("en", "xDOTDOTMULTI y", ["x..", "y"]),
        ("en", " \n", []),
    ],
)
def test_words_by_language(moses: Moses, lang: str, text: str, words: list[str]) -> None:
    assert moses.tokenize(text, lang) == words


@pytest.mark.parametrize(("lang", "module"), [("ja", "Mykytea"), ("th", "pythainlp.tokenize"), ("zh", "rjieba")])
def test_a_missing_segmenter_is_named(moses: Moses, monkeypatch: pytest.MonkeyPatch, lang: str, module: str) -> None:
    monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(MissingDependency, match=rf"pip install 'xlm\[{lang}\]'"):
        segmenters.split_words("x", lang, moses)


def test_chinese_is_cut_before_its_punctuation(moses: Moses) -> None:
    """The normaliser joins again what the segmenter has cut."""
    pytest.importorskip("rjieba")

    assert segmenters.split_words("你好：世界\ud800", "zh", moses) == ["你好:", "世界"]


def test_thai_keeps_its_spaces_as_words(moses: Moses) -> None:
    pytest.importorskip("pythainlp")

    assert segmenters.split_words("ฉัน แมว", "th", moses) == ["ฉัน", " ", "แมว"]
