"""`tokenizer.json`: the same ids in the library `tokenizers`, or a refusal that says why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer

from vocabularies import SPECIAL, TEXTS, write_files, write_uncased
from xlm_core.errors import VocabularyError
from xlm_core.tokenizer import XLMTokenizer
from xlm_core.tokenizer.special_tokens import AddedToken

CORPUS = ["The cat sat on the mat, and the dog didn't.", "Der Hund läuft; l'eau de l'étang.", "a b c d e f g x"]
BREAKS = ["a\x1cb\x1db\x1eb\x1fb", "a\x85b\xa0b\u2009b\u2028b\u3000b", "\u200ba", "a\tb\nb\x0bb\x0cb"]
SIZE = 72
SETTINGS: list[dict[str, Any]] = [
    {},
    {"input_format": "original"},
    {"input_format": "transformers-4"},
    {"mask_aliases": False},
    {"added_tokens_decoder": {SIZE: AddedToken("<new>", special=False), SIZE + 1: AddedToken("cat", special=False)}},
]


@pytest.fixture(scope="module", params=SETTINGS, ids=str)
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[XLMTokenizer, Tokenizer]:
    """A tokenizer, and what `tokenizers` makes of its file."""
    folder = tmp_path_factory.mktemp("trained")
    XLMTokenizer.train([CORPUS], SIZE, min_frequency=1).save_pretrained(folder)
    tokenizer = XLMTokenizer.from_pretrained(folder, **request.param)
    return tokenizer, Tokenizer.from_file(str(tokenizer.save_tokenizer_json(folder / "tokenizer.json")))


def test_ids_are_those_of_words_between_spaces(pair: tuple[XLMTokenizer, Tokenizer]) -> None:
    ours, theirs = pair
    texts = [*CORPUS, *TEXTS, *BREAKS, "the [MASK] <mask>a <special1>", "cat<new>mat"]

    expected = [ours(text, bypass_tokenizer=True)["input_ids"] for text in texts]

    assert [theirs.encode(text).ids for text in texts] == expected


def test_a_pair_has_the_tokens_between(pair: tuple[XLMTokenizer, Tokenizer]) -> None:
    ours, theirs = pair
    expected = ours("the cat", "a dog", bypass_tokenizer=True, return_token_type_ids=True)

    encoding = theirs.encode("the cat", "a dog")

    assert encoding.ids == expected["input_ids"]
    assert encoding.type_ids == expected["token_type_ids"]


def test_text_comes_back(pair: tuple[XLMTokenizer, Tokenizer]) -> None:
    theirs = pair[1]

    assert theirs.decode(theirs.encode("the dog sat").ids) == "the dog sat"


def test_a_vocabulary_that_is_not_closed_is_refused(tmp_path: Path) -> None:
    tokenizer = XLMTokenizer.from_pretrained(write_uncased(tmp_path))

    with pytest.raises(VocabularyError, match=r"3 of \d+ are not, such as 'istanb'"):
        tokenizer.save_tokenizer_json(tmp_path / "tokenizer.json")

    assert not (tmp_path / "tokenizer.json").exists()


def test_merges_out_of_order_are_refused(tmp_path: Path) -> None:
    """Hugging Face merges all occurrences at once, the library one by one."""
    merges = [("b", "c"), ("abc", "a"), ("a", "bc")]
    pieces = [*SPECIAL, "a", "b", "c", "bc", "abca", "abc"]
    write_files(tmp_path, {piece: number for number, piece in enumerate(pieces)}, merges)

    with pytest.raises(VocabularyError, match="a merge uses a piece that only a later one makes"):
        XLMTokenizer.from_pretrained(tmp_path).save_tokenizer_json(tmp_path / "tokenizer.json")


def test_added_tokens_with_other_numbers_are_refused(tmp_path: Path) -> None:
    """The library numbers them itself."""
    tokenizer = XLMTokenizer.train([CORPUS], 150, added_tokens_decoder={500: AddedToken("<new>", special=False)})

    with pytest.raises(VocabularyError, match=r"'<new>' has id 500, and the library would give it \d+"):
        tokenizer.save_tokenizer_json(tmp_path / "tokenizer.json")


def test_special_tokens_that_are_split_are_refused(tmp_path: Path) -> None:
    tokenizer = XLMTokenizer.train([CORPUS], 150, split_special_tokens=True)

    with pytest.raises(VocabularyError, match="`split_special_tokens` is set"):
        tokenizer.save_tokenizer_json(tmp_path / "tokenizer.json")
