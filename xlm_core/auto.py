"""Config and tokenizer under the names that programs for any model use."""

from __future__ import annotations

from typing import Any

from .config import XLMConfig
from .tokenizer import XLMTokenizer


class AutoConfig:
    """`XLMConfig`, made by `from_pretrained`."""

    @staticmethod
    def from_pretrained(*arguments: Any, **options: Any) -> XLMConfig:
        """As `XLMConfig.from_pretrained`; a config of another kind of model is refused there."""
        return XLMConfig.from_pretrained(*arguments, **options)


class AutoTokenizer:
    """`XLMTokenizer`, made by `from_pretrained`."""

    @staticmethod
    def from_pretrained(*arguments: Any, **options: Any) -> XLMTokenizer:
        """As `XLMTokenizer.from_pretrained`."""
        return XLMTokenizer.from_pretrained(*arguments, **options)
