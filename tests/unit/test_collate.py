"""`xlm_core.data.collate`: texts of any length in one batch, every value checked."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from tiny import CONFIG
from xlm_core.data.collate import collate
from xlm_core.errors import InputError

SHORT = {"input_ids": [0, 7, 1], "langs": [1, 1, 1]}
LONG = {"input_ids": [0, 7, 8, 9, 1], "langs": [3, 3, 3, 3, 3]}


def test_texts_are_padded_to_the_longest() -> None:
    batch = collate([SHORT, LONG], CONFIG)

    assert batch["input_ids"].tolist() == [[0, 7, 1, 2, 2], [0, 7, 8, 9, 1]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]]
    assert batch["langs"].tolist() == [[1, 1, 1, 1, 1], [3, 3, 3, 3, 3]]


def test_padding_may_stand_in_front() -> None:
    batch = collate([SHORT, LONG], CONFIG, padding_side="left")

    assert batch["input_ids"][0].tolist() == [2, 2, 0, 7, 1]
    assert batch["attention_mask"][0].tolist() == [0, 0, 1, 1, 1]


def test_a_batch_is_of_64_bit_numbers() -> None:
    assert {array.dtype for array in collate([SHORT, LONG], CONFIG).values()} == {np.dtype("int64")}


def test_a_length_may_be_rounded_up() -> None:
    assert collate([SHORT, LONG], CONFIG, pad_to_multiple_of=4)["input_ids"].shape == (2, 8)


def test_padding_is_no_label_and_has_position_0() -> None:
    texts = [
        {"input_ids": [0, 1], "labels": [5, 6], "position_ids": [3, 4]},
        {"input_ids": [0], "labels": [5], "position_ids": [3]},
    ]

    batch = collate(texts, CONFIG)

    assert (batch["labels"][1].tolist(), batch["position_ids"][1].tolist()) == ([5, -100], [3, 0])


def test_a_mask_that_is_given_is_kept() -> None:
    text = {"input_ids": [2, 2, 7], "attention_mask": [0, 0, 1]}

    assert collate([text], CONFIG)["attention_mask"].tolist() == [[0, 0, 1]]


def test_what_no_model_takes_is_left_out() -> None:
    assert set(collate([SHORT | {"special_tokens_mask": [1, 0, 1]}], CONFIG)) == {
        "input_ids",
        "attention_mask",
        "langs",
    }


def test_what_was_given_is_not_written_to() -> None:
    text = {"input_ids": [0, 7, 1]}
    collate([text, {"input_ids": [0, 7, 8, 1]}], CONFIG)

    assert text == {"input_ids": [0, 7, 1]}


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ([], "`encodings` must hold at least one text; got none."),
        ([{"langs": [0]}], "a text must have `input_ids`; got ['langs']."),
        (
            [SHORT, {"input_ids": [0, 1]}],
            "every text must have the same inputs; the first has ['input_ids', 'langs'], text 1 has",
        ),
        (
            [{"input_ids": [0, 7], "langs": [1]}],
            "the inputs of a text must be equally long; got {'input_ids': 2, 'langs': 1}.",
        ),
        ([{"input_ids": [2, 7]}], "a text with padding in front of tokens must have an `attention_mask`"),
        (
            [{"input_ids": [0, 53]}],
            "`input_ids` must be in [0, 53), see `config.vocab_size`; got 53 at batch 0, position 1.",
        ),
        (
            [{"input_ids": [0, -1]}],
            "`input_ids` must be in [0, 53), see `config.vocab_size`; got -1 at batch 0, position 1.",
        ),
        (
            [{"input_ids": [0], "langs": [5]}],
            "`langs` must be in [0, 5), see `config.n_langs`; got 5 at batch 0, position 0.",
        ),
        ([{"input_ids": [0], "token_type_ids": [53]}], "`token_type_ids` must be in [0, 53), see `config.vocab_size`"),
        (
            [{"input_ids": [0], "position_ids": [17]}],
            "`position_ids` must be in [0, 17), see `config.max_position_embeddings`",
        ),
        (
            [{"input_ids": [0], "attention_mask": [2]}],
            "`attention_mask` must be 1 where a token is and 0 where padding is; got 2",
        ),
        ([{"input_ids": [7] * 18}], "a text must have at most `max_position_embeddings` = 17 tokens; got 18."),
        ([{"input_ids": [0.5]}], "`input_ids` must hold whole numbers; got 0.5."),
        ([{"input_ids": ["a"]}], "`input_ids` must hold whole numbers; got 'a'."),
        ([{"input_ids": [7, None]}], "`input_ids` must hold whole numbers; got None."),
        ([{"input_ids": [7], "attention_mask": [0.5]}], "`attention_mask` must hold whole numbers; got 0.5."),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_a_text_that_cannot_be_computed_with_is_refused(texts: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        collate(texts, CONFIG)


def test_languages_for_a_model_without_are_refused() -> None:
    with pytest.raises(
        InputError, match=r"`langs` must be 0 or left out for a model without language embeddings; got 1"
    ):
        collate([SHORT], CONFIG.replace(use_lang_emb=False))


def test_languages_that_are_all_0_pass_for_a_model_without() -> None:
    text = {"input_ids": [0, 1], "langs": [0, 0]}

    assert collate([text], CONFIG.replace(n_langs=1))["langs"].tolist() == [[0, 0]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"padding_side": "middle"}, "`padding_side` must be one of ['left', 'right']; got 'middle'."),
        ({"pad_to_multiple_of": 0}, "`pad_to_multiple_of` must be at least 1; got 0."),
    ],
    ids=str,
)
def test_an_impossible_option_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        collate([SHORT], CONFIG, **options)
