"""Word segmenters for languages written without spaces: Chinese, Japanese, Thai."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from ...errors import FetchError, MissingDependency
from .moses import Moses

KYTEA_MODEL_VARIABLE = "XLM_KYTEA_MODEL"
"""The environment variable that names KyTea's model file."""

KYTEA_MODEL = "~/local/share/kytea/model.bin"
"""Where KyTea's own installation puts it."""


class Segmenter(Protocol):
    """The rules of a language without spaces."""

    def __call__(self, text: str, moses: Moses) -> list[str]:
        """The words of a text; its punctuation is left to Moses."""
        ...


def segment_chinese(text: str, moses: Moses) -> list[str]:
    """Jieba first, then punctuation, which may join again what Jieba has cut.

    Differs: lone surrogates, on which rjieba fails, are dropped first, as the normaliser would afterwards.
    """
    rjieba = _import("rjieba", "zh")
    words = rjieba.cut("".join(character for character in text if not "\ud800" <= character <= "\udfff"))
    return moses.normalize(" ".join(words), "zh").split()


def segment_japanese(text: str, moses: Moses) -> list[str]:
    """Punctuation first, then KyTea."""
    return list(_kytea(_kytea_model()).getWS(moses.normalize(text, "ja")))


def segment_thai(text: str, moses: Moses) -> list[str]:
    """Punctuation first, then PyThaiNLP, whose words may be spaces."""
    return list(_import("pythainlp.tokenize", "th").word_tokenize(moses.normalize(text, "th")))


SEGMENTERS: Mapping[str, Segmenter] = {"ja": segment_japanese, "th": segment_thai, "zh": segment_chinese}
"""By language; every other language is Moses'."""


def split_words(text: str, lang: str, moses: Moses) -> list[str]:
    """Words by the language's segmenter, or by Moses' rules."""
    return SEGMENTERS[lang](text, moses) if lang in SEGMENTERS else moses.tokenize(text, lang)


def _import(module: str, extra: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingDependency(
            f"words of language {extra!r} need {module.partition('.')[0]}: pip install 'xlm[{extra}]'"
        ) from error


def _kytea_model() -> Path:
    return Path(os.environ.get(KYTEA_MODEL_VARIABLE, KYTEA_MODEL)).expanduser()


@lru_cache(maxsize=1)
def _kytea(model: Path) -> Any:
    """KyTea with its model, which takes seconds to load."""
    kytea: Callable[[str], Any] = _import("Mykytea", "ja").Mykytea
    if not model.is_file():
        raise FetchError(f"KyTea needs its model file; none is at {model}. Set `{KYTEA_MODEL_VARIABLE}` to its path.")
    return kytea(f"-model {model}")
