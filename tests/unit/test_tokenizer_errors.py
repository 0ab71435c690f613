"""XLMTokenizer says what was expected, what came, and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from vocabularies import write_uncased
from xlm_core.errors import ConfigError, FetchError, InputError, LanguageError, VocabularyError
from xlm_core.tokenizer import XLMTokenizer


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "`text` must be a str; got None of type NoneType"),
        (b"cat", r"got b'cat' of type bytes. Decode it first: text.decode\('utf-8'\)"),
        (7, "got 7 of type int"),
        (["cat", None], "got None of type NoneType"),
        ([["a", "b", "c"]], "Words need `is_split_into_words=True`"),
    ],
)
def test_what_is_no_text_is_refused(tokenizer: XLMTokenizer, text: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        tokenizer(text)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"padding": "foo"}, "`padding` must be one of .*'do_not_pad'.*; got 'foo'"),
        ({"truncation": "foo"}, "`truncation` must be one of .*'only_first'.*; got 'foo'"),
        ({"padding_side": "middle"}, r"`padding_side` must be one of \['left', 'right'\]; got 'middle'"),
        ({"truncation": True, "max_length": -1}, "`max_length` must be a whole number ≥ 0 or None; got -1"),
        ({"truncation": True, "max_length": 1}, "`max_length` must leave room for 2 special tokens"),
        ({"truncation": False, "max_length": 9}, "`max_length` needs `truncation=True` or `padding='max_length'`"),
        ({"truncation": "only_second", "max_length": 1}, "`truncation='only_second'` needs a second text"),
        ({"padding": "max_length"}, "`padding='max_length'` needs `max_length`"),
        ({"padding": True, "pad_to_multiple_of": 0}, "`pad_to_multiple_of` must be at least 1; got 0"),
        (
            {"padding": True, "truncation": True, "max_length": 5, "pad_to_multiple_of": 2},
            "must be a multiple of `pad_to_multiple_of` .*; got 5 and 2",
        ),
        ({"return_tensors": "jax"}, r"`return_tensors` must be one of \['np', 'pt', 'tf'\] or None; got 'jax'"),
        ({"is_split_into_words": True}, "must be a list of words, `is_split_into_words=True` says; got 'cat'"),
        ({"return_langs": True}, "`return_langs=True` needs a tokenizer with `lang2id`"),
        ({"lang": ["en"]}, "`lang` must be one code for one text"),
        ({"lang": ("en", "fr")}, "which is for a pair"),
        ({"lang": 3}, "`lang` must be a language code or a tuple of two; got 3"),
    ],
)
def test_arguments_that_cannot_be_followed_are_refused(
    tokenizer: XLMTokenizer, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        tokenizer("cat", **arguments)


def test_an_unknown_argument_is_a_type_error(tokenizer: XLMTokenizer) -> None:
    with pytest.raises(TypeError, match="strid"):
        tokenizer("cat", strid=2)  # type: ignore[call-arg]


def test_a_text_too_short_for_its_strategy_is_refused(tokenizer: XLMTokenizer) -> None:
    """Hugging Face logs this and returns it untruncated."""
    with pytest.raises(InputError, match="the first text would lose 4 of its 1 tokens"):
        tokenizer("a", "a b c x y", truncation="only_first", max_length=5)


def test_rows_of_different_lengths_are_no_tensor(tokenizer: XLMTokenizer) -> None:
    with pytest.raises(InputError, match=r"`input_ids` must have rows of one length .* got lengths \[2, 3\]"):
        tokenizer(["cat", ""], return_tensors="np")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"text_pair": ["x"]}, "`text_pair` must have 2 entries, one second text for each first; got 1"),
        ({"text_pair": "x"}, "`text_pair` must be a batch, as `text` is; got 'x'"),
        ({"lang": ["en"]}, "`lang` must have 2 entries, one language for each text; got 1"),
    ],
)
def test_batches_that_do_not_fit_are_refused(
    multilingual: XLMTokenizer, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        multilingual(["a", "b"], **arguments)


def test_encode_takes_no_batch(tokenizer: XLMTokenizer) -> None:
    with pytest.raises(InputError, match="`encode` takes one text; got 2"):
        tokenizer.encode(["a", "b"])


def test_an_unknown_language_is_refused_with_the_known_ones(multilingual: XLMTokenizer) -> None:
    with pytest.raises(LanguageError, match=r"`lang` must be one of \['de', 'en', 'fr'\]; got 'xx'"):
        multilingual("cat", lang="xx")


def test_languages_must_be_known_to_be_returned(multilingual: XLMTokenizer) -> None:
    with pytest.raises(InputError, match="`langs` can be returned only if `lang` is given for every text"):
        multilingual("cat", return_langs=True)


def test_tables_of_languages_must_agree(folder: Path) -> None:
    with pytest.raises(ConfigError, match="each other's inverse"):
        XLMTokenizer.from_pretrained(folder, lang2id={"en": 0}, id2lang={0: "en", 1: "fr"})


def test_an_unknown_format_is_refused(folder: Path) -> None:
    with pytest.raises(InputError, match=r"`input_format` must be one of .*; got 'v5'"):
        XLMTokenizer.from_pretrained(folder, input_format="v5")


def test_finished_ids_come_in_one_row(tokenizer: XLMTokenizer) -> None:
    with pytest.raises(InputError, match="`token_ids_1` must be None"):
        tokenizer.get_special_tokens_mask([0], [1], already_has_special_tokens=True)


def test_a_vocabulary_is_saved_into_a_folder_that_is_there(tokenizer: XLMTokenizer, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="`save_directory` must be a folder; there is none"):
        tokenizer.save_vocabulary(tmp_path / "missing")


def test_a_folder_without_a_vocabulary_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match=r"vocab\.json"):
        XLMTokenizer.from_pretrained(tmp_path)


@pytest.mark.parametrize("content", ["[]", "{"])
def test_damaged_settings_are_refused(tmp_path: Path, content: str) -> None:
    write_uncased(tmp_path)
    (tmp_path / "tokenizer_config.json").write_text(content)

    with pytest.raises(VocabularyError, match=r"tokenizer_config\.json` must be"):
        XLMTokenizer.from_pretrained(tmp_path)


@pytest.mark.parametrize(
    ("encodings", "message"),
    [
        ({"attention_mask": [1]}, r"must have `input_ids` to be padded; got \['attention_mask'\]"),
        ([{"input_ids": [0], "langs": [1]}, {"input_ids": [0]}], "`langs` is missing in some"),
    ],
)
def test_encodings_that_cannot_be_padded_are_refused(tokenizer: XLMTokenizer, encodings: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        tokenizer.pad(encodings)
