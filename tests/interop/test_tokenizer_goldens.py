"""The tokenizer gives the ids that Hugging Face's gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vocabularies import TEXTS, write_uncased
from xlm_core.tokenizer import XLMTokenizer

GOLDENS: dict[str, Any] = json.loads(
    (Path(__file__).parent.parent / "goldens" / "tokenizer.json").read_text(encoding="utf-8")
)
FORMATS = ("transformers-5", "transformers-4")
LANGS = [(name, key.removeprefix("lang=")) for name in ("demo", "uncased") for key in GOLDENS[name] if "=" in key]


@pytest.fixture(scope="module")
def folders(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {"demo": demo, "uncased": write_uncased(tmp_path_factory.mktemp("uncased"))}


def differences(expected: list[list[int]], got: list[list[int]]) -> dict[str, tuple[list[int], list[int]]]:
    return {text: (a, b) for text, a, b in zip(TEXTS, expected, got, strict=True) if a != b}


def test_goldens_are_of_these_texts() -> None:
    """A changed text needs a new recording."""
    assert GOLDENS["texts"] == TEXTS


@pytest.mark.parametrize("name", ["demo", "uncased"])
@pytest.mark.parametrize("input_format", FORMATS)
def test_ids_equal_hugging_face(folders: dict[str, Path], name: str, input_format: str) -> None:
    """Each format gives the ids of its version's public call."""
    tokenizer = XLMTokenizer.from_pretrained(folders[name], input_format=input_format)

    got = [tokenizer(text)["input_ids"] for text in TEXTS]

    assert differences(GOLDENS[name][input_format], got) == {}


@pytest.mark.parametrize(("name", "lang"), LANGS)
def test_ids_of_a_language_equal_hugging_face(folders: dict[str, Path], name: str, lang: str) -> None:
    """A language's rules are those that Hugging Face has, but does not let through."""
    tokenizer = XLMTokenizer.from_pretrained(folders[name], split_special_tokens=True)

    got = [tokenizer.convert_tokens_to_ids(tokenizer.tokenize(text, lang=lang)) for text in TEXTS]

    assert differences(GOLDENS[name][f"lang={lang}"], got) == {}
