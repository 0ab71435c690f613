"""XLMTokenizer from text to columns of ids: templates, control strings, batches, truncation, languages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xlm_core.tokenizer import XLMTokenizer
from xlm_core.tokenizer.special_tokens import AddedToken


def words(tokenizer: XLMTokenizer, text: str) -> list[int]:
    """The ids of pieces that are whole words."""
    return tokenizer.convert_tokens_to_ids([f"{word}</w>" for word in text.split()])


def test_a_text_is_wrapped_in_s_and_closing_s(tokenizer: XLMTokenizer) -> None:
    assert tokenizer("The cat").input_ids == [0, *words(tokenizer, "the cat"), 1]


def test_default_columns_have_no_token_types(tokenizer: XLMTokenizer) -> None:
    assert list(tokenizer("the cat")) == ["input_ids", "attention_mask"] == tokenizer.model_input_names


def test_the_older_format_returns_token_types(folder: Path) -> None:
    tokenizer = XLMTokenizer.from_pretrained(folder, input_format="transformers-4")

    assert tokenizer("cat", "mat").token_type_ids == [0, 0, 0, 1, 1]


def test_the_original_format_begins_with_closing_s(folder: Path) -> None:
    tokenizer = XLMTokenizer.from_pretrained(folder, input_format="original")

    assert tokenizer("cat", "mat").input_ids == [1, *words(tokenizer, "cat"), 1, *words(tokenizer, "mat"), 1]


def test_an_empty_text_has_its_special_tokens(tokenizer: XLMTokenizer) -> None:
    assert tokenizer("").input_ids == [0, 1]


def test_special_tokens_can_be_left_out(tokenizer: XLMTokenizer) -> None:
    assert tokenizer("cat", "mat", add_special_tokens=False).input_ids == words(tokenizer, "cat mat")


def test_encode_gives_the_ids_alone(tokenizer: XLMTokenizer) -> None:
    assert tokenizer.encode("cat", "mat", max_length=4, truncation="only_first") == [0, 1, *words(tokenizer, "mat"), 1]


def test_the_order_of_lower_casing_changes_sentence_ends(folder: Path) -> None:
    """After Moses, `Reported` has a capital and the period is a full stop; before, it is an abbreviation's."""
    older = XLMTokenizer.from_pretrained(folder, input_format="transformers-4")

    assert XLMTokenizer.from_pretrained(folder).tokenize("Inc. On") == ["inc</w>", ".</w>", "on</w>"]
    assert older.tokenize("Inc. On") == ["in", "c", ".</w>", "on</w>"]


def test_a_capital_control_string_counts_once_lower_cased(folder: Path, tokenizer: XLMTokenizer) -> None:
    older = XLMTokenizer.from_pretrained(folder, input_format="transformers-4")

    assert older.tokenize("<S>") == ["<s>"]
    assert tokenizer.tokenize("<S>") == ["<</w>", "s</w>", "></w>"]


def test_bypassed_words_are_not_touched(tokenizer: XLMTokenizer) -> None:
    assert tokenizer.tokenize("cat.\u200bB  mat", bypass_tokenizer=True) == ["cat", ".", "\u200b", "B</w>", "mat</w>"]


def test_words_are_texts_of_their_own(tokenizer: XLMTokenizer) -> None:
    ids = tokenizer(["three.", "cat"], is_split_into_words=True).input_ids

    assert ids == [0, *words(tokenizer, "three . cat"), 1]


def test_control_strings_are_cut_out_of_the_text(tokenizer: XLMTokenizer) -> None:
    assert tokenizer.tokenize("cat<special1>mat</s>") == ["cat</w>", "<special1>", "mat</w>", "</s>"]


@pytest.mark.parametrize("alias", ["[MASK]", "<mask>", "<special1>"])
@pytest.mark.parametrize("input_format", ["transformers-5", "transformers-4", "original"])
def test_the_mask_is_understood_by_its_aliases(folder: Path, alias: str, input_format: str) -> None:
    tokenizer = XLMTokenizer.from_pretrained(folder, input_format=input_format)

    assert tokenizer.tokenize(f"the {alias}.") == ["the</w>", "<special1>", ".</w>"]


def test_aliases_can_be_turned_off(folder: Path) -> None:
    tokenizer = XLMTokenizer.from_pretrained(folder, mask_aliases=False)

    assert "<special1>" not in tokenizer.tokenize("[MASK] <mask>")


def test_control_strings_can_stay_text(folder: Path) -> None:
    tokenizer = XLMTokenizer.from_pretrained(folder, split_special_tokens=True)

    assert tokenizer.tokenize("<s> [MASK]")[0] == "<</w>"


