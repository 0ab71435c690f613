"""Tokens added to a vocabulary, and the roles of special ones."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from vocabularies import SPECIAL, uncased_ids
from xlm_core.errors import InputError
from xlm_core.tokenizer import AddedToken, XLMTokenizer

SIZE = len(uncased_ids())


@pytest.fixture
def growing(folder: Path) -> XLMTokenizer:
    return XLMTokenizer.from_pretrained(folder)


def test_new_tokens_get_the_next_ids(growing: XLMTokenizer) -> None:
    assert growing.add_tokens(["<new>", "<newer>"]) == 2
    assert growing.convert_tokens_to_ids(["<new>", "<newer>"]) == [SIZE, SIZE + 1]
    assert growing.tokenize("cat<new>mat") == ["cat</w>", "<new>", "mat</w>"]
    assert (growing.vocab_size, len(growing)) == (SIZE, SIZE + 2)


@pytest.mark.parametrize("tokens", ["<new>", AddedToken("<new>"), ["<new>", "<new>", ""]])
def test_a_token_is_added_once(growing: XLMTokenizer, tokens: Any) -> None:
    assert growing.add_tokens(tokens) == 1
    assert growing.add_tokens(tokens) == 0


def test_a_piece_of_the_vocabulary_keeps_its_id(growing: XLMTokenizer) -> None:
    number = growing.convert_tokens_to_ids("cat</w>")

    assert growing.add_tokens("cat</w>") == 0
    assert growing.get_added_vocab()["cat</w>"] == number


def test_text_is_found_in_lower_case(growing: XLMTokenizer) -> None:
    """As in Hugging Face; what is special is taken as it is."""
    growing.add_tokens("NEW")
    growing.add_tokens("OLD", special_tokens=True)

    assert growing.tokenize("new OLD") == ["new", "OLD"]
    assert "NEW" not in growing


def test_special_tokens_among_the_added_are_special(growing: XLMTokenizer) -> None:
    growing.add_tokens("<new>", special_tokens=True)

    assert growing.additional_special_tokens[-1] == growing.all_special_tokens[-1] == "<new>"
    assert growing.decode(growing("cat <new>").input_ids, skip_special_tokens=True) == "cat"


def test_tokens_of_other_libraries_are_understood(growing: XLMTokenizer) -> None:
    token = SimpleNamespace(
        content="<new>", lstrip=True, rstrip=False, single_word=False, normalized=False, special=True
    )
    growing.add_tokens(token)

    assert growing.added_tokens_decoder[SIZE] == AddedToken("<new>", lstrip=True)
    assert str(growing.added_tokens_decoder[SIZE]) == "<new>"


def test_roles_are_given_by_a_dictionary(growing: XLMTokenizer) -> None:
    """Ids and lists of transformers 4.57."""
    added = growing.add_special_tokens({"eos_token": "<eos>", "additional_special_tokens": ["<a>"]})

    assert (added, growing.eos_token, growing.eos_token_id) == (2, "<eos>", SIZE)
    assert growing.special_tokens_map["additional_special_tokens"] == ["<a>"]
    assert growing.all_special_tokens == ["<s>", "<eos>", "<unk>", "</s>", "<pad>", "<special1>", "<a>"]
    assert growing.special_tokens_map_extended["eos_token"] == AddedToken("<eos>")
    assert growing.all_special_tokens_extended[-1] == AddedToken("<a>")


def test_spares_have_a_newer_name(growing: XLMTokenizer) -> None:
    growing.add_special_tokens({"extra_special_tokens": ["<a>"]})

    assert growing.extra_special_tokens == growing.additional_special_tokens == ["<a>"]


def test_spares_can_be_kept(growing: XLMTokenizer) -> None:
    growing.add_special_tokens({"additional_special_tokens": ["<a>"]}, replace_additional_special_tokens=False)

    assert growing.additional_special_tokens == [*SPECIAL[4:], "<a>"]


def test_a_new_mask_is_what_the_aliases_mean(growing: XLMTokenizer) -> None:
    growing.add_special_tokens({"mask_token": "<blank>"})

    assert growing.tokenize("the [MASK]") == ["the</w>", "<blank>"]


def test_there_is_no_end_unless_one_is_given(growing: XLMTokenizer) -> None:
    assert (growing.eos_token, growing.eos_token_id) == (None, None)
    assert "eos_token" not in growing.special_tokens_map


def test_roles_can_be_set_to_tokens_of_the_vocabulary(growing: XLMTokenizer) -> None:
    growing.pad_token = "<special9>"
    growing.mask_token_id = 6
    growing.eos_token = growing.sep_token
    growing.additional_special_tokens = ["<special0>"]

    assert growing(["", "cat"], padding=True).input_ids[0] == [0, 1, 13]
    assert growing.tokenize("[MASK]") == ["<special2>"]
    assert growing.eos_token_id == 1
    assert growing.additional_special_tokens_ids == [4]


def test_an_end_can_be_taken_away(growing: XLMTokenizer) -> None:
    growing.eos_token_id = 1
    growing.eos_token_id = None

    assert growing.eos_token is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: setattr(t, "pad_token", "<nope>"), r"add_special_tokens\(\{'pad_token': '<nope>'\}\)"),
        (
            lambda t: setattr(t, "additional_special_tokens", ["<nope>"]),
            r"add_special_tokens\(\{'additional_special_tokens': \['<nope>'\]\}\)",
        ),
        (lambda t: setattr(t, "pad_token", None), "a token must be a str or an AddedToken; got None"),
        (lambda t: t.add_tokens([b"x"]), "got b'x' of type bytes"),
        (lambda t: t.add_special_tokens({"end_token": "x"}), "given by role, one of .*; got 'end_token'"),
        (lambda t: t.add_special_tokens({"pad_token": ["x"]}), r"`pad_token` must be one token; got \['x'\]"),
        (lambda t: t.add_special_tokens({"additional_special_tokens": "x"}), "must be a list; got 'x'"),
    ],
)
def test_what_cannot_be_a_token_is_refused(growing: XLMTokenizer, change: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        change(growing)


def test_added_tokens_are_saved_and_loaded(growing: XLMTokenizer, tmp_path: Path) -> None:
    growing.add_tokens(AddedToken("<new>", rstrip=True, special=False, normalized=True))
    growing.add_special_tokens({"eos_token": "<eos>"})
    growing.save_pretrained(tmp_path)
    loaded = XLMTokenizer.from_pretrained(tmp_path)

    assert json.loads((tmp_path / "added_tokens.json").read_text()) == {"<eos>": SIZE + 1, "<new>": SIZE}
    assert loaded.added_tokens_decoder == growing.added_tokens_decoder
    assert loaded.special_tokens_map == growing.special_tokens_map
    assert loaded("cat <new> x<eos>") == growing("cat <new> x<eos>")


def test_the_vocabulary_can_be_asked(growing: XLMTokenizer) -> None:
    growing.add_tokens("<new>")

    assert "cat</w>" in growing
    assert "<new>" in growing
    assert "cat" * 9 not in growing
    assert growing.encoder == uncased_ids()
    assert growing.decoder[0] == "<s>"
    assert growing.bpe_ranks["c", "a"] >= 0
    assert growing.bpe("catsx") == "cat s x</w>"
    assert growing.added_tokens_encoder["<new>"] == SIZE


def test_a_tokenizer_says_what_it_is(folder: Path) -> None:
    tokenizer = XLMTokenizer.from_pretrained(folder, lang2id={"en": 0})

    assert repr(tokenizer) == (
        f"XLMTokenizer('{folder}', {SIZE} tokens, lower case, lang2id of 1, input_format='transformers-5')"
    )
