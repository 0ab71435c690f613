"""What must hold of the tokenizer for every text."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vocabularies import TRICKY, WORDS, write_uncased
from xlm_core.tokenizer import XLMTokenizer
from xlm_core.tokenizer.batches.lengths import Truncation
from xlm_core.tokenizer.pieces.bpe import BytePairEncoder, RustModel, is_ordered, merge, symbols_of

PARTS = st.sampled_from([*WORDS, *TRICKY, *" .,'"]) | st.text(max_size=3)
TEXTS = st.lists(PARTS, max_size=8).map("".join)
SPACED = st.lists(PARTS, max_size=8).map(" ".join)
FORMATS = ("transformers-5", "transformers-4", "original")


@pytest.fixture(scope="module", params=FORMATS)
def tokenizer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> XLMTokenizer:
    """A lower-cased tokenizer in each format."""
    folder: Path = write_uncased(tmp_path_factory.mktemp("uncased"))
    return XLMTokenizer.from_pretrained(folder, input_format=request.param)


def merge_plainly(word: str, ranks: dict[tuple[str, str], int]) -> list[str]:
    """The definition: all occurrences of the lowest pair, left to right, again and again."""
    symbols = symbols_of(word)
    while ranked := [pair for pair in pairwise(symbols) if pair in ranks]:
        lowest, merged = min(ranked, key=ranks.__getitem__), []
        while symbols:
            size = 2 if tuple(symbols[:2]) == lowest else 1
            merged.append("".join(symbols[:size]))
            symbols = symbols[size:]
        symbols = merged
    return symbols


@st.composite
def tables(draw: st.DrawFn) -> dict[tuple[str, str], int]:
    """Merges of strings that earlier merges made, in that order or in any."""
    starts = ["a", "b", "é"]
    pairs: dict[tuple[str, str], None] = {}
    for _ in range(draw(st.integers(0, 10))):
        left, right = draw(st.sampled_from(starts)), draw(st.sampled_from(starts))
        pairs[left, right + draw(st.sampled_from(["", "</w>"]))] = None
        starts.append(left + right)
    order = draw(st.permutations(list(pairs)) | st.just(list(pairs)))
    return {pair: rank for rank, pair in enumerate(order)}


@given(ranks=tables(), word=st.text("abéж", min_size=1, max_size=20))
def test_both_encoders_do_what_the_definition_says(ranks: dict[tuple[str, str], int], word: str) -> None:
    expected = merge_plainly(word, ranks)

    assert merge(word, ranks) == expected
    assert list(BytePairEncoder(ranks)(word)) == expected


@given(ranks=tables(), word=st.text("abé", min_size=1, max_size=20))
def test_ordered_tables_go_to_rust(ranks: dict[tuple[str, str], int], word: str) -> None:
    assert isinstance(BytePairEncoder(ranks)._model, RustModel) == is_ordered(ranks)


@given(text=TEXTS)
def test_pieces_are_joined_to_the_words_that_they_were(tokenizer: XLMTokenizer, text: str) -> None:
    """Decoding what was encoded, as pieces, gives words that are encoded to the same pieces."""
    pieces = [token for token in tokenizer.tokenize(text) if token not in tokenizer.all_special_tokens]
    words = tokenizer.convert_tokens_to_string(pieces)

    assert tokenizer.tokenize(words, bypass_tokenizer=True) == pieces


@given(texts=st.lists(SPACED, min_size=1, max_size=4), side=st.sampled_from(["left", "right"]))
def test_padding_hides_behind_the_mask(tokenizer: XLMTokenizer, texts: list[str], side: str) -> None:
    batch = tokenizer(texts, padding=True, padding_side=side)
    rows = zip(batch.input_ids, batch.attention_mask, strict=True)

    assert [[i for i, seen in zip(*row, strict=True) if seen] for row in rows] == tokenizer(texts).input_ids


@given(texts=st.lists(SPACED, max_size=4))
def test_a_batch_is_its_texts(tokenizer: XLMTokenizer, texts: list[str]) -> None:
    assert tokenizer(texts).input_ids == [tokenizer(text).input_ids for text in texts]


@given(text=SPACED, pair=SPACED, length=st.integers(3, 12))
def test_truncation_is_no_longer_than_asked_and_no_shorter_than_needed(
    tokenizer: XLMTokenizer, text: str, pair: str, length: int
) -> None:
    whole = tokenizer(text, pair).input_ids

    assert len(tokenizer(text, pair, truncation=True, max_length=length).input_ids) == min(length, len(whole))


@given(first=st.integers(0, 30), second=st.integers(0, 30), limit=st.integers(0, 60))
def test_longest_first_equals_one_token_at_a_time(first: int, second: int, limit: int) -> None:
    left, right = first, second
    while left + right > limit:
        left, right = (left - 1, right) if left > right else (left, right - 1)

    (window,) = Truncation("longest_first", limit).windows(0, (first, second), 0)

    assert window.lengths == (left, right)


@given(text=TEXTS)
def test_every_id_is_in_the_vocabulary(tokenizer: XLMTokenizer, text: str) -> None:
    assert set(tokenizer(text).input_ids) <= set(tokenizer.get_vocab().values())


@given(text=TEXTS, lang=st.sampled_from(["en", "fr", "de", "ro", "ko", "xx"]))
def test_a_text_has_the_same_ids_twice(tokenizer: XLMTokenizer, text: str, lang: str) -> None:
    """Caches change nothing."""
    assert tokenizer(text, lang=lang) == tokenizer(text, lang=lang)
