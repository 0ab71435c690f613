"""The checks themselves, of `xlm_core.inputs` and `head_inputs`; `test_bad_inputs` has them through the models."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from tiny import CONFIG
from xlm_core.errors import InputError
from xlm_core.head_inputs import check_labels, explain_labels
from xlm_core.inputs import Given, check_flag, check_ranges, check_shape, check_shapes, check_values, explain_failure

IDS = Given((4, 7), "int64")


@pytest.mark.parametrize(
    "given",
    [
        {"input_ids": IDS},
        {"input_ids": IDS, "langs": IDS, "token_type_ids": IDS, "attention_mask": IDS},
        {"input_ids": IDS, "position_ids": Given((1, 7), "int32")},
        {"input_ids": IDS, "lengths": Given((4,), "int64")},
        {"input_ids": IDS, "head_mask": Given((3,), "float32")},
        {"input_ids": IDS, "head_mask": Given((2, 3), "float32")},
        {"inputs_embeds": Given((4, 7, 18), "bfloat16")},
    ],
    ids="+".join,
)
def test_inputs_that_fit_pass_and_give_the_number_of_positions(given: dict[str, Given]) -> None:
    assert check_shapes(CONFIG, given) == 7


def test_sizes_that_a_graph_does_not_know_fit_all() -> None:
    open_ids = Given((None, None), "int64")

    assert check_shapes(CONFIG, {"input_ids": open_ids, "langs": IDS, "lengths": Given((None,), "int64")}) is None


def test_sizes_that_a_graph_does_know_are_held_against_each_other() -> None:
    with pytest.raises(InputError, match=re.escape("`langs` must have the shape (any, 7); got (any, 6).")):
        check_shapes(CONFIG, {"input_ids": Given((None, 7), "int64"), "langs": Given((None, 6), "int64")})


def test_given_positions_may_be_fewer_than_the_text_is_long() -> None:
    assert check_shapes(CONFIG, {"input_ids": Given((1, 30), "int64"), "position_ids": Given((1, 30), "int64")}) == 30


@pytest.mark.parametrize("dtype", ["float32", "float64", "bool", "int8", "int16", "uint8", "complex64", "string"])
def test_ids_are_numbers_that_both_frameworks_look_up(dtype: str) -> None:
    with pytest.raises(InputError, match=f"`input_ids` must hold whole numbers, int32 or int64; got {dtype}."):
        check_shapes(CONFIG, {"input_ids": Given((4, 7), dtype)})


def test_a_shape_is_written_as_python_writes_it() -> None:
    with pytest.raises(InputError, match=re.escape("`lengths` must have the shape (4,) or (4, 1); got ().")):
        check_shape("lengths", Given((), "int64"), (4,), (4, 1))


def test_labels_that_fit_pass() -> None:
    check_labels(Given((4, 7), "int32"), (4, None))


@pytest.mark.parametrize("flag", [True, False, None])
def test_a_flag_may_be_left_open(flag: bool | None) -> None:
    check_flag("return_dict", flag)


@pytest.mark.parametrize("flag", ["false", 0, 1.0])
def test_a_flag_is_no_string_and_no_number(flag: Any) -> None:
    with pytest.raises(InputError, match=re.escape(f"`return_dict` must be True, False or None; got {flag!r}.")):
        check_flag("return_dict", flag)


@pytest.mark.parametrize(
    "mask", [np.array([[1, 0]]), np.array([[True, False]]), np.array([[1.0, 0.0]])], ids=lambda mask: str(mask.dtype)
)
def test_a_mask_of_ones_and_zeros_passes_in_any_type(mask: np.ndarray) -> None:
    check_values(CONFIG, {"attention_mask": mask}, 2)


@pytest.mark.parametrize("value", [2, -1, 0.5, float("nan")])
def test_another_mask_is_refused_where_it_is_wrong(value: float) -> None:
    mask = np.array([[1, 1, 0], [1, value, 0]])

    with pytest.raises(
        InputError, match=f"`attention_mask` must be 1 where .*; got {mask[1, 1]} at batch 1, position 1."
    ):
        check_values(CONFIG, {"attention_mask": mask}, 3)


def test_lengths_of_nothing_and_of_all_pass() -> None:
    check_values(CONFIG, {"lengths": np.array([0, 7])}, 7)


def test_values_in_range_pass() -> None:
    check_ranges(
        CONFIG, {"input_ids": np.array([[0, 52]]), "langs": np.array([[0, 4]]), "position_ids": np.array([[0, 16]])}
    )


@pytest.mark.parametrize(
    ("name", "limit", "field"),
    [
        ("input_ids", 53, "vocab_size"),
        ("langs", 5, "n_langs"),
        ("position_ids", 17, "max_position_embeddings"),
        ("token_type_ids", 53, "vocab_size"),
    ],
)
def test_values_out_of_range_are_refused_where_they_are(name: str, limit: int, field: str) -> None:
    with pytest.raises(
        InputError,
        match=re.escape(f"`{name}` must be in [0, {limit}), see `config.{field}`; got {limit} at batch 1, position 0."),
    ):
        check_ranges(CONFIG, {name: np.array([[0, 1], [limit, -1]])})


def test_a_failure_is_explained_by_the_value_that_caused_it() -> None:
    assert str(explain_failure(CONFIG, {"langs": np.array([[5]])})).startswith("`langs` must be in [0, 5)")


def test_a_failure_that_cannot_be_seen_is_explained_by_what_could_be_wrong() -> None:
    assert str(explain_failure(CONFIG, {})).startswith("every id must be in its table, see ['input_ids', 'langs',")


def test_a_label_is_explained_past_those_that_are_ignored() -> None:
    labels = np.array([[-100, 3], [-1, 60]])

    assert (
        str(explain_labels(labels, 53, -100))
        == "`labels` must be in [0, 53), or -100 to be ignored; got -1 at batch 1, position 0."
    )
