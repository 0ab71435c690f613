"""Batches that are arrays at once, and single texts with offsets, hold what the slower ways give."""

from __future__ import annotations

from typing import Any

import pytest

from xlm_core.tokenizer import XLMTokenizer

TEXTS = ["The cat", "", "Two flowers, istanbul.", "it 's [MASK] élève, no"]

COLUMNS: dict[str, Any] = {
    "return_token_type_ids": True,
    "return_special_tokens_mask": True,
    "return_attention_mask": True,
    "lang": ["en", "fr", "de", "en"],
}


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize(
    "options",
    [
        {"padding": True},
        {"padding": "max_length", "max_length": 40},
        {"padding": "max_length", "max_length": 5, "truncation": True},
        {"padding": True, "pad_to_multiple_of": 8},
        {"padding": True, "text_pair": TEXTS[::-1], "reset_positions": True},
    ],
)
def test_padded_arrays_hold_what_padded_lists_hold(
    multilingual: XLMTokenizer, options: dict[str, Any], side: str
) -> None:
    lists = multilingual(TEXTS, **COLUMNS, **options, padding_side=side)
    arrays = multilingual(TEXTS, **COLUMNS, **options, padding_side=side, return_tensors="np")

    assert {name: array.tolist() for name, array in arrays.items()} == dict(lists)
    assert {array.dtype.name for array in arrays.values()} == {"int64"}


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("add_special_tokens", [True, False])
def test_a_text_alone_has_the_offsets_and_look_ups_that_it_has_in_a_batch(
    tokenizer: XLMTokenizer, text: str, add_special_tokens: bool
) -> None:
    options: dict[str, Any] = {"add_special_tokens": add_special_tokens, "return_offsets_mapping": True}
    alone, batch = tokenizer(text, **options), tokenizer([text], **options)

    assert {name: [column] for name, column in alone.items()} == dict(batch)
    assert alone.encodings == batch.encodings
