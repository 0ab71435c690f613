"""Thousands of real and adversarial texts become the tokens that Hugging Face makes of them."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from digests import TEXT, adversarial_texts, digest, real_texts
from sacremoses_words import INSTALLED, SEGMENTERS
from xlm_core.tokenizer import XLMTokenizer

GOLDENS: dict[str, Any] = json.loads(
    (Path(__file__).parent.parent / "goldens" / "tokenizer_digests.json").read_text(encoding="utf-8")
)
FORMATS = ("transformers-4", "transformers-5")
CASES = {"cased": False, "uncased": True}

pytestmark = pytest.mark.skipif(
    unicodedata.unidata_version != GOLDENS["unicode"],
    reason=f"recorded with the characters of Unicode {GOLDENS['unicode']}; here is {unicodedata.unidata_version}",
)
needs_text = pytest.mark.skipif(not real_texts(), reason=f"no real text at {TEXT}; XLM_TEST_TEXT names its folder")


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def load(demo: Path, case: str) -> Callable[..., XLMTokenizer]:
    settings = {"do_lowercase_and_remove_accent": CASES[case], "mask_aliases": False, "lang2id": None, "id2lang": None}

    def load(**more: Any) -> XLMTokenizer:
        return XLMTokenizer.from_pretrained(demo, **settings, **more)

    return load


def differing(texts: list[str], expected: list[str], tokenize: Callable[[str], list[str]]) -> list[str]:
    """The first few texts whose tokens are others than recorded."""
    return [text for text, golden in zip(texts, expected, strict=True) if digest(tokenize(text)) != golden][:5]


def test_digests_are_of_these_texts() -> None:
    """A changed generator needs a new recording."""
    assert digest(adversarial_texts()) == GOLDENS["texts"]


@pytest.mark.parametrize("input_format", FORMATS)
def test_adversarial_texts(load: Callable[..., XLMTokenizer], case: str, input_format: str) -> None:
    goldens = GOLDENS[f"{input_format} {case}"]

    assert differing(adversarial_texts(), goldens["adversarial"], load(input_format=input_format).tokenize) == []


@needs_text
@pytest.mark.parametrize("input_format", FORMATS)
def test_real_texts(load: Callable[..., XLMTokenizer], case: str, input_format: str) -> None:
    tokenizer, goldens = load(input_format=input_format), GOLDENS[f"{input_format} {case}"]

    wrong = {
        lang: differing(texts, goldens[f"real {lang}"], tokenizer.tokenize) for lang, texts in real_texts().items()
    }

    assert {lang: texts for lang, texts in wrong.items() if texts} == {}


@needs_text
def test_rules_of_languages(load: Callable[..., XLMTokenizer], case: str) -> None:
    """A language's rules are those that Hugging Face has, but lets no caller reach."""
    tokenizer, goldens = load(split_special_tokens=True), GOLDENS[f"transformers-4 {case}"]
    missing = SEGMENTERS.keys() - INSTALLED
    texts = {lang: texts for lang, texts in real_texts().items() if lang not in missing}

    wrong = {
        lang: differing(texts, goldens[f"lang={lang}"], lambda text, lang=lang: tokenizer.tokenize(text, lang=lang))
        for lang, texts in texts.items()
    }

    assert {lang: texts for lang, texts in wrong.items() if texts} == {}
