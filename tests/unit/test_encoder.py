"""The encoder: where things stood, what it remembers, what it must never mistake."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
import random
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from encoders import ADDED, IDS, UNKNOWN, build, slow_ids
from vocabularies import SENTENCES, TEXTS
from xlm_core.tokenizer.pieces.bpe import CACHED_WORD_LENGTH
from xlm_core.tokenizer.pieces.controls import ControlStrings
from xlm_core.tokenizer.pieces.encoder import Pieces, TextEncoder
from xlm_core.tokenizer.pieces.memory import Memory
from xlm_core.tokenizer.special_tokens import AddedToken
from xlm_core.tokenizer.words.lowercase import lowercase_without_accents

STARTS = ["spawn"] if sys.platform == "win32" else ["fork", "spawn"]


@pytest.fixture
def encoder() -> TextEncoder:
    return build()


def words(text: str) -> list[int]:
    """The ids of pieces that are whole words."""
    return [IDS[f"{word}</w>"] for word in text.split()]


def slices(text: str, pieces: Pieces) -> list[str]:
    """What the pieces were made from."""
    return [text[start:end] for start, end in pieces.offsets]


def test_a_text_becomes_the_ids_of_its_pieces(encoder: TextEncoder) -> None:
    assert encoder.ids("The cat sat.", "en") == words("the cat sat .")


def test_pieces_that_the_vocabulary_lacks_are_unknown_ids_and_known_tokens(encoder: TextEncoder) -> None:
    assert encoder.ids("cat 中", "en") == [*words("cat"), UNKNOWN]
    assert encoder.tokens("cat 中", "en") == ["cat</w>", "中</w>"]


def test_words_that_are_ready_are_taken_as_they_are(encoder: TextEncoder) -> None:
    assert encoder.ids_of_words("cat.\tmat") == [IDS["cat"], IDS[".</w>"], *words("mat")]
    assert encoder.pieces_of_words(" cat.\tmat") == Pieces(
        encoder.ids_of_words("cat. mat"), [(1, 4), (4, 5), (6, 9)], sizes=[2, 1]
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The  cat sat.", ["The", "cat", "sat", "."]),
        ("  cats  ", ["cats"]),
        ("a cat… the MAT", ["a", "cat", "…", "…", "…", "the", "MAT"]),
        ("don't", ["don", "'", "t"]),
        ("the [MASK] sat", ["the", "[MASK]", "sat"]),
        ("the<special1>cat", ["the", "<special1>", "cat"]),
        ("cát", ["cát"]),
        ("the ca\u0301t", ["the", "c", "a", "t"]),
        ("``cat''", ["``", "cat", "''"]),
        ("cat''''''", ["cat", "''", "''", "''"]),
        ("''" * 10 + "the'''", [*["''"] * 10, "the", "''", "'"]),
        ("मि", ["म", "ि"]),
        ("the cat\u200b\u200bs sat", ["the", "cat\u200b\u200bs", "sat"]),
        ("", []),
        (" \u200b ", []),
    ],
)
def test_pieces_know_where_they_stood(encoder: TextEncoder, text: str, expected: list[str]) -> None:
    pieces = encoder.pieces(text, "en")

    assert slices(text, pieces) == expected
    assert pieces.ids == encoder.ids(text, "en")


def test_words_are_numbered_and_a_control_string_is_one(encoder: TextEncoder) -> None:
    assert encoder.pieces("don't [MASK], [MASK] cats", "en").words == [0, 1, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("İ cat İ", ["İ", "cat", "İ"]),
        ("İ[MASK]İİ cat", ["İ", "[MASK]", "İ", "İ", "cat"]),
        ("<S> İ mat", ["<S>", "İ", "mat"]),
        ("[MASK]İ. The <special1> cat", ["[MASK]", "İ", ".", "The", "<special1>", "cat"]),
    ],
)
def test_lower_casing_first_moves_nothing(text: str, expected: list[str]) -> None:
    """İ becomes two characters, the second of which vanishes later; <S> becomes a control string."""
    assert slices(text, build(lowercase_first=True).pieces(text, "en")) == expected


@pytest.mark.parametrize(
    ("token", "text", "expected"),
    [
        (AddedToken("<t>", lstrip=True), "cat  <t> mat", ["cat", "<t>", "mat"]),
        (AddedToken("<t>", rstrip=True), "cat<t>  mat", ["cat", "<t>", "mat"]),
        (AddedToken("<t>", single_word=True), "cat <t> mat", ["cat", "<t>", "mat"]),
        (AddedToken("<t>", single_word=True), "cat<t> mat", ["cat", "<", "t", ">", "mat"]),
        (AddedToken("<t>", single_word=True), "cat <t>mat", ["cat", "<", "t", ">", "mat"]),
        (AddedToken("<t>", single_word=True, lstrip=True), "cat\t<t> mat", ["cat", "<", "t", ">", "mat"]),
    ],
)
def test_control_strings_that_strip_or_stand_alone_keep_their_places(
    token: AddedToken, text: str, expected: list[str]
) -> None:
    encoder = build(controls=ControlStrings([*ADDED, token], {}), ids={**IDS, "<t>": 999})

    assert slices(text, encoder.pieces(text, "en")) == expected


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("x ' ' y", "en"),
        ("x `  ' y", "fr"),
        ("x ' '. y", "en"),
        ('x foo." ..y', "de"),
        ('x." .." y', "es"),
        ("a \u200b,5", "en"),
        ("\u200b ,5", "en"),
        ("' \u200b '", "en"),
        ("5, \u200b", "en"),
        ("end.' \u200b", "en"),
        ('x." ', "de"),
        ("x \x02,5 y", "en"),
        ("x .'\x03 y", "en"),
        ("cat\x04mat", "en"),
        ("Mr. \u200b cat", "en"),
        ("cat. \u200b mat", "en"),
        ("cat. \u0301 mat", "en"),
        ("No. 5 No. x", "en"),
        ("No. ５", "en"),
        ("cat. 'tis", "en"),
        ("cat. . the", "en"),
        ("DOTMULTI. x", "en"),
        (",5 ,5", "en"),
        ("²,5 5,² x,,5", "en"),
        ("x。 Y. 。", "ko"),
        ("cat。 mat． mat", "en"),
        ("Ț. Ă. x", "ro"),
    ],
)
def test_chunks_mean_what_the_whole_text_means(encoder: TextEncoder, text: str, lang: str) -> None:
    """Each of these would go wrong if texts were cut at all spaces, or what follows a period did not count."""
    assert encoder.ids(text, lang) == slow_ids(text, lang)
    assert encoder.pieces(text, lang).ids == slow_ids(text, lang)


def test_a_period_is_decided_by_the_next_word_each_time(encoder: TextEncoder) -> None:
    """What becomes of `cat.` is remembered with its alternatives."""
    glued, alone = [IDS["cat"], IDS[".</w>"]], words("cat .")

    assert encoder.ids("cat. on", "en")[:2] == glued
    assert encoder.ids("cat. On", "en")[:2] == alone
    assert encoder.ids("cat. 5", "en")[:2] == alone
    assert encoder.ids("cat. on", "en")[:2] == glued


def test_memories_are_bounded() -> None:
    encoder = build(cache_size=5)
    for text in TEXTS:
        encoder.ids(text, "en")
        encoder.pieces(text, "en")

    language = encoder._languages["en"]
    memories = [encoder._bpe.ids, encoder._bpe.sized, language._ids, language._spans, language._periods._kinds]
    assert all(0 < len(memory.table) <= 5 for memory in memories)


def test_no_more_languages_are_remembered_than_there_are(encoder: TextEncoder) -> None:
    for number in range(200):
        encoder.ids("cat", f"x{number}")

    assert len(encoder._languages) <= 64


def test_a_full_memory_is_left_to_those_who_are_reading_it() -> None:
    memory = Memory(str.upper, size=2, longest=3)
    table = memory.table
    answers = [table[question] for question in ("a", "b", "c", "a")]

    assert answers == ["A", "B", "C", "A"]
    assert dict(table) == {"a": "A", "b": "B"}
    assert dict(memory.table) == {"c": "C"}


def test_what_is_long_is_not_remembered() -> None:
    memory = Memory(str.upper, size=2, longest=3)

    assert memory.table["long"] == "LONG"
    assert memory.table == {}


def test_nothing_is_remembered_if_the_size_is_0() -> None:
    encoder = build(cache_size=0)
    encoder.ids("The cat sat.", "en")

    assert encoder._bpe.ids.table == encoder._languages["en"]._ids.table == {}
    assert encoder.ids("The cat sat.", "en") == words("the cat sat .")


def test_long_words_are_not_remembered(encoder: TextEncoder) -> None:
    encoder.ids("x" * (CACHED_WORD_LENGTH + 1), "en")

    assert encoder._bpe.ids.table == {}


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda encoder: pickle.loads(pickle.dumps(encoder))])
def test_copies_start_without_memories(encoder: TextEncoder, duplicate: Callable[[Any], Any]) -> None:
    expected = encoder.ids("The cat sat.", "en")

    double = duplicate(encoder)

    assert double._languages == double._bpe.ids.table == {}
    assert "_model" not in vars(double._bpe)
    assert double.ids("The cat sat.", "en") == expected


@pytest.mark.parametrize("cache_size", [5, 500])
def test_threads_may_share_an_encoder(cache_size: int) -> None:
    encoder = build(cache_size=cache_size)
    expected = [slow_ids(text, "en") for text in TEXTS]

    def run(seed: int) -> bool:
        order = random.Random(seed).sample(range(len(TEXTS)), len(TEXTS)) * 3
        return all(
            encoder.ids(TEXTS[number], "en") == expected[number] == encoder.pieces(TEXTS[number], "en").ids
            for number in order
        )

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(run, range(6)))


@pytest.mark.parametrize("start", STARTS)
def test_a_used_encoder_works_in_other_processes(encoder: TextEncoder, start: str) -> None:
    expected = [encoder.ids(text, "en") for text in SENTENCES]

    with ProcessPoolExecutor(2, multiprocessing.get_context(start)) as pool:
        assert list(pool.map(partial(encoder.ids, lang="en"), SENTENCES)) == expected


def test_no_letter_or_number_vanishes_in_lower_case() -> None:
    """On this rests that as many characters stand for one another."""
    characters = filter(str.isalnum, map(chr, range(sys.maxunicode + 1)))

    assert not [character for character in characters if not lowercase_without_accents(character)]


HOSTILE = {
    "one word": "".join(random.Random(0).choices("flowersundiжé", k=1_000_000)),
    "one letter": "a" * 1_000_000,
    "dots": "." * 1_000_000,
    "spaces": " " * 1_000_000,
    "marks": "\u0301\u0323" * 50_000,
    "control strings that are none": "<" * 100_000,
    "beginnings of control strings": "<s" * 100_000,
    "apostrophes": "'" * 1_000_000,
    "apostrophes apart": "' " * 100_000,
    "brackets": "(" * 1_000_000,
    "commas": "," * 1_000_000,
    "quotation marks": '"' * 1_000_000,
    "hidden dots": "DOT" * 50_000,
    "initials": "a.b. " * 50_000,
    "sentences": "foo. " * 50_000,
    "quotations": '" . ' * 100_000,
    "ideographs": "中" * 100_000,
    "full stops": "。 " * 100_000,
    "no-break spaces": "\xa0" * 1_000_000,
    "unprintable characters": "\u200b " * 100_000,
    "lone surrogates": "\ud800" * 100_000,
    "different words": " ".join(f"{number:x}." for number in range(30_000)),
}


@pytest.mark.slow
@pytest.mark.parametrize("method", ["ids", "pieces"])
@pytest.mark.parametrize("lang", ["en", "de"])
@pytest.mark.parametrize("name", HOSTILE)
def test_no_text_takes_long(name: str, lang: str, method: str) -> None:
    """Mostly far less than a second, for any format; the limit leaves room for a slow machine."""
    encoder = build(lowercase_first=True, cache_size=200_000)
    encode = getattr(encoder, method)
    encode("x.", lang)

    start = time.process_time()
    encode(HOSTILE[name], lang)

    assert time.process_time() - start < 10


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_no_ready_words_take_long(encoder: TextEncoder, name: str) -> None:
    start = time.process_time()
    encoder.ids_of_words(HOSTILE[name])

    assert time.process_time() - start < 10
