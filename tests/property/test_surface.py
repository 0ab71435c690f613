"""What must hold of every call of the tokenizer."""

from __future__ import annotations

from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vocabularies import TRICKY, WORDS, write_uncased
from xlm_core.tokenizer import XLMTokenizer
from xlm_core.tokenizer.batches.lengths import Truncation

PARTS = st.sampled_from([*WORDS, *TRICKY]) | st.text(max_size=3)
TEXTS = st.lists(PARTS, max_size=8).map(" ".join)
SIDES = st.sampled_from(["left", "right"])


@pytest.fixture(scope="module", params=["transformers-5", "transformers-4", "original"])
def tokenizer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> XLMTokenizer:
    folder: Path = write_uncased(tmp_path_factory.mktemp("uncased"))
    return XLMTokenizer.from_pretrained(folder, input_format=request.param)


@given(length=st.integers(1, 60), size=st.integers(1, 30), data=st.data(), side=SIDES)
def test_windows_cover_a_text_and_overlap_by_the_stride(length: int, size: int, data: st.DataObject, side: Any) -> None:
    stride = data.draw(st.integers(0, size - 1))
    windows = Truncation("longest_first", size, side, stride, overflows=True).windows(0, (length, None), 0)
    spans = [window.first for window in windows]
    ordered = spans if side == "right" else [(length - end, length - start) for start, end in spans]

    assert ordered[0][0] == 0
    assert ordered[-1][1] == length
    assert all(before[1] - after[0] == stride for before, after in pairwise(ordered))
    assert all(end - start == size for start, end in ordered[:-1])


@given(texts=st.lists(TEXTS, min_size=1, max_size=3), stride=st.integers(0, 3), side=SIDES)
def test_windows_hold_the_text_and_its_offsets(
    tokenizer: XLMTokenizer, texts: list[str], stride: int, side: str
) -> None:
    options: dict[str, Any] = {"truncation": True, "max_length": 7, "return_overflowing_tokens": True}
    encoding = tokenizer(texts, stride=stride, padding=True, padding_side=side, return_offsets_mapping=True, **options)
    whole = tokenizer(texts, return_offsets_mapping=True)

    for sample in range(len(texts)):
        rows = [row for row, of in enumerate(encoding.overflow_to_sample_mapping) if of == sample]
        pieces = [
            [token for token, text in zip(_tokens(encoding, row), encoding.sequence_ids(row), strict=True) if text == 0]
            for row in rows
        ]
        joined = [token for number, row in enumerate(pieces) for token in row[stride if number else 0 :]]
        assert joined == _tokens(whole, sample)[1:-1]


def _tokens(encoding: Any, row: int) -> list[tuple[int, tuple[int, int]]]:
    return list(zip(encoding.input_ids[row], encoding.offset_mapping[row], strict=True))


@given(text=TEXTS, pair=TEXTS)
def test_rows_are_parallel_and_lead_back(tokenizer: XLMTokenizer, text: str, pair: str) -> None:
    row = tokenizer(text, pair)[0]

    assert {len(column) for column in (row.tokens, row.offsets, row.word_ids, row.sequence_ids, row.type_ids)} == {
        len(row.ids)
    }
    for token, sequence in enumerate(row.sequence_ids):
        word = row.token_to_word(token)
        assert (word is None) == (sequence is None) == (row.token_to_chars(token) is None)
        if word is not None and sequence is not None:
            span = row.word_to_tokens(word, sequence)
            assert span is not None
            assert span.start <= token < span.end


@given(text=TEXTS)
def test_the_first_token_at_a_character_holds_it(tokenizer: XLMTokenizer, text: str) -> None:
    encoding = tokenizer(text)

    for character in range(len(text)):
        token = encoding.char_to_token(character)
        if token is not None:
            span = encoding.token_to_chars(token)
            assert span is not None
            assert span.start <= character < span.end


@given(texts=st.lists(TEXTS, max_size=3), words=st.lists(PARTS, max_size=5))
def test_given_words_are_texts_of_their_own(tokenizer: XLMTokenizer, texts: list[str], words: list[str]) -> None:
    encoding = tokenizer(words, is_split_into_words=True, add_special_tokens=False)
    alone = [tokenizer(word, add_special_tokens=False).input_ids for word in words]

    assert encoding.input_ids == [number for ids in alone for number in ids]
    ends = list(accumulate(map(len, alone)))
    for number, (ids, end) in enumerate(zip(alone, ends, strict=True)):
        assert encoding.word_to_tokens(number) == ((end - len(ids), end) if ids else None)


@given(text=TEXTS, pair=TEXTS | st.none())
def test_decoded_ids_encode_to_themselves(tokenizer: XLMTokenizer, text: str, pair: str | None) -> None:
    """The round trip, as long as no piece is unknown; special tokens are cut out of the text again."""
    ids = tokenizer(text, pair).input_ids
    known = [number for number in ids if number != tokenizer.unk_token_id]
    decoded = tokenizer.decode(ids)

    if known == ids:
        assert tokenizer.encode(decoded, bypass_tokenizer=True, add_special_tokens=False) == ids
    assert "  " not in decoded


@given(text=TEXTS, has_special_tokens=st.booleans(), lang=st.sampled_from([None, "fr", "de"]))
def test_a_text_alone_is_encoded_as_in_a_batch(
    tokenizer: XLMTokenizer, text: str, has_special_tokens: bool, lang: str | None
) -> None:
    """The short way of one text leads where the way of all others does, look-ups included."""
    alone = tokenizer(text, add_special_tokens=has_special_tokens, lang=lang)
    batch = tokenizer([text], add_special_tokens=has_special_tokens, lang=lang)

    assert {name: [row] for name, row in alone.items()} == batch.data
    assert alone[0] == batch[0]
    assert alone.n_sequences == batch.n_sequences
