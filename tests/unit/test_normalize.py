"""Each rule between raw text and words does what it says, on strings and on strings that know their places."""

from __future__ import annotations

import random
import re
import unicodedata

import pytest

from xlm_core.tokenizer.words import Aligned, lowercase
from xlm_core.tokenizer.words.lowercase import (
    align_lowercase_without_accents,
    lowercase_by_character,
    lowercase_without_accents,
)
from xlm_core.tokenizer.words.normalize import normalization
from xlm_core.tokenizer.words.rules import (
    Between,
    Pad,
    RemoveUnprintable,
    Rule,
    Rules,
    SingleSpaces,
    Strip,
    Substitute,
    Swap,
    Translate,
    character_class,
)

N = "\xa0"


def spans(text: Aligned) -> list[tuple[int, int]]:
    return list(zip(text.starts, text.ends, strict=True))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("，、”“《》」「∶：？！；％～", ',,""""""::?!;%~'),
        ("０１２３４５６７８９", "0123456789"),
        ("’…━〈〉【】", "'...-<>[]"),
        ("x。y", "x. y"),
        ("x。 \n\xa0\u3000y", "x. y"),
        ("x．。 y", "x. . y"),
        ("ＡＢ", "ＡＢ"),
        ("a(b)c", "a (b) c"),
        ("a ( b ) , c", "a (b), c"),
        ("5 % : x ;", "5%: x;"),
        ("`a` ''b'' ´´c´´ ‘‘d", '\'a\' " b " "c" "d'),
        ("„a – b—c", '"a - b - c'),
        (f"«{N}a{N}» « b »", '"a" " b "'),
        (f"5{N}% nº{N}5 x{N}: 5{N}ºC 5{N}cm x{N}? x{N}! x{N}; x,{N}y", "5% nº 5 x: 5 ºC 5 cm x? x! x; x, y"),
        ("a\tb\xadc\u200bd\ue000e\udc80f\u0378g", "abcdefg"),
        ("a\u2028b\u3000c", "a\u2028b\u3000c"),
        (" \r\n a \0 ", "a "),
    ],
)
def test_punctuation_takes_its_plainest_form(text: str, expected: str) -> None:
    assert Rules(normalization("xx")).apply(text) == expected


@pytest.mark.parametrize(
    ("lang", "text", "expected"),
    [
        ("en", 'x". y",. z', 'x." y,." z'),
        ("de", 'x,"y', 'x",y'),
        ("de", 'x.."y "z."< z."', 'x"..y "z."< z."'),
        ("fr", '."."..."x', '"..""...x'),
        ("sv", 'x". y,"', 'x". y,"'),
        ("de", f"1{N}2{N}3", f"1,2{N}3"),
        ("en", f"1{N}2{N}3", f"1.2{N}3"),
    ],
)
def test_quotations_and_numbers_follow_the_language(lang: str, text: str, expected: str) -> None:
    assert Rules(normalization(lang)).apply(text) == expected


RULES = [
    (Substitute("''", "''", ' " '), "a''b", 'a " b', [(0, 1), (1, 1), (1, 3), (3, 3), (3, 4)]),
    (Substitute(" ", " (?=;)", ""), "a ;", "a;", [(0, 1), (2, 3)]),
    (Between("[xyz]", "'", "[xyz]", " '"), "x'y'z", "x 'y'z", [(0, 1), (1, 1), (1, 2), (2, 3), (3, 4), (4, 5)]),
    (Between("[^x]", ",", "", ", "), "x,,,a", "x,, ,a", [(0, 1), (1, 2), (2, 3), (3, 3), (3, 4), (4, 5)]),
    (Swap('"', '(")([,.]+)'), 'a".,', 'a.,"', [(0, 1), (1, 4), (1, 4), (1, 4)]),
    (Translate({"…": "...", "é": "e"}), "é…", "e...", [(0, 1), (1, 2), (1, 2), (1, 2)]),
    (Pad(frozenset("ab")), "a!?b", "a ! ? b", [(0, 1), (1, 1), (1, 2), (2, 2), (2, 3), (3, 3), (3, 4)]),
    (Strip(), "\n a \x85", "a", [(2, 3)]),
    (Strip(), " \n", "", []),
    (SingleSpaces(), f" a  {N}b ", "a b", [(1, 2), (2, 5), (5, 6)]),
    (RemoveUnprintable(), "a\0b\xad", "ab", [(0, 1), (2, 3)]),
]


