"""Words as Hugging Face's tokenizer makes them, on sacremoses itself: slow, and what ours must equal."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import sacremoses

_LANGUAGES = """
as bn ca cs de el en es et fi fr ga gu hi hu is it kn lt lv ml mni mr nl or pa pl pt ro ru sk sl sv ta te tdt yue zh
"""
LANGUAGES = tuple(_LANGUAGES.split())
"""Those of which Moses knows abbreviations."""

_PUNCTUATION = str.maketrans(
    {
        **dict.fromkeys("，、", ","),
        **dict.fromkeys("”“《》」「", '"'),
        **dict.fromkeys("∶：", ":"),
        **dict(zip("？！；（）％～", "?!;()%~", strict=True)),
        **dict(zip("０１２３４５６７８９", "0123456789", strict=True)),
        **dict(zip("〈〉【】", "<>[]", strict=True)),
        "’": "'",
        "…": "...",
        "━": "-",
    }
)
_ROMANIAN = str.maketrans("ŞşȘșŢţȚțĂăÂâÎî", "SsSsTtTtAaAaIi")


SEGMENTERS = {"ja": "Mykytea", "th": "pythainlp", "zh": "rjieba"}
"""Language → the library that cuts its words."""

INSTALLED = tuple(lang for lang, library in SEGMENTERS.items() if find_spec(library))

KYTEA_MODEL = Path(__file__).parent / "data" / "kytea" / "model.bin"


@cache
def _normalizer(lang: str) -> Any:
    return sacremoses.MosesPunctNormalizer(lang=lang)


@cache
def _tokenizer(lang: str) -> Any:
    return sacremoses.MosesTokenizer(lang=lang)


def normalize(text: str, lang: str) -> str:
    """Punctuation in its plainest form, without characters that cannot be printed."""
    text = _normalizer(lang).normalize(re.sub(r"[。．]\s*", ". ", text).translate(_PUNCTUATION))
    return "".join(character for character in text if not unicodedata.category(character).startswith("C"))


def _moses(text: str, lang: str) -> list[str]:
    text = normalize(text, lang)
    text = text.translate(_ROMANIAN) if lang == "ro" else text
    return list(_tokenizer(lang).tokenize(text, return_str=False, escape=False))


def _chinese(text: str) -> list[str]:
    import rjieba

    words = rjieba.cut(re.sub("[\ud800-\udfff]", "", text))
    return normalize(" ".join(words), "zh").split()


def _thai(text: str) -> list[str]:
    from pythainlp.tokenize import word_tokenize

    return list(word_tokenize(normalize(text, "th")))


def _japanese(text: str) -> list[str]:
    return list(kytea().getWS(normalize(text, "ja")))


@cache
def kytea() -> Any:
    """KyTea with the model of the tests."""
    from Mykytea import Mykytea

    return Mykytea(f"-model {KYTEA_MODEL}")


def _lowercase_and_remove_accents(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text.lower())
    return "".join(character for character in decomposed if unicodedata.category(character) != "Mn").lower()


_SEGMENTED = {"ja": _japanese, "th": _thai, "zh": _chinese}


def split(text: str, lang: str, lowercase: bool) -> list[str]:
    """The words of a text, none of them empty."""
    words = _SEGMENTED[lang](text) if lang in _SEGMENTED else _moses(text, lang)
    words = _lowercase_and_remove_accents(" ".join(words)).split(" ") if lowercase else words
    return list(filter(None, words))
