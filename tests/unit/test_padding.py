"""Rows of unequal length are made equal, each column with what is neutral in it."""

from __future__ import annotations

import pytest

from xlm_core.data.padding import check_side, pad_columns, pad_row, padded_length
from xlm_core.errors import InputError

COLUMNS = {
    "attention_mask": [[1, 1], [1]],
    "input_ids": [[0, 7], [0]],
    "langs": [[3, 4], [3]],
    "special_tokens_mask": [[1, 0], [1]],
    "token_type_ids": [[1, 1], [1]],
}


def test_each_column_is_filled_with_its_own_value() -> None:
    assert pad_columns(COLUMNS, 3, pad_id=2) == {
        "attention_mask": [[1, 1, 0], [1, 0, 0]],
        "input_ids": [[0, 7, 2], [0, 2, 2]],
        "langs": [[3, 4, 4], [3, 3, 3]],
        "special_tokens_mask": [[1, 0, 1], [1, 1, 1]],
        "token_type_ids": [[1, 1, 0], [1, 0, 0]],
    }


def test_padding_goes_to_the_side_asked_for() -> None:
    assert pad_columns({"input_ids": [[0, 7]]}, 4, pad_id=2, side="left") == {"input_ids": [[2, 2, 0, 7]]}


def test_an_empty_row_has_language_0() -> None:
    assert pad_columns({"langs": [[]]}, 2, pad_id=2) == {"langs": [[0, 0]]}


def test_a_long_row_is_copied_as_it_is() -> None:
    row = [1, 2, 3]

    assert pad_row(row, 2, fill=0) == row
    assert pad_row(row, 2, fill=0) is not row


def test_an_unknown_column_is_refused() -> None:
    with pytest.raises(InputError, match=r"only .* can be padded; got `lengths`"):
        pad_columns({"lengths": [[1]]}, 2, pad_id=2)


@pytest.mark.parametrize(
    ("lengths", "minimum", "multiple_of", "expected"),
    [([3, 5], 0, None, 5), ([3, 5], 7, None, 7), ([3, 5], 0, 4, 8), ([3, 4], 0, 4, 4), ([], 0, 8, 0), ([], 3, 2, 4)],
)
def test_the_length_holds_every_row(lengths: list[int], minimum: int, multiple_of: int | None, expected: int) -> None:
    assert padded_length(lengths, minimum, multiple_of) == expected


def test_a_multiple_must_be_positive() -> None:
    with pytest.raises(InputError, match="`pad_to_multiple_of` must be at least 1; got 0"):
        padded_length([1], multiple_of=0)


def test_an_unknown_side_is_refused_by_name() -> None:
    with pytest.raises(InputError, match=r"`padding_side` must be one of \['left', 'right'\]; got 'middle'"):
        check_side("middle", "padding_side")
