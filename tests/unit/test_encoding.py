"""BatchEncoding: from tokens to characters and words, and back."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

from xlm_core.errors import InputError
from xlm_core.tokenizer import BatchEncoding, Encoding, XLMTokenizer
from xlm_core.tokenizer.batches.row import CharSpan, TokenSpan

TEXT, PAIR = "The flowers,  istanbul", "Two cats"


@pytest.fixture(scope="module")
def encoding(tokenizer: XLMTokenizer) -> BatchEncoding:
    """A pair in the second row, with padding."""
    return tokenizer(["x", TEXT], ["y", PAIR], padding=True)


def test_a_row_has_a_column_for_everything(encoding: BatchEncoding) -> None:
    row = encoding[1]

    assert isinstance(row, Encoding)
    assert row.ids == encoding.input_ids[1]
    assert row.attention_mask == encoding.attention_mask[1]
    assert row.tokens == encoding.tokens(1)
    assert {len(row)} == {len(column) for column in (row.offsets, row.word_ids, row.type_ids, row.special_tokens_mask)}


def test_a_number_of_numpy_is_a_number(encoding: BatchEncoding) -> None:
    assert encoding[np.int64(1)] == encoding[1]


def test_offsets_are_those_of_the_text_as_it_was_given(encoding: BatchEncoding) -> None:
    row = encoding[1]
    spelt = [
        [TEXT, PAIR][text][start:end]
        for (start, end), text in zip(row.offsets, row.sequence_ids, strict=True)
        if text is not None
    ]

    assert "".join(spelt) == (TEXT + PAIR).replace(" ", "")


def test_special_tokens_and_padding_are_of_no_text(encoding: BatchEncoding) -> None:
    assert encoding.sequence_ids(0)[:5] == [None, 0, None, 1, None]
    assert set(encoding.sequence_ids(0)[5:]) == {None} == set(encoding.word_ids(0)[5:])
    assert encoding[0].special_tokens_mask[:5] == [1, 0, 1, 0, 1]
    assert encoding.token_to_sequence(1, 0) is None is encoding.token_to_chars(1, 0)


def test_words_and_tokens_lead_to_each_other(encoding: BatchEncoding) -> None:
    comma = encoding.char_to_word(1, TEXT.index(","))
    assert comma is not None

    span = encoding.word_to_tokens(1, comma)

    assert span is not None
    assert isinstance(span, TokenSpan)
    assert encoding.tokens(1)[slice(*span)] == [",</w>"]
    assert encoding.word_to_chars(1, comma) == CharSpan(TEXT.index(","), TEXT.index(",") + 1)
    assert encoding.token_to_word(1, span.start) == comma


def test_the_second_text_is_looked_up_by_its_number(encoding: BatchEncoding) -> None:
    token = encoding.char_to_token(1, PAIR.index("cats"), 1)
    assert token is not None

    assert encoding.token_to_sequence(1, token) == 1
    assert encoding.token_to_chars(1, token) == CharSpan(4, 8)
    assert encoding.word_to_tokens(1, 1, sequence_index=1) == TokenSpan(token, token + 1)


def test_without_a_row_the_first_is_meant(tokenizer: XLMTokenizer) -> None:
    encoding = tokenizer("the cat")

    assert encoding.char_to_token(4) == 2
    assert encoding.token_to_chars(2) == CharSpan(4, 7)
    assert encoding.word_to_chars(0) == CharSpan(0, 3)
    assert (encoding.word_ids(), encoding.words()) == ([None, 0, 1, None],) * 2


@pytest.mark.parametrize("look_up", ["char_to_token", "char_to_word", "word_to_tokens", "word_to_chars"])
def test_where_there_is_nothing_nothing_is_found(encoding: BatchEncoding, look_up: str) -> None:
    assert getattr(encoding, look_up)(1, 999) is None
    assert getattr(encoding, look_up)(1, 0, 2) is None


def test_a_space_is_of_no_token(encoding: BatchEncoding) -> None:
    assert encoding.char_to_token(1, TEXT.index(" ")) is None


def test_tokens_count_from_the_end_with_negative_numbers(tokenizer: XLMTokenizer) -> None:
    encoding = tokenizer("the cat")

    assert encoding.token_to_chars(0, -2) == CharSpan(4, 7)
    assert encoding[-1].ids == encoding.input_ids


def test_words_that_were_given_are_numbered_and_measured_each(tokenizer: XLMTokenizer) -> None:
    encoding = tokenizer(["three.", "", "cat"], is_split_into_words=True, return_offsets_mapping=True)

    assert encoding.word_ids() == [None, 0, 0, 2, None]
    assert encoding.offset_mapping == [(0, 0), (0, 5), (5, 6), (0, 3), (0, 0)]


def test_offsets_can_be_a_tensor(tokenizer: XLMTokenizer) -> None:
    offsets = tokenizer(["the", "the cat"], padding=True, return_offsets_mapping=True, return_tensors="np")

    assert offsets.offset_mapping.shape == (2, 4, 2)


def test_offsets_asked_for_at_once_are_those_looked_up(tokenizer: XLMTokenizer) -> None:
    arguments: dict[str, Any] = {"padding": "max_length", "max_length": 20, "padding_side": "left"}
    at_once = tokenizer([TEXT], [PAIR], return_offsets_mapping=True, **arguments)

    assert at_once.offset_mapping == [tokenizer([TEXT], [PAIR], **arguments)[0].offsets]


def test_look_ups_of_an_encoding_stay_when_the_tokenizer_changes(tokenizer: XLMTokenizer) -> None:
    changing = copy.deepcopy(tokenizer)
    encoding = changing("the cat")
    changing.add_tokens("the cat")

    assert encoding[0].ids == encoding.input_ids


def test_numbers_of_texts(tokenizer: XLMTokenizer, encoding: BatchEncoding) -> None:
    assert (tokenizer("x").n_sequences, encoding.n_sequences) == (1, 2)
    assert encoding.is_fast
    assert len(encoding.encodings or ()) == 2


def test_slices_are_columns(encoding: BatchEncoding) -> None:
    assert encoding[1:] == {name: column[1:] for name, column in encoding.items()}


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, BatchEncoding.copy])
def test_copies_answer(encoding: BatchEncoding, duplicate: Any) -> None:
    copied = duplicate(encoding)

    assert copied == encoding
    assert copied.char_to_token(1, 0) == 1


def test_a_copy_changes_on_its_own(encoding: BatchEncoding) -> None:
    copied = copy.deepcopy(encoding)
    copied["input_ids"][0][0] = 99
    del copied["attention_mask"]

    assert encoding.input_ids[0][0] == 0
    assert "attention_mask" in encoding


def test_a_pickle_has_the_rows_that_were_looked_at(tokenizer: XLMTokenizer) -> None:
    encoding = tokenizer(["the cat", "x"])
    rows = encoding.encodings
    loaded = pickle.loads(pickle.dumps(encoding))

    assert (loaded, loaded.encodings) == (encoding, rows)


def test_a_pickle_says_that_its_text_is_gone(tokenizer: XLMTokenizer) -> None:
    loaded = pickle.loads(pickle.dumps(tokenizer("the cat")))

    assert (loaded.is_fast, loaded.input_ids) == (True, tokenizer("the cat").input_ids)
    with pytest.raises(InputError, match="look-ups need the text, which a pickled encoding does not carry"):
        loaded.word_ids()


def test_tensors_that_moved_still_answer(tokenizer: XLMTokenizer) -> None:
    pytest.importorskip("torch")
    encoding = tokenizer("the cat", return_tensors="pt").to("meta")

    assert encoding.char_to_token(4) == 2
    assert encoding.input_ids.device.type == "meta"


def test_columns_alone_have_nothing_to_look_up() -> None:
    encoding = BatchEncoding({"input_ids": [0, 1]})

    assert (encoding.is_fast, encoding.encodings, encoding.n_sequences) == (False, None, None)
    with pytest.raises(InputError, match=r"this one was made of \['input_ids'\] alone"):
        encoding.tokens()


def test_rows_can_be_given(encoding: BatchEncoding) -> None:
    made = BatchEncoding({"input_ids": encoding.input_ids[1]}, encoding[1], prepend_batch_axis=True, tensor_type="np")

    assert made.input_ids.shape == (1, len(encoding[1]))
    assert (made.tokens(), made.n_sequences) == (encoding.tokens(1), 2)
