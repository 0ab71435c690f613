"""Tokenizers for the tests of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from vocabularies import write_uncased
from xlm_core.tokenizer import XLMTokenizer


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a small tokenizer of lower-case words."""
    return write_uncased(tmp_path_factory.mktemp("uncased"))


@pytest.fixture(scope="module")
def tokenizer(folder: Path) -> XLMTokenizer:
    """One that was not told its languages."""
    return XLMTokenizer.from_pretrained(folder)


@pytest.fixture(scope="module")
def multilingual(folder: Path) -> XLMTokenizer:
    """One with languages."""
    return XLMTokenizer.from_pretrained(folder, lang2id={"en": 0, "fr": 1, "de": 2})
