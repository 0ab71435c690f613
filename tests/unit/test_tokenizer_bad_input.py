"""Every bad input to the tokenizer that we know of: its clear error, or its documented answer."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vocabularies import uncased_ids, uncased_merges, write_files, write_uncased
from xlm_core.errors import ConfigError, FetchError, InputError, LanguageError, VocabularyError, XLMError, XLMWarning
from xlm_core.tokenizer import XLMTokenizer

LANGUAGES = {"en": 0, "fr": 1}


@pytest.fixture
def tokenizer(folder: Path) -> XLMTokenizer:
    return XLMTokenizer.from_pretrained(folder, lang2id=LANGUAGES, model_max_length=6)


CALLS: dict[str, tuple[dict[str, Any], type[XLMError], str]] = {
    "text is None": ({"text": None}, InputError, "`text` must be a str; got None of type NoneType"),
    "nothing at all": ({}, InputError, "`text` must be a str; got None"),
    "text is bytes": ({"text": b"x"}, InputError, r"got b'x' of type bytes. Decode it first: text.decode\('utf-8'\)"),
    "text is an int": ({"text": 7}, InputError, "got 7 of type int"),
    "text is an array": ({"text": np.array(["x"])}, InputError, r"Make a list of it: text.tolist\(\)"),
    "None in a batch": ({"text": ["x", None]}, InputError, r"`text\[1\]` must be a str; got None"),
    "None in pairs": ({"text": ["x"], "text_pair": [3]}, InputError, r"`text_pair\[0\]` must be a str; got 3"),
    "nested too deep": ({"text": [[["x"]]]}, InputError, r"`text\[0\]` must be a str; got \[\['x'\]\] of type list"),
    "words nested too deep": (
        {"text": [[["x"]]], "is_split_into_words": True},
        InputError,
        r"`text\[0\]` must be a list of words, each a str; got \['x'\] of type list among them",
    ),
    "a number among words": (
        {"text": ["x", 1], "is_split_into_words": True},
        InputError,
        "`text` must be a list of words, each a str; got 1 of type int among them",
    ),
    "a string where words are expected": (
        {"text": "x y", "is_split_into_words": True},
        InputError,
        "must be a list of words, `is_split_into_words=True` says; got 'x y' of type str",
    ),
    "a pair of another batch size": (
        {"text": ["x", "y"], "text_pair": ["x"]},
        InputError,
        "`text_pair` must have 2 entries, one second text for each first; got 1",
    ),
    "a batch and one second text": (
        {"text": ["x"], "text_pair": "y"},
        InputError,
        "`text_pair` must be a batch, as `text` is; got 'y'",
    ),
    "an unknown language": (
        {"text": "x", "lang": "xx"},
        LanguageError,
        r"`lang` must be one of \['en', 'fr'\]; got 'xx'",
    ),
    "a language for each text but one": (
        {"text": ["x", "y"], "lang": ["en"]},
        InputError,
        "`lang` must have 2 entries, one language for each text; got 1",
    ),
    "an unknown padding": ({"text": "x", "padding": "foo"}, InputError, "`padding` must be one of .*; got 'foo'"),
    "an unhashable padding": ({"text": "x", "padding": ["foo"]}, InputError, r"`padding` must be one of .*\['foo'\]"),
    "an unknown padding side": (
        {"text": "x", "padding_side": "middle"},
        InputError,
        r"`padding_side` must be one of \['left', 'right'\]; got 'middle'",
    ),
    "rows of different lengths as a tensor": (
        {"text": ["x", ""], "return_tensors": "np"},
        InputError,
        r"`input_ids` must have rows of one length .* got lengths \[2, 3\]",
    ),
    "a negative length": ({"text": "x", "max_length": -1}, InputError, "`max_length` must be a whole number ≥ 0"),
    "a length that is no number": ({"text": "x", "max_length": "9"}, InputError, "`max_length` .* or None; got '9'"),
    "no room for special tokens": (
        {"text": "x", "truncation": True, "max_length": 1},
        InputError,
        "`max_length` must leave room for 2 special tokens",
    ),
    "a stride without room": (
        {"text": "x y a b c", "truncation": True, "stride": 4, "return_overflowing_tokens": True},
        InputError,
        "`stride` must be smaller than the room for the text, which max_length=6 makes 4; got stride=4",
    ),
}
"""What is wrong → arguments of the call, the class of the error, and what it says."""


@pytest.mark.parametrize("name", CALLS)
def test_a_bad_call_says_what_is_wrong(tokenizer: XLMTokenizer, name: str) -> None:
    arguments, error, message = CALLS[name]

    with pytest.raises(error, match=message):
        tokenizer(**arguments)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", []),
        ("  \n\t", []),
        ("\ud800", []),
        ("c\ud800a\x00t\x07s", ["cats</w>"]),
        ("\u200b\ufeff", []),
    ],
)
def test_a_strange_text_has_a_documented_answer(tokenizer: XLMTokenizer, text: str, tokens: list[str]) -> None:
    """Control characters and lone surrogates vanish; they do not separate words."""
    assert tokenizer.tokenize(text) == tokens
    assert len(tokenizer(text, return_offsets_mapping=True).offset_mapping) == len(tokens) + 2


def test_a_lone_surrogate_that_is_kept_is_unknown(tokenizer: XLMTokenizer) -> None:
    ids = tokenizer("\ud800", bypass_tokenizer=True).input_ids

    assert ids == [0, tokenizer.unk_token_id, 1]


def test_an_empty_batch_has_empty_columns(tokenizer: XLMTokenizer) -> None:
    encoding = tokenizer([], padding=True, return_offsets_mapping=True, return_tensors="np")

    assert {name: column.size for name, column in encoding.items()} == dict.fromkeys(encoding, 0)


def test_no_words_are_an_empty_text(tokenizer: XLMTokenizer) -> None:
    """As in Hugging Face; a batch of texts of words may hold such a text, too."""
    assert tokenizer([], is_split_into_words=True).input_ids == [0, 1]
    assert tokenizer([[], ["x"]], is_split_into_words=True).input_ids[0] == [0, 1]


def test_a_text_longer_than_the_model_takes_is_said_with_both_numbers(tokenizer: XLMTokenizer) -> None:
    with pytest.warns(XLMWarning, match="a text has 7 tokens, and the model takes 6"):
        tokenizer("a b c x y")


def test_an_id_that_no_token_has_is_unknown(tokenizer: XLMTokenizer) -> None:
    assert tokenizer.decode([10**6, -1]) == "<unk> <unk>"


def test_a_missing_segmenter_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rjieba", None)

    with pytest.raises(XLMError, match="pip install"):
        XLMTokenizer.from_pretrained(folder)("你好", lang="zh")


@pytest.mark.parametrize("text", ["a" * 10**5, " " * 10**5, "." * 10**5, "<" * 10**5, "[MASK]" * 10**4, "a " * 10**4])
def test_a_long_text_takes_no_longer_than_it_must(tokenizer: XLMTokenizer, text: str) -> None:
    """The limit is generous, for machines that have other things to do; what grows faster than its text fails it."""
    start = time.process_time()
    tokenizer(text, truncation=True)

    assert time.process_time() - start < 10


def spoil(name: str, content: bytes | str) -> Callable[[Path], None]:
    data = content if isinstance(content, bytes) else content.encode()
    return lambda folder: (folder / name).write_bytes(data) and None


IDS, MERGES = json.dumps(uncased_ids()), "".join(f"{a} {b}\n" for a, b in uncased_merges())

FILES: dict[str, tuple[Callable[[Path], None], type[XLMError], str]] = {
    "vocab.json is not JSON": (spoil("vocab.json", "{"), VocabularyError, "must be JSON"),
    "vocab.json is a list": (spoil("vocab.json", "[]"), VocabularyError, "must be an object of pieces and ids"),
    "vocab.json lacks <unk>": (spoil("vocab.json", '{"a": 0}'), VocabularyError, "must hold the unknown token '<unk>'"),
    "an id twice": (spoil("vocab.json", '{"<unk>": 0, "a": 0}'), VocabularyError, "share 0"),
    "an id that is no number": (spoil("vocab.json", '{"<unk>": "0"}'), VocabularyError, "whole numbers ≥ 0 as ids"),
    "vocab.json in another encoding": (
        spoil("vocab.json", '{"é": 0}'.encode("latin-1")),
        VocabularyError,
        "must be UTF-8",
    ),
    "merges in another encoding": (spoil("merges.txt", "é a".encode("utf-16")), VocabularyError, "must be UTF-8"),
    "a merge of one symbol": (
        spoil("merges.txt", f"{MERGES}ab\n"),
        VocabularyError,
        rf"got 'ab' on line {len(uncased_merges()) + 1}",
    ),
    "no vocab.json": (lambda folder: (folder / "vocab.json").unlink(), FetchError, r"vocab\.json"),
    "no merges.txt": (lambda folder: (folder / "merges.txt").unlink(), FetchError, r"merges\.txt"),
    "settings that are not JSON": (spoil("tokenizer_config.json", "{"), VocabularyError, "must be JSON"),
    "languages that contradict each other": (
        spoil("tokenizer_config.json", '{"lang2id": {"en": 0}, "id2lang": {"0": "en", "1": "fr"}}'),
        ConfigError,
        "must be each other's inverse",
    ),
}
"""What is wrong → what is done to the files, the class of the error, and what it says."""


@pytest.mark.parametrize("name", FILES)
def test_bad_files_say_what_is_wrong(tmp_path: Path, name: str) -> None:
    write_uncased(tmp_path)
    change, error, message = FILES[name]
    change(tmp_path)

    with pytest.raises(error, match=message):
        XLMTokenizer.from_pretrained(tmp_path)


@pytest.mark.parametrize(
    "merges",
    [f"\ufeff{MERGES}", MERGES.replace("\n", "\r\n"), MERGES.rstrip("\n"), f"#version: 0.2\n{MERGES}", f"\n{MERGES}\n"],
    ids=["byte-order mark", "CRLF", "no last newline", "header", "blank lines"],
)
def test_merges_are_the_same_however_they_are_laid_out(tmp_path: Path, folder: Path, merges: str) -> None:
    write_uncased(tmp_path)
    (tmp_path / "merges.txt").write_bytes(merges.encode())

    assert (
        XLMTokenizer.from_pretrained(tmp_path).bpe_ranks.keys() == XLMTokenizer.from_pretrained(folder).bpe_ranks.keys()
    )


def test_a_hole_in_the_ids_is_warned_of(tmp_path: Path) -> None:
    write_files(tmp_path, {**uncased_ids(), "zz": 9999}, uncased_merges())

    with pytest.warns(XLMWarning, match="no piece has id"):
        XLMTokenizer.from_pretrained(tmp_path)


def test_merges_of_another_vocabulary_are_warned_of(tmp_path: Path) -> None:
    pairs = [(first, second) for first in "ABCDEFGHIJK" for second in "ABCDEFGHIJK"]
    write_files(tmp_path, uncased_ids(), pairs)

    with pytest.warns(XLMWarning, match="seems to belong to another vocabulary"):
        XLMTokenizer.from_pretrained(tmp_path)


def test_a_special_token_is_a_string(folder: Path) -> None:
    with pytest.raises(InputError, match="`pad_token` must be a str; got None"):
        XLMTokenizer.from_pretrained(folder, pad_token=None)
