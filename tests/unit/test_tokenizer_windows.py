"""Texts that are longer than a row: windows over them, and what is said of them."""

from __future__ import annotations

import warnings
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from xlm_core.errors import InputError, XLMWarning
from xlm_core.tokenizer import XLMTokenizer

LETTERS = "a b c x y a b"


def texts(tokenizer: XLMTokenizer, rows: list[list[int]]) -> list[str]:
    """The rows without special tokens."""
    return tokenizer.batch_decode(rows, skip_special_tokens=True)


def windows(tokenizer: XLMTokenizer, *text: Any, **options: Any) -> Any:
    return tokenizer(*text, truncation=options.pop("truncation", True), return_overflowing_tokens=True, **options)


def test_windows_hold_all_of_a_text(tokenizer: XLMTokenizer) -> None:
    encoding = windows(tokenizer, LETTERS, max_length=5)

    assert texts(tokenizer, encoding.input_ids) == ["a b c", "x y a", "b"]
    assert encoding.overflow_to_sample_mapping == [0, 0, 0]


def test_windows_overlap_by_the_stride(tokenizer: XLMTokenizer) -> None:
    encoding = windows(tokenizer, LETTERS, max_length=5, stride=1)

    assert texts(tokenizer, encoding.input_ids) == ["a b c", "c x y", "y a b"]


def test_windows_begin_where_the_text_is_kept(folder: Path) -> None:
    tokenizer = XLMTokenizer.from_pretrained(folder, truncation_side="left")

    encoding = windows(tokenizer, LETTERS, max_length=5, stride=1)

    assert texts(tokenizer, encoding.input_ids) == ["y a b", "c x y", "a b c"]


def test_windows_over_one_text_of_a_pair_repeat_the_other(tokenizer: XLMTokenizer) -> None:
    encoding = windows(tokenizer, "a b", LETTERS, truncation="only_second", max_length=8)

    assert texts(tokenizer, encoding.input_ids) == ["a b a b c", "a b x y a", "a b b"]


def test_windows_know_their_text(tokenizer: XLMTokenizer) -> None:
    encoding = windows(tokenizer, ["x", LETTERS, "y"], max_length=6, padding=True, return_tensors="np")

    assert encoding.overflow_to_sample_mapping.tolist() == [0, 1, 1, 2]
    assert encoding.input_ids.shape == (4, 6)


def test_a_text_that_fits_has_one_window(tokenizer: XLMTokenizer) -> None:
    encoding = windows(tokenizer, "a b", max_length=5)

    assert (encoding.input_ids, encoding.overflow_to_sample_mapping) == ([tokenizer("a b").input_ids], [0])


def test_windows_have_the_offsets_of_their_text(tokenizer: XLMTokenizer) -> None:
    offsets = windows(tokenizer, LETTERS, max_length=5, return_offsets_mapping=True).offset_mapping

    spans = [LETTERS[start:end] for start, end in chain.from_iterable(offsets) if end]
    assert spans == LETTERS.split()


def test_languages_follow_into_windows(multilingual: XLMTokenizer) -> None:
    encoding = windows(multilingual, "a b", LETTERS, truncation="only_second", max_length=8, lang=("en", "de"))

    assert encoding.langs[-1] == [0, 0, 0, 0, 2, 2]


def test_the_first_row_of_a_text_lists_its_further_ones(tokenizer: XLMTokenizer) -> None:
    rows = windows(tokenizer, [LETTERS, "x"], max_length=6).encodings

    assert [len(row.overflowing) for row in rows] == [1, 0, 0]
    assert rows[0].overflowing == [rows[1]]


def test_a_pair_must_say_which_text_has_windows(tokenizer: XLMTokenizer) -> None:
    with pytest.raises(InputError, match="needs truncation='only_first' or 'only_second'"):
        windows(tokenizer, "a", "b", max_length=9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"stride": 3}, "`stride` must be smaller than the room .*, which max_length=5 makes 3; got stride=3"),
        ({"stride": -1}, "`stride` must be a whole number ≥ 0; got -1"),
        ({"stride": 1.5}, "`stride` must be a whole number ≥ 0; got 1.5"),
        ({"max_length": 2}, "`stride` must be smaller than the room for the text, which max_length=2 makes 0"),
        ({"max_length": 1}, "`max_length` must leave room for 2 special tokens"),
    ],
)
def test_windows_that_lead_nowhere_are_refused(
    tokenizer: XLMTokenizer, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        windows(tokenizer, LETTERS, **{"max_length": 5, **arguments})


def test_a_stride_without_windows_is_refused(tokenizer: XLMTokenizer) -> None:
    with pytest.raises(InputError, match="`stride` needs `return_overflowing_tokens=True`"):
        tokenizer(LETTERS, truncation=True, max_length=5, stride=1)


def test_a_text_too_long_for_the_model_is_said_once(folder: Path) -> None:
    tokenizer = XLMTokenizer.from_pretrained(folder, model_max_length=5)

    with pytest.warns(XLMWarning, match="a text has 9 tokens, and the model takes 5"):
        tokenizer(["a", LETTERS])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tokenizer(LETTERS)


@pytest.mark.parametrize("arguments", [{"verbose": False}, {"truncation": True}])
def test_nothing_is_said_where_it_is_not_wanted(folder: Path, arguments: dict[str, Any]) -> None:
    tokenizer = XLMTokenizer.from_pretrained(folder, model_max_length=5)

    assert tokenizer(LETTERS, **arguments).input_ids[0] == 0


def test_truncating_ids_gives_what_was_taken_away(tokenizer: XLMTokenizer) -> None:
    """Numbers of transformers 4.57."""
    ids, pair = [1, 2, 3, 4, 5], [6, 7]

    assert tokenizer.truncate_sequences(ids, pair, 2, stride=1) == ([1, 2, 3], [6, 7], [])
    assert tokenizer.truncate_sequences(ids, None, 2, stride=1) == ([1, 2, 3], None, [3, 4, 5])
    assert tokenizer.truncate_sequences(ids, pair, 2, "only_first", 1) == ([1, 2, 3], [6, 7], [3, 4, 5])
    assert tokenizer.truncate_sequences(ids, pair, 1, "only_second", 1) == (ids, [6], [6, 7])
    assert tokenizer.truncate_sequences(ids, pair) == (ids, pair, [])


def test_truncating_ids_from_the_left(folder: Path) -> None:
    tokenizer = XLMTokenizer.from_pretrained(folder, truncation_side="left")

    assert tokenizer.truncate_sequences([1, 2, 3, 4, 5], None, 2, stride=1) == ([3, 4, 5], None, [1, 2, 3])


def test_no_more_can_be_taken_away_than_there_is(tokenizer: XLMTokenizer) -> None:
    """Hugging Face logs this, and takes nothing."""
    with pytest.raises(InputError, match="the first text would lose 3 of its 2 tokens"):
        tokenizer.truncate_sequences([1, 2], None, 3)
