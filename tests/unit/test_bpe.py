"""Byte-pair encoding merges as Hugging Face's does, by whichever of its two ways."""

from __future__ import annotations

import copy
import pickle
import random
from collections.abc import Callable
from typing import Any

import pytest

from vocabularies import WORDS, uncased_merges
from xlm_core.tokenizer.pieces.bpe import BytePairEncoder, RustModel, is_ordered, merge

RANKS = {pair: rank for rank, pair in enumerate(uncased_merges())}
UNORDERED = {("b", "c"): 0, ("abc", "a"): 1, ("a", "bc"): 2}


@pytest.fixture
def encoder() -> BytePairEncoder:
    return BytePairEncoder(RANKS)


def test_a_known_word_is_one_piece(encoder: BytePairEncoder) -> None:
    assert encoder("flowers") == ("flowers</w>",)


def test_a_word_of_one_character_ends(encoder: BytePairEncoder) -> None:
    assert encoder("x") == ("x</w>",)


def test_characters_that_no_merge_knows_stay_themselves(encoder: BytePairEncoder) -> None:
    assert encoder("flowж😀") == ("flow", "ж", "😀</w>")


def test_occurrences_are_merged_from_the_left_without_overlap() -> None:
    assert merge("aaaab", {("a", "a"): 0}) == ["aa", "aa", "b</w>"]


def test_all_occurrences_of_a_pair_go_first() -> None:
    """Merging one at a time would give `abca`, `bc`."""
    assert merge("abcabcx", UNORDERED) == ["abc", "abc", "x</w>"]


def test_a_table_that_uses_what_is_made_later_is_found_out() -> None:
    assert is_ordered(RANKS)
    assert not is_ordered(UNORDERED)


def test_an_unordered_table_does_without_rust() -> None:
    assert BytePairEncoder(UNORDERED)("abcabcx") == ("abc", "abc", "x</w>")


def test_lone_surrogates_do_without_rust(encoder: BytePairEncoder) -> None:
    assert encoder("flow\ud800") == ("flow", "\ud800</w>")


def test_rust_and_python_agree_on_words_of_the_table_and_others() -> None:
    dice = random.Random(0)
    words = [*WORDS, *("".join(dice.choices("flowersunidj<>/é", k=dice.randint(1, 30))) for _ in range(500))]
    model = RustModel(RANKS, {}, 0)

    assert [model.pieces(word) for word in words] == [merge(word, RANKS) for word in words]


def test_ids_are_those_of_the_pieces() -> None:
    ids = {"flow": 1, "ж": 2, "s</w>": 3, "\ud800</w>": 4, " ": 5}
    encoder = BytePairEncoder(RANKS, ids, unk_id=9)

    assert encoder.ids.table["flowжqs"] == (1, 2, 9, 3)
    assert encoder.ids.table["flow\ud800"] == (1, 4)
    assert encoder.ids_of(["flows", "s"]) == [1, 3, 3]


def test_an_unordered_table_has_the_ids_of_its_pieces() -> None:
    assert BytePairEncoder(UNORDERED, {"abc": 1, "x</w>": 2}).ids.table["abcabcx"] == (1, 1, 2)


@pytest.mark.parametrize("word", ["flowers", "flowжs", "жж", "flow\ud800", "x", "x</w>y"])
@pytest.mark.parametrize("ranks", [RANKS, UNORDERED])
def test_pieces_know_how_much_of_the_word_they_are(ranks: dict[tuple[str, str], int], word: str) -> None:
    encoder = BytePairEncoder(ranks, {"x</w>": 1, "flow": 2})
    *pieces, last = encoder(word)

    assert encoder.sized.table[word] == (encoder.ids.table[word], (*map(len, pieces), len(last) - len("</w>")))
    assert sum(encoder.sized.table[word][1]) == len(word)


def test_a_literal_end_of_word_is_text(encoder: BytePairEncoder) -> None:
    assert encoder("x</w>y") == ("x", "<", "/", "w", ">", "y</w>")


def test_a_space_inside_a_word_cuts_its_piece(encoder: BytePairEncoder) -> None:
    """Segmenters make words of spaces; joined and split as Hugging Face does, one gives an empty piece."""
    assert encoder(" ") == ("", "</w>")
    assert encoder("\n ") == ("\n</w>",)


def test_an_empty_table_gives_characters() -> None:
    assert BytePairEncoder({})("ab") == ("a", "b</w>")


def test_a_long_word_is_not_quadratic() -> None:
    """100,000 characters: seconds if each merge walked the word, a moment if not."""
    word = "".join(random.Random(1).choices("flowersundi", k=100_000))

    assert "".join(merge(word, RANKS)) == f"{word}</w>"


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda encoder: pickle.loads(pickle.dumps(encoder))])
def test_copies_carry_no_memories_and_encode_the_same(
    encoder: BytePairEncoder, duplicate: Callable[[Any], Any]
) -> None:
    expected = encoder("cat")

    double = duplicate(encoder)

    assert double._pieces.table == {}
    assert double("cat") == expected