def test_a_setting_can_be_changed_later(folder: Path) -> None:
    tokenizer = XLMTokenizer.from_pretrained(folder)
    tokenizer.split_special_tokens = True

    assert tokenizer.tokenize("<s>") == ["<</w>", "s</w>", "></w>"]


def test_the_longest_of_two_control_strings_wins(folder: Path) -> None:
    added = {500: AddedToken("<s>x", special=False), 501: AddedToken("x<", special=False)}
    tokenizer = XLMTokenizer.from_pretrained(folder, added_tokens_decoder=added)

    assert tokenizer.tokenize("<s>x<s>") == ["<s>x", "<s>"]


@pytest.mark.parametrize(
    ("token", "text", "tokens"),
    [
        (AddedToken("dog", lstrip=True, rstrip=True), " dog ", ["dog"]),
        (AddedToken("dog", single_word=True), "cat dog", ["cat</w>", "dog"]),
        (AddedToken("dog", single_word=True), "xdog cat", ["x", "do", "g</w>", "cat</w>"]),
        (AddedToken("dog", single_word=True), "dogx", ["do", "g", "x</w>"]),
        (AddedToken("Dog", special=False, normalized=False), "Dog", ["Dog"]),
    ],
)
def test_added_tokens_match_as_they_say(folder: Path, token: AddedToken, text: str, tokens: list[str]) -> None:
    tokenizer = XLMTokenizer.from_pretrained(folder, added_tokens_decoder={500: token})

    assert tokenizer.tokenize(text) == tokens


def test_a_batch_is_a_list_for_each_column(tokenizer: XLMTokenizer) -> None:
    assert tokenizer(["cat", ""]).input_ids == [tokenizer("cat").input_ids, [0, 1]]


def test_a_batch_of_pairs_can_be_tuples(tokenizer: XLMTokenizer) -> None:
    assert tokenizer([("cat", "mat"), ("a", "b")]) == tokenizer(["cat", "a"], ["mat", "b"])


def test_an_empty_batch_has_empty_columns(tokenizer: XLMTokenizer) -> None:
    assert tokenizer([], padding=True).data == {"input_ids": [], "attention_mask": []}


def test_padding_fills_the_short_rows(tokenizer: XLMTokenizer) -> None:
    encoding = tokenizer(["cat", ""], padding=True, return_special_tokens_mask=True, return_length=True)

    assert encoding.input_ids[1] == [0, 1, 2]
    assert encoding.attention_mask == [[1, 1, 1], [1, 1, 0]]
    assert encoding.special_tokens_mask == [[1, 0, 1], [1, 1, 1]]
    assert encoding.length == [3, 2]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"padding": "max_length", "max_length": 4}, [0, 1, 2, 2]),
        ({"padding": "longest", "pad_to_multiple_of": 3}, [0, 1, 2]),
        ({"padding": "max_length", "max_length": 3, "padding_side": "left"}, [2, 0, 1]),
        ({"padding": "do_not_pad"}, [0, 1]),
    ],
)
def test_padding_of_one_text(tokenizer: XLMTokenizer, arguments: dict[str, Any], expected: list[int]) -> None:
    assert tokenizer("", **arguments).input_ids == expected


def test_pad_keeps_columns_of_other_things(tokenizer: XLMTokenizer) -> None:
    batch = tokenizer.pad([{"input_ids": [0, 7, 1], "labels": 1}, {"input_ids": [0, 1], "labels": 0}])

    assert batch.data == {
        "input_ids": [[0, 7, 1], [0, 1, 2]],
        "labels": [1, 0],
        "attention_mask": [[1, 1, 1], [1, 1, 0]],
    }


def test_pad_takes_one_encoding(tokenizer: XLMTokenizer) -> None:
    assert tokenizer.pad({"input_ids": [0, 7, 1]}, padding="max_length", max_length=4).input_ids == [0, 7, 1, 2]


@pytest.mark.parametrize("given", [{"input_ids": np.array([[0, 7, 1]])}, [{"input_ids": np.array([0, 7, 1])}]])
def test_pad_gives_arrays_for_arrays(tokenizer: XLMTokenizer, given: Any) -> None:
    ids = tokenizer.pad(given, padding="max_length", max_length=4).input_ids

    assert isinstance(ids, np.ndarray)
    assert ids.tolist() == [[0, 7, 1, 2]]


def test_pad_gives_tensors_for_tensors(tokenizer: XLMTokenizer) -> None:
    torch = pytest.importorskip("torch")
    rows = [{"input_ids": torch.tensor([0, 7, 1])}, {"input_ids": torch.tensor([0, 1])}]

    assert torch.equal(tokenizer.pad(rows).input_ids, torch.tensor([[0, 7, 1], [0, 1, 2]]))


