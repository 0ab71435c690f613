"""Words by language, with where they stood: Moses' rules, segmenters, plug-ins."""

from __future__ import annotations

import copy
import hashlib
import pickle
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import pytest

from sacremoses_words import LANGUAGES
from xlm_core.errors import FetchError, InputError, MissingDependency
from xlm_core.tokenizer.words import Aligned, WordSplitter
from xlm_core.tokenizer.words.moses import moses
from xlm_core.tokenizer.words.segmenters import KyTea
from xlm_core.tokenizer.words.tables import tables

CASED, UNCASED = WordSplitter(False), WordSplitter(True)


def digest(*sets: Iterable[str]) -> str:
    lines = ("".join(f"{entry}\0" for entry in sorted(entries)) for entries in sets)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def words_and_places(words: Iterable[Aligned]) -> list[tuple[str, list[int], list[int]]]:
    return [(word.text, word.starts, word.ends) for word in words]


@pytest.mark.parametrize(
    ("table", "size", "expected"),
    [
        ("alphanumeric", 10_717, "228b9e6e30cfebb2"),
        ("alphabetic", 10_347, "d53640ceef7cf535"),
        ("lowercase", 2_253, "acf9dad570427cf9"),
        ("numeric", 713, "80de279f9278ffb5"),
    ],
)
def test_the_characters_are_those_of_sacremoses_0_2(table: str, size: int, expected: str) -> None:
    """A sacremoses with other tables gives other ids: it is to be noticed, and the range in pyproject.toml closed."""
    characters = getattr(tables("en"), table)

    assert (len(characters), digest(characters)) == (size, expected)


@pytest.mark.parametrize(
    ("lang", "size", "expected"),
    [
        ("zh", 92_728, "d59d892517cb1996"),
        ("ko", 21_989, "05aa0e121c43fed6"),
    ],
)
def test_east_asian_languages_have_more_letters(lang: str, size: int, expected: str) -> None:
    known = tables(lang)

    assert (len(known.alphanumeric), digest(known.alphanumeric, known.alphabetic)) == (size, expected)


def test_the_abbreviations_are_those_of_sacremoses_0_2() -> None:
    known = [tables(lang) for lang in LANGUAGES]
    prefixes, numeric = [entry.prefixes for entry in known], [entry.numeric_prefixes for entry in known]

    assert (sum(map(len, prefixes)), sum(map(len, numeric))) == (6160, 72)
    assert digest(*prefixes, *numeric) == "cd56efa3ce42cfd0"
    assert tables("xx").prefixes == tables("en").prefixes


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
        ("en", "No. X e.g. X 1.2. Y", ["No", ".", "X", "e.g.", "X", "1.2", ".", "Y"]),
        ("xx", "Mr. X", ["Mr.", "X"]),
        ("ro", "Șapte ţări", ["Sapte", "tari"]),
        ("ko", "한국어 좋아요!", ["한국어", "좋아요", "!"]),
        ("en", "한국", ["한", "국"]),
        ("en", "a,b 1,000 ,5 5, x,,,5", ["a", ",", "b", "1,000", ",", "5", "5", ",", "x", ",", ",", ",", "5"]),
        ("en", ",5 x,,5", [",5", "x", ",", ",5"]),
        ("en", "wait... what.. no. ....", ["wait", "...", "what", "..", "no", ".", "...."]),
        ("en", "xDOTDOTMULTI y DOTDOT", ["x..", "y", "DOTDOT"]),
        ("en", "The end.'", ["The", "end", ".", "'"]),
        ("en", ".'", [".", "'"]),
        ("en", "a\tb c\nd", ["ab", "cd"]),
        ("en", " \n", []),
        ("en", "", []),
    ],
)
def test_words_by_language(lang: str, text: str, words: list[str]) -> None:
    assert CASED.split(text, lang) == words
    assert [word.text for word in CASED.align(text, lang)] == words


