"""Calls whose results are compared with those of transformers' fast tokenizers; standard library only."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

from vocabularies import CHARACTERS, SPECIAL, uncased_merges

SHORT = "cats on mat"
LONG = "the mat <special1> cats  down the street, a man in istanbul 猫x riding flowers"
WORDS = ["cats on", "istanbul", "", "the", "猫x", "street"]
OTHER_WORDS = ["a", "flowers"]
LOOK_UPS = ("token_to_sequence", "token_to_word", "token_to_chars")
SPAN_LOOK_UPS = ("word_to_tokens", "word_to_chars", "char_to_token", "char_to_word")


def closed_ids() -> dict[str, int]:
    """Special tokens, characters, and everything that the merges make: what the Rust library asks of a vocabulary."""
    merges = uncased_merges()
    parts = [part for pair in merges for part in pair]
    made = [left + right for left, right in merges]
    pieces = [*SPECIAL, *CHARACTERS, *(f"{character}</w>" for character in CHARACTERS), *parts, *made]
    return {piece: number for number, piece in enumerate(dict.fromkeys(pieces))}


def calls() -> Iterator[tuple[str, list[Any], dict[str, Any]]]:
    """Name, positional arguments and options of each call; ``truncation_side`` is the tokenizer's."""
    for side, stride, length in product(["right", "left"], [0, 2, 4], [7, 8, 30]):
        options = {"truncation_side": side, "stride": stride, "max_length": length, "return_overflowing_tokens": True}
        yield f"single {side} {stride} {length}", [LONG], {**options, "truncation": True}
        yield f"batch {side} {stride} {length}", [[SHORT, LONG, ""]], {**options, "truncation": True}
    for side, which, stride in product(["right", "left"], ["only_first", "only_second"], [0, 3]):
        options = {"truncation_side": side, "stride": stride, "max_length": 16, "return_overflowing_tokens": True}
        texts = [[LONG, SHORT], [SHORT, ""]] if which == "only_first" else [[SHORT, SHORT], [LONG, SHORT]]
        yield f"pairs {side} {which} {stride}", texts, {**options, "truncation": which}
        yield f"pair {side} {which} {stride}", [texts[0][0], texts[1][0]], {**options, "truncation": which}
    for side, padding in product(["right", "left"], [True, "max_length"]):
        options = {"padding": padding, "padding_side": side, "max_length": 40}
        options = options if padding == "max_length" else {"padding": padding, "padding_side": side}
        yield f"padding {side} {padding}", [[SHORT, LONG]], options
        yield f"padded pairs {side} {padding}", [[SHORT, LONG], ["", SHORT]], options
        yield f"multiple {side} {padding}", [[SHORT, ""]], {**options, "pad_to_multiple_of": 5}
    windows = {"truncation": True, "max_length": 9, "stride": 2, "return_overflowing_tokens": True, "padding": True}
    yield "padded windows", [[LONG, SHORT]], windows
    yield "words", [WORDS], {"is_split_into_words": True}
    yield "pair of words", [WORDS, OTHER_WORDS], {"is_split_into_words": True}
    yield "batch of words", [[WORDS, OTHER_WORDS]], {"is_split_into_words": True, "padding": True}
    yield "windows of words", [WORDS], {**windows, "is_split_into_words": True}
    yield "no special tokens", [LONG], {"add_special_tokens": False}
    yield "no windows without need", [SHORT], {"return_overflowing_tokens": True}
    yield "empty", [""], {}
    yield "spaces", ["  "], {}


def described(encoding: Any) -> dict[str, Any]:
    """Everything that a result says, as JSON has it."""
    rows = [described_row(encoding, number) for number in range(len(encoding.encodings))]
    return {"columns": {name: encoding[name] for name in sorted(encoding)}, "rows": rows}


def described_row(encoding: Any, number: int) -> dict[str, Any]:
    """The columns of a row and what every look-up gives."""
    row = encoding[number]
    size = len(row.ids)
    names = ("ids", "type_ids", "tokens", "offsets", "special_tokens_mask", "attention_mask")
    described = {name: [*getattr(row, name)] for name in names}
    described |= {"word_ids": encoding.word_ids(number), "sequence_ids": encoding.sequence_ids(number)}
    described["overflowing"] = len(row.overflowing)
    for name in LOOK_UPS:
        described[name] = [getattr(encoding, name)(number, token) for token in range(size)]
    for name in SPAN_LOOK_UPS:
        look_up = getattr(row, name)
        texts = range(encoding.n_sequences)
        described[name] = [[_given(look_up, index, text) for index in range(20)] for text in texts]
    return described


def _given(look_up: Any, index: int, text: int) -> Any:
    found = look_up(index, text)
    return list(found) if isinstance(found, tuple) else found
