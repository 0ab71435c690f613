"""Moses' punctuation normaliser and word tokenizer; the only door to `sacremoses`."""

from __future__ import annotations

from typing import Any

from ...errors import MissingDependency
from .normalize import remove_non_printing, remove_romanian_diacritics, replace_unicode_punctuation


class Moses:
    """The rules of each language, built when the language is first met.

    A code that Moses does not know gets English abbreviations and the quotation rules of no language. A pickle or a
    copy starts without rules and builds them again.
    """

    def __init__(self) -> None:
        self._normalizers: dict[str, Any] = {}
        self._tokenizers: dict[str, Any] = {}

    def __reduce__(self) -> tuple[type[Moses], tuple[()]]:
        return Moses, ()

    def normalize(self, text: str, lang: str) -> str:
        """Punctuation in its plainest form, without characters that cannot be printed."""
        text = self._normalizer(lang).normalize(replace_unicode_punctuation(text))
        return remove_non_printing(text)

    def tokenize(self, text: str, lang: str) -> list[str]:
        """Words and punctuation marks of a text in a language that writes spaces."""
        text = self.normalize(text, lang)
        if lang == "ro":
            text = remove_romanian_diacritics(text)
        words: list[str] = self._tokenizer(lang).tokenize(text, return_str=False, escape=False)
        return words

    def _normalizer(self, lang: str) -> Any:
        if lang not in self._normalizers:
            self._normalizers[lang] = _sacremoses().MosesPunctNormalizer(lang=lang)
        return self._normalizers[lang]

    def _tokenizer(self, lang: str) -> Any:
        if lang not in self._tokenizers:
            self._tokenizers[lang] = _sacremoses().MosesTokenizer(lang=lang)
        return self._tokenizers[lang]


def _sacremoses() -> Any:
    """Imported on first use: it costs half a second."""
    try:
        import sacremoses
    except ImportError as error:
        raise MissingDependency("Moses' rules need sacremoses: pip install sacremoses") from error
    return sacremoses