@pytest.mark.parametrize(("rule", "text", "expected", "places"), RULES, ids=lambda value: type(value).__name__)
def test_a_rule_reads_strings_and_places_alike(
    rule: Rule, text: str, expected: str, places: list[tuple[int, int]]
) -> None:
    aligned = Aligned.of(text).edited(rule.edits(text))

    assert rule.trigger in text
    assert rule.apply(text) == aligned.text == expected
    assert spans(aligned) == places


@pytest.mark.parametrize("rule", [rule for rule, *_ in RULES], ids=lambda rule: type(rule).__name__)
def test_a_rule_without_work_leaves_the_string_itself(rule: Rule) -> None:
    text = Aligned.of("ab")

    assert text.edited(rule.edits(text.text)) is text


def test_a_class_of_characters_is_exact() -> None:
    characters = set("abcxz]-^\\é中")
    pattern = re.compile(character_class(characters))

    assert {chr(code) for code in range(0x11000) if pattern.match(chr(code))} == characters


def test_lower_casing_by_character_knows_no_final_sigma() -> None:
    assert lowercase_by_character("ΟΔΟΣ İ") == "οδοσ i\u0307"


def test_words_lose_case_and_accents() -> None:
    assert lowercase_without_accents("É ΟΔΌΣ İ Ⅳ 가 \u0301") == "e οδος i ⅳ \u1100\u1161 "


@pytest.mark.parametrize(
    ("word", "expected", "places"),
    [
        ("Été", "ete", [(0, 1), (1, 2), (2, 3)]),
        ("e\u0301\u0323a", "ea", [(0, 3), (3, 4)]),
        ("\u0301a", "a", [(1, 2)]),
        ("\u0301", "", []),
        ("Xİ가", "xi\u1100\u1161", [(0, 1), (1, 2), (2, 3), (2, 3)]),
        ("ΑΣ", "ας", [(0, 1), (1, 2)]),
        ("a\u302eb", "a\u302eb", [(0, 1), (1, 2), (2, 3)]),
    ],
)
def test_a_lower_cased_word_knows_its_places(word: str, expected: str, places: list[tuple[int, int]]) -> None:
    aligned = align_lowercase_without_accents(Aligned.of(word))

    assert aligned.text == lowercase_without_accents(word) == expected
    assert spans(aligned) == places


def test_where_marks_change_places_each_stands_for_the_whole_word() -> None:
    """Of two spacing marks the one of the lower class goes first."""
    word = "a\u302f\U0001d165b"

    aligned = align_lowercase_without_accents(Aligned.of(word))

    assert aligned.text == "a\U0001d165\u302fb"
    assert spans(aligned) == [(0, 4)] * 4


def test_lower_casing_a_text_equals_unicodes_own_normal_form() -> None:
    """For every character of four planes between two others, and no rule reaches across a space."""
    characters = [chr(code) for code in [*range(0x3100), *range(0xA000, 0xB000), *range(0x10000, 0x20000)]]
    text = " ".join(f"Σ{character}\u0301Σ" for character in characters)
    sentence = unicodedata.normalize("NFD", text.lower())
    expected = "".join(c for c in sentence if unicodedata.category(c) != "Mn").lower()

    assert lowercase_without_accents(text) == expected
    assert " ".join(map(lowercase_without_accents, text.split(" "))) == expected


def test_marks_are_put_in_order_as_unicode_does() -> None:
    chance = random.Random(0)
    marks = "\u0301\u0323\u034f\u302e\u302f\U0001d165\U0001d16da\u1bf2"
    for _ in range(2000):
        text = "".join(chance.choices(marks, k=12))
        expected = "".join(c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c) != "Mn")
        assert lowercase_without_accents(text) == expected


def test_what_is_remembered_of_characters_is_bounded() -> None:
    everything = "".join(map(chr, range(0x20000)))

    assert lowercase_without_accents(everything) == lowercase_without_accents(everything)
    assert len(lowercase._PLAIN) == lowercase._MAX_PLAIN