@pytest.mark.parametrize(
    ("lang", "text", "expected"),
    [
        ("en", "Don't wait…", [("don", 0, 3), ("'t", 3, 5), ("wait", 6, 10), ("...", 10, 11)]),
        (
            "fr",
            "L'été, «\xa0a\xa0»",
            [("l'", 0, 2), ("ete", 2, 5), (",", 5, 6), ('"', 7, 9), ("a", 9, 10), ('"', 10, 12)],
        ),
        ("de", '„so."x', [('"', 0, 1), ("so", 1, 3), ('"', 3, 5), (".x", 3, 6)]),
        ("tr", "İSTANBUL'da", [("istanbul", 0, 8), ("'", 8, 9), ("da", 9, 11)]),
        ("en", "가 ＡＢ。 \u3000X", [("\u1100\u1161", 0, 1), ("ａｂ", 2, 4), (".", 4, 5), ("x", 7, 8)]),
        ("en", "xDOTMULTI y...", [("x.", 0, 9), ("y", 10, 11), ("...", 11, 14)]),
        ("en", "1\xa02 ''a''", [("1.2", 0, 3), ('"', 4, 6), ("a", 6, 7), ('"', 7, 9)]),
        ("en", "a\u200bb\tc U.S. x.'", [("abc", 0, 5), ("u.s.", 6, 10), ("x", 11, 12), (".", 12, 13), ("'", 13, 14)]),
        ("hi", "यह है।", [("यह", 0, 2), ("ह", 3, 5), ("।", 5, 6)]),
    ],
)
def test_words_know_where_they_stood(lang: str, text: str, expected: list[tuple[str, int, int]]) -> None:
    assert [(word.text, word.starts[0], word.ends[-1]) for word in UNCASED.align(text, lang)] == expected


def test_each_dot_stands_for_itself_and_an_ellipsis_for_one_character() -> None:
    assert words_and_places(CASED.align("a.. b…", "en")) == [
        ("a", [0], [1]),
        ("..", [1, 2], [2, 3]),
        ("b", [4], [5]),
        ("...", [5, 5, 5], [6, 6, 6]),
    ]


def test_chinese_is_cut_before_its_punctuation() -> None:
    """The normaliser joins again what the segmenter has cut, and lone surrogates do not reach it."""
    pytest.importorskip("rjieba")

    assert CASED.split("你好：世界\ud800", "zh") == ["你好:", "世界"]
    assert words_and_places(CASED.align("你好：\ud800世界", "zh")) == [
        ("你好:", [0, 1, 2], [1, 2, 3]),
        ("世界", [4, 5], [5, 6]),
    ]


def test_thai_keeps_its_spaces_as_words_unless_it_is_lower_cased() -> None:
    pytest.importorskip("pythainlp")

    assert CASED.split("ฉัน แมว", "th") == ["ฉัน", " ", "แมว"]
    assert words_and_places(UNCASED.align("ฉัน แมว", "th")) == [("ฉน", [0, 2], [2, 3]), ("แมว", [4, 5, 6], [5, 6, 7])]


@pytest.mark.parametrize(("lang", "module"), [("ja", "Mykytea"), ("th", "pythainlp.tokenize"), ("zh", "rjieba")])
def test_a_missing_segmenter_is_named(monkeypatch: pytest.MonkeyPatch, lang: str, module: str) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setenv("XLM_KYTEA_MODEL", "a model that nobody has read yet")

    with pytest.raises(MissingDependency, match=rf"pip install 'xlm\[{lang}\]'"):
        CASED.split("x", lang)


@pytest.fixture
def mykytea(monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that stands in for KyTea's: two characters a word."""

    class Mykytea:
        def __init__(self, options: str) -> None:
            self.options = options

        def getWS(self, text: str) -> list[str]:  # noqa: N802 - KyTea's name
            return [self.options, *(text[place : place + 2] for place in range(0, len(text), 2))]

    module = ModuleType("Mykytea")
    module.Mykytea = Mykytea  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "Mykytea", module)


