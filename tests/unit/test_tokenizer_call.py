"""What else a call can be asked: targets, positions, languages that are told, older names, processes."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xlm_core.errors import InputError, LanguageError
from xlm_core.tokenizer import XLMTokenizer
from xlm_core.tokenizer.batches.request import CallOptions

TEXTS = ["The cat", "", "Two flowers, istanbul.", "it 's [MASK]"] * 5


def first_word(text: str) -> str:
    """A language detector for texts that begin with a code."""
    return text[:2]


@pytest.fixture(scope="module")
def detecting(folder: Path) -> XLMTokenizer:
    return XLMTokenizer.from_pretrained(folder, lang2id={"en": 0, "fr": 1}, detect_language=first_word)


def test_a_target_s_ids_are_the_labels(tokenizer: XLMTokenizer) -> None:
    encoding = tokenizer(["the cat"], text_target=["x"], return_tensors="np")

    assert encoding.labels.tolist() == tokenizer(["x"]).input_ids
    assert encoding.input_ids.tolist() == tokenizer(["the cat"]).input_ids


def test_a_target_alone_is_a_text(tokenizer: XLMTokenizer) -> None:
    assert tokenizer(text_target="x", text_pair_target="y") == tokenizer("x", "y")


def test_positions_start_again_at_the_second_text(tokenizer: XLMTokenizer) -> None:
    encoding = tokenizer("a b", "x", reset_positions=True)

    assert encoding.input_ids == tokenizer("a b", "x").input_ids
    assert encoding.position_ids == [0, 1, 2, 3, 0, 1]


def test_translations_have_both_ends_in_the_original_s_format(folder: Path) -> None:
    """`</s> A </s> </s> B </s>`, as TLM was trained."""
    tokenizer = XLMTokenizer.from_pretrained(folder, input_format="original", lang2id={"en": 0, "fr": 1})
    encoding = tokenizer(
        "a b", "x", lang=("en", "fr"), reset_positions=True, return_token_type_ids=True, return_special_tokens_mask=True
    )

    assert tokenizer.convert_ids_to_tokens(encoding.input_ids) == [
        *["</s>", "a</w>", "b</w>", "</s>"],
        *["</s>", "x</w>", "</s>"],
    ]
    assert encoding.position_ids == [0, 1, 2, 3, 0, 1, 2]
    assert encoding.langs == encoding.token_type_ids == [0, 0, 0, 0, 1, 1, 1]
    assert encoding.special_tokens_mask == [1, 0, 0, 1, 1, 0, 1]
    assert encoding.sequence_ids() == [None, 0, 0, None, None, 1, None]


def test_a_translation_leaves_room_for_four_ends(folder: Path) -> None:
    tokenizer = XLMTokenizer.from_pretrained(folder, input_format="original")
    encoding = tokenizer("a b c", "x y", reset_positions=True, truncation=True, max_length=7)

    assert len(encoding.input_ids) == 7


def test_positions_of_one_text_are_as_always(tokenizer: XLMTokenizer) -> None:
    encoding = tokenizer(["a b", ""], reset_positions=True, padding=True)

    assert encoding.position_ids == [[0, 1, 2, 3], [0, 1, 0, 0]]


def test_a_language_can_be_detected(detecting: XLMTokenizer) -> None:
    encoding = detecting(["en x", "fr x"], lang="auto", add_special_tokens=False)

    assert [set(row) for row in encoding.langs] == [{0}, {1}]


def test_the_languages_of_a_pair_and_of_words_can_be_detected(detecting: XLMTokenizer) -> None:
    encoding = detecting([["en", "x"]], [["fr", "x"]], lang="auto", is_split_into_words=True)
    texts = encoding.sequence_ids()

    assert {lang for lang, text in zip(encoding.langs[0], texts, strict=True) if text == 0} == {0}
    assert {lang for lang, text in zip(encoding.langs[0], texts, strict=True) if text == 1} == {1}


def test_a_detected_language_must_be_known(detecting: XLMTokenizer) -> None:
    with pytest.raises(LanguageError, match=r"must be one of \['en', 'fr'\]; got 'xx'"):
        detecting("xx x", lang="auto")


def test_languages_are_not_detected_unasked(detecting: XLMTokenizer) -> None:
    assert "langs" not in detecting("fr x")


def test_a_language_cannot_be_detected_without_a_function(multilingual: XLMTokenizer) -> None:
    with pytest.raises(InputError, match="`lang='auto'` needs a tokenizer with `detect_language`"):
        multilingual("x", lang="auto")


def test_an_unknown_language_has_a_nearest(folder: Path) -> None:
    tokenizer = XLMTokenizer.from_pretrained(folder, lang2id={"en": 0, "zh_classical": 1})

    with pytest.raises(LanguageError, match="Did you mean `zh_classical`"):
        tokenizer("x", lang="zh-classical")


def test_segmenters_can_be_given(folder: Path) -> None:
    tokenizer = XLMTokenizer.from_pretrained(folder, segmenters={"xx": list})

    assert tokenizer.tokenize("xy", lang="xx") == ["x</w>", "y</w>"]
    assert tokenizer.lang_with_custom_tokenizer == {"ja", "th", "xx", "zh"}


def test_tokens_of_a_pair_can_have_special_tokens(tokenizer: XLMTokenizer) -> None:
    assert tokenizer.tokenize("x", "猫") == ["x</w>", "猫</w>"]
    assert tokenizer.tokenize("x", "y", add_special_tokens=True) == ["<s>", "x</w>", "</s>", "y</w>", "</s>"]


@pytest.mark.parametrize("options", [{}, {"padding": True, "return_tensors": "np"}])
def test_older_names_are_the_call(tokenizer: XLMTokenizer, options: dict[str, Any]) -> None:
    assert str(tokenizer.encode_plus("x", "y", **options)) == str(tokenizer("x", "y", **options))
    assert str(tokenizer.batch_encode_plus(["x", "y z"], **options)) == str(tokenizer(["x", "y z"], **options))


def test_older_names_take_the_arguments_of_the_call() -> None:
    texts = ("self", "text", "text_pair", "text_target", "text_pair_target")
    names = [name for name in inspect.signature(XLMTokenizer.__call__).parameters if name not in texts]

    assert sorted(CallOptions.__annotations__) == sorted(names)


def test_a_batch_by_its_older_name_is_a_batch(tokenizer: XLMTokenizer) -> None:
    with pytest.raises(InputError, match="`batch_encode_plus` takes a list of texts; got 'x'"):
        tokenizer.batch_encode_plus("x")


def test_ids_can_be_prepared(tokenizer: XLMTokenizer) -> None:
    encoding = tokenizer.prepare_for_model([20, 21, 22], [30], truncation="only_first", max_length=6)

    assert encoding.data == {"input_ids": [0, 20, 21, 1, 30, 1], "attention_mask": [1] * 6}
    assert not encoding.is_fast


def test_prepared_ids_have_the_axis_of_the_batch_on_request(tokenizer: XLMTokenizer) -> None:
    assert tokenizer.prepare_for_model([20], return_tensors="np").input_ids.shape == (3,)
    assert tokenizer.prepare_for_model([20], return_tensors="np", prepend_batch_axis=True).input_ids.shape == (1, 3)


def test_lengths_leave_room_for_special_tokens(folder: Path) -> None:
    tokenizer = XLMTokenizer.from_pretrained(folder, model_max_length=9)

    assert (tokenizer.max_len_single_sentence, tokenizer.max_len_sentences_pair) == (7, 6)


def test_columns_that_a_call_returns_can_be_set(folder: Path, tmp_path: Path) -> None:
    tokenizer = XLMTokenizer.from_pretrained(folder, model_input_names=["input_ids"])
    assert list(tokenizer("x")) == ["input_ids"]

    tokenizer.model_input_names = ["input_ids", "token_type_ids"]
    tokenizer.save_pretrained(tmp_path)

    assert list(tokenizer("x")) == list(XLMTokenizer.from_pretrained(tmp_path)("x")) == ["input_ids", "token_type_ids"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("padding_side", "left"), ("model_max_length", 4), ("input_format", "original"), ("pad_token", "<special9>")],
)
def test_what_is_remembered_of_calls_follows_the_settings(folder: Path, name: str, value: Any) -> None:
    changed, loaded = (XLMTokenizer.from_pretrained(folder, model_max_length=6) for _ in range(2))
    changed("a b c", truncation=True, padding="max_length")
    setattr(changed, name, value)
    if name != "pad_token":
        loaded = XLMTokenizer.from_pretrained(folder, **{"model_max_length": 6, name: value})
        expected = loaded("x", truncation=True, padding="max_length").input_ids
    else:
        expected = [changed.pad_token_id if i == 2 else i for i in loaded("x", padding="max_length").input_ids]

    assert changed("x", truncation=True, padding="max_length").input_ids == expected


@pytest.mark.parametrize("options", [{}, {"return_offsets_mapping": True, "padding": True, "return_tensors": "np"}])
def test_processes_give_what_one_gives(tokenizer: XLMTokenizer, options: dict[str, Any]) -> None:
    alone, together = tokenizer(TEXTS, **options), tokenizer(TEXTS, num_workers=2, **options)

    assert list(alone) == list(together)
    for name in alone:
        np.testing.assert_array_equal(np.asarray(alone[name], dtype=object), np.asarray(together[name], dtype=object))


def test_an_error_in_a_process_is_the_caller_s(tokenizer: XLMTokenizer, folder: Path) -> None:
    failing = XLMTokenizer.from_pretrained(folder, segmenters={"xx": fail})

    with pytest.raises(InputError, match="no words in 'x'"):
        failing(["x"] * 4, lang="xx", num_workers=2)


def fail(text: str) -> list[str]:
    """A segmenter that cannot."""
    raise InputError(f"no words in {text!r}")


@pytest.mark.parametrize("num_workers", [-1, 1.5, True, "2"])
def test_processes_are_counted(tokenizer: XLMTokenizer, num_workers: Any) -> None:
    with pytest.raises(InputError, match="`num_workers` must be a whole number ≥ 0 or None"):
        tokenizer(TEXTS, num_workers=num_workers)
