"""`xlm_core.data.batches`: which texts are computed together."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from xlm_core.data.batches import Limits, batches_by_length
from xlm_core.errors import InputError

LENGTHS = [4, 9, 2, 6, 4]


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"batch_size": 2}, [[1, 3], [0, 4], [2]]),
        ({"max_tokens": 12}, [[1], [3, 0], [4, 2]]),
        ({"max_tokens": 1}, [[1], [3], [0], [4], [2]]),
        ({"batch_size": 1, "max_tokens": 100}, [[1], [3], [0], [4], [2]]),
        ({"batch_size": 2, "max_tokens": 12}, [[1], [3, 0], [4, 2]]),
        ({"batch_size": 3, "max_tokens": 18}, [[1, 3], [0, 4, 2]]),
        ({"max_tokens": 1000}, [[1, 3, 0, 4, 2]]),
    ],
    ids=str,
)
def test_batches_are_of_like_lengths_within_both_limits(limits: dict[str, int], expected: list[list[int]]) -> None:
    assert batches_by_length(LENGTHS, **limits) == expected


@pytest.mark.parametrize("max_tokens", [50, 333, 4096])
def test_each_text_is_in_one_batch_that_fits(max_tokens: int) -> None:
    """Only a text that is longer than all of the budget exceeds it, alone."""
    lengths = np.random.default_rng(0).integers(0, 400, 500)

    batches = batches_by_length(lengths, max_tokens=max_tokens)

    assert sorted(number for batch in batches for number in batch) == list(range(500))
    assert all(len(batch) * max(lengths[batch]) <= max_tokens or len(batch) == 1 for batch in batches)
    longest = [int(max(lengths[batch])) for batch in batches]
    assert longest == sorted(longest, reverse=True)


def test_a_budget_wastes_little() -> None:
    """In batches of 32 texts as they come, half of a thousand such texts would be padding."""
    lengths = np.random.default_rng(0).integers(5, 256, 1000)

    batches = batches_by_length(lengths, max_tokens=4096)

    padded = sum(len(batch) * max(lengths[batch]) for batch in batches)
    assert lengths.sum() / padded > 0.95


def test_no_texts_are_no_batches() -> None:
    assert batches_by_length([], max_tokens=12) == []


def test_lengths_may_be_an_array() -> None:
    assert batches_by_length(np.array(LENGTHS, np.int32), max_tokens=12) == batches_by_length(LENGTHS, max_tokens=12)


@pytest.mark.parametrize(
    ("lengths", "limits", "message"),
    [
        (LENGTHS, {}, "`max_tokens` or `batch_size` must be given, or one batch has all texts; got neither. Give"),
        (LENGTHS, {"max_tokens": 0}, "`max_tokens` must be a whole number ≥ 1; got 0."),
        (LENGTHS, {"max_tokens": 8.5}, "`max_tokens` must be a whole number ≥ 1; got 8.5."),
        (LENGTHS, {"batch_size": True}, "`batch_size` must be a whole number ≥ 1; got True."),
        ([4, -1], {"max_tokens": 8}, "`lengths` must be whole numbers ≥ 0, one for each text; got [4, -1]. Count"),
        ([4.0], {"max_tokens": 8}, "`lengths` must be whole numbers ≥ 0, one for each text; got [4.0]. Count"),
        ([[0, 5, 1], [0, 1]], {"max_tokens": 8}, "one for each text; got [[0, 5, 1], [0, 1]]. Count the tokens"),
        (["A man", "Two"], {"max_tokens": 8}, "one for each text; got ['A man', 'Two']. Count the tokens"),
        (7, {"max_tokens": 8}, "one for each text; got 7. Count the tokens"),
    ],
    ids=str,
)
def test_impossible_batches_are_refused(lengths: Any, limits: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        batches_by_length(lengths, **limits)


@pytest.mark.parametrize(
    ("limits", "n_texts", "n_tokens", "filled"),
    [
        (Limits(3), 5, 10**6, False),
        (Limits(3), 6, 1, True),
        (Limits(None, 10), 10**6, 19, False),
        (Limits(None, 10), 1, 20, True),
        (Limits(3, 10), 6, 1, True),
        (Limits(3, 10), 1, 20, True),
    ],
    ids=str,
)
def test_texts_fill_two_batches(limits: Limits, n_texts: int, n_tokens: int, filled: bool) -> None:
    assert limits.are_filled(2, n_texts, n_tokens) is filled