def test_pad_leaves_what_it_was_given(tokenizer: XLMTokenizer) -> None:
    given = {"input_ids": np.array([0, 7, 1])}
    tokenizer.pad(given, padding="max_length", max_length=4)

    assert given["input_ids"].tolist() == [0, 7, 1]


@pytest.mark.parametrize(
    ("strategy", "sides"),
    [
        (True, ("c a", "b a")),
        ("longest_first", ("c a", "b a")),
        ("only_first", ("", "b a x y")),
        ("only_second", ("c a x y", "")),
    ],
)
def test_truncation_takes_from_the_text_it_names(
    tokenizer: XLMTokenizer, strategy: bool | str, sides: tuple[str, str]
) -> None:
    expected = [0, *words(tokenizer, sides[0]), 1, *words(tokenizer, sides[1]), 1]

    assert tokenizer("c a x y", "b a x y", truncation=strategy, max_length=7).input_ids == expected


@pytest.mark.parametrize("length", range(3, 14))
def test_longest_first_is_one_token_at_a_time(tokenizer: XLMTokenizer, length: int) -> None:
    """From the longer text; from the second on a tie."""
    first, second = list("abcabcab"), list("xyx")
    while len(first) + len(second) > length - 3:
        (first if len(first) > len(second) else second).pop()
    expected = [0, *words(tokenizer, " ".join(first)), 1, *words(tokenizer, " ".join(second)), 1]

    assert tokenizer("a b c a b c a b", "x y x", truncation=True, max_length=length).input_ids == expected


def test_truncation_can_take_from_the_left(folder: Path) -> None:
    tokenizer = XLMTokenizer.from_pretrained(folder, truncation_side="left")

    assert tokenizer("a b c", truncation=True, max_length=4).input_ids == [0, *words(tokenizer, "b c"), 1]


def test_a_maximum_alone_truncates(tokenizer: XLMTokenizer) -> None:
    assert tokenizer("a b c", max_length=3) == tokenizer("a b c", truncation=True, max_length=3)


def test_the_model_s_maximum_is_the_default(folder: Path) -> None:
    tokenizer = XLMTokenizer.from_pretrained(folder, model_max_length=3)

    assert len(tokenizer("a b c", truncation=True).input_ids) == len(tokenizer("", padding="max_length").input_ids) == 3


def test_a_language_gives_its_rules_and_its_ids(multilingual: XLMTokenizer) -> None:
    encoding = multilingual("l'eau", lang="fr")

    assert multilingual.convert_ids_to_tokens(encoding.input_ids[1:-1]) == ["l", "'</w>", "eau</w>"]
    assert encoding.langs == [1] * 5


def test_each_text_of_a_pair_has_its_language(multilingual: XLMTokenizer) -> None:
    assert multilingual("a b", "x", lang=("en", "de")).langs == [0, 0, 0, 0, 2, 2]


def test_the_original_s_middle_token_has_the_second_language(folder: Path) -> None:
    tokenizer = XLMTokenizer.from_pretrained(folder, lang2id={"en": 0, "fr": 1, "de": 2}, input_format="original")

    assert tokenizer("a b", "x", lang=("en", "de")).langs == [0, 0, 0, 2, 2, 2]


def test_each_text_of_a_batch_has_its_language_padding_included(multilingual: XLMTokenizer) -> None:
    assert multilingual(["a", "a b"], lang=["en", "fr"], padding=True).langs == [[0] * 4, [1] * 4]


def test_a_batch_of_pairs_can_share_languages(multilingual: XLMTokenizer) -> None:
    batch = multilingual(["a", "b"], ["x", "y"], lang=("en", "de"))

    assert batch.langs == [[0, 0, 0, 2, 2]] * 2


def test_languages_can_be_declined(multilingual: XLMTokenizer) -> None:
    assert "langs" not in multilingual("a", lang="en", return_langs=False)


def test_without_a_table_a_language_is_its_rules_only(tokenizer: XLMTokenizer) -> None:
    assert list(tokenizer("l'eau", lang="fr")) == ["input_ids", "attention_mask"]


def test_ids_of_languages_are_numbers(folder: Path) -> None:
    """Files have strings there, as JSON has no other keys."""
    tokenizer = XLMTokenizer.from_pretrained(folder, id2lang={"0": "en", "1": "fr"})

    assert tokenizer.id2lang == {0: "en", 1: "fr"}
    assert tokenizer.lang2id == {"en": 0, "fr": 1}
