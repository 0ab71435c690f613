"""Tokenizers for the tests of them, and a look at PyTorch's kernels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

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


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """What the libraries are asked for by a test, which measures for itself, in an environment that fixes nothing."""
    from kernel_cases import Recorder
    from xlm_torch import kernels

    known, recorder = dict(kernels.CHOICES), Recorder()
    kernels.CHOICES.clear()
    monkeypatch.delenv("XLM_KERNELS", raising=False)
    for name, library in recorder.libraries.items():
        if library.operators is not None:
            monkeypatch.setattr(getattr(kernels, name), "operators", library)
    yield recorder
    kernels.CHOICES.clear()
    kernels.CHOICES.update(known)


@pytest.fixture
def without_operators(recorder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PyTorch that was built without the libraries, or calls their operators otherwise."""
    from xlm_torch import kernels

    for library in (kernels.ONEDNN, kernels.MKL):
        monkeypatch.setattr(library, "operators", None)