def test_kytea_reads_the_model_that_is_named(mykytea: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given, named = tmp_path / "given.bin", tmp_path / "named.bin"
    given.touch()
    named.touch()
    monkeypatch.setenv("XLM_KYTEA_MODEL", str(named))

    assert KyTea(given)("日本語") == [f"-model {given}", "日本", "語"]
    assert CASED.split("日本。", "ja") == [f"-model {named}", "日本", "."]


def test_a_missing_kytea_model_is_named(mykytea: None, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="XLM_KYTEA_MODEL"):
        KyTea(tmp_path / "none.bin")("日本語")


def halves(text: str) -> list[str]:
    """A segmenter that cuts every text into two."""
    return [text[: len(text) // 2], text[len(text) // 2 :]]


def words_of_two(text: str) -> list[str]:
    """A segmenter that leaves out whitespace."""
    return [word[place : place + 2] for word in text.split() for place in range(0, len(word), 2)]


@pytest.mark.parametrize("lang", ["km", "zh", "en"])
def test_a_plug_in_cuts_the_words_of_its_language(lang: str) -> None:
    splitter = WordSplitter(True, {lang: words_of_two})

    assert splitter.split("ABC De", lang) == ["ab", "c", "de"]
    assert words_and_places(splitter.align("ABC De", lang)) == [
        ("ab", [0, 1], [1, 2]),
        ("c", [2], [3]),
        ("de", [4, 5], [5, 6]),
    ]


def test_a_plug_in_sees_plain_punctuation() -> None:
    assert WordSplitter(False, {"km": halves}).split(" a\0，b？ ", "km") == ["a,", "b?"]


@pytest.mark.parametrize("words", [["b"], ["a", "c"], ["ab", "x"], ["b", "a"]])
@pytest.mark.parametrize("lang", ["km", "zh"])
def test_a_plug_in_that_changes_the_text_has_no_places(words: list[str], lang: str) -> None:
    splitter = WordSplitter(False, {lang: lambda text: words})

    with pytest.raises(InputError, match="A segmenter's words must be its text"):
        splitter.align("ab", lang)


def test_a_plug_in_must_be_a_function() -> None:
    with pytest.raises(InputError, match=r"`segmenters\['km'\]` must be a function.*got str"):
        WordSplitter(False, {"km": "khmer"})  # type: ignore[dict-item]


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda splitter: pickle.loads(pickle.dumps(splitter))])
def test_a_copy_splits_alike_and_carries_no_tables(copied: Callable[[WordSplitter], WordSplitter]) -> None:
    splitter = WordSplitter(True, {"km": words_of_two})
    splitter.split("Don't.", "en")

    assert copied(splitter).split("Don't.", "en") == ["don", "'t", "."]
    assert copied(splitter).split("abc", "km") == ["ab", "c"]
    assert len(pickle.dumps(splitter)) < 1000


def test_threads_may_meet_a_language_at_once() -> None:
    tables.cache_clear()
    moses.cache_clear()
    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(lambda _: UNCASED.split("L'eau, 1,5 km. É", "fr"), range(100)))

    assert results == [["l'", "eau", ",", "1,5", "km", ".", "e"]] * 100


def test_without_sacremoses_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    tables.cache_clear()
    moses.cache_clear()
    monkeypatch.setitem(sys.modules, "sacremoses", None)

    with pytest.raises(MissingDependency, match="pip install sacremoses"):
        CASED.split("x", "en")


HOSTILE: dict[str, Callable[[int], str]] = {
    "a word": lambda size: "abcdefghij" * (size // 10),
    "dots": lambda size: "." * size,
    "dots before a quotation mark": lambda size: "." * size + '"x."y',
    "dots with spaces": lambda size: ".\xa0" * (size // 2),
    "alternating marks": lambda size: "a" + "\u0301\u0323" * (size // 2),
    "alternating spacing marks": lambda size: "a" + "\u302e\U0001d165" * (size // 2),
    "spaces": lambda size: " " * size + "x",
    "no-break spaces": lambda size: "\xa0" * size + "x",
    "a stop and spaces": lambda size: "x." + "\u3000" * size + "x",
    "less-than signs": lambda size: "<" * size,
    "DOT": lambda size: "DOT" * (size // 3),
    "DOTMULTI": lambda size: "DOTMULTI" * (size // 8),
    "initials": lambda size: "a.b. " * (size // 5),
    "a long abbreviation": lambda size: "a." * (size // 2),
    "apostrophes": lambda size: "'" * size,
    "periods and apostrophes": lambda size: ".' " * (size // 3),
    "quotation marks": lambda size: '"' * size,
    "guillemets": lambda size: "\xa0«" * (size // 2),
    "commas": lambda size: "," * size,
    "ideographs": lambda size: "中" * size,
    "controls": lambda size: "\x01\t" * (size // 2),
    "private characters": lambda size: "".join(chr(0xF0000 + place % 0xFFFF) for place in range(size)),
}


def cpu_time(split: Callable[[str, str], object], text: str, lang: str) -> float:
    """The shortest of three runs, in seconds."""
    times = []
    for _ in range(3):
        start = time.process_time()
        split(text, lang)
        times.append(time.process_time() - start)
    return min(times)


@pytest.mark.parametrize("lang", ["de", "en"])
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_time_grows_no_faster_than_the_text(text: Callable[[int], str], lang: str) -> None:
    for split, size in ((UNCASED.split, 20_000), (UNCASED.align, 4_000)):
        short, long = cpu_time(split, text(size // 4), lang), cpu_time(split, text(size), lang)
        assert long < 8 * short + 0.05


@pytest.mark.slow
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hundred_thousand_hostile_characters_take_less_than_a_second(text: Callable[[int], str]) -> None:
    assert cpu_time(UNCASED.split, text(100_000), "de") < 1
