"""What both frameworks' encoders do before they hold a model and a tokenizer."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ..errors import InputError
from ..tokenizer import XLMTokenizer

_FETCHING = ("revision", "subfolder", "cache_dir", "token", "local_files_only")


def fetching(options: Mapping[str, Any]) -> dict[str, Any]:
    """Of the options of a model's ``from_pretrained``, those that say where its files are."""
    return {name: options[name] for name in _FETCHING if name in options}


def check_model(model: Any, expected: type) -> None:
    """Refuse what is no model of this framework.

    Raises: InputError.
    """
    if not isinstance(model, expected):
        raise InputError(
            f"`model` must be an {expected.__name__}; got a {type(model).__name__}. `from_pretrained` loads one."
        )


def find_tokenizer(tokenizer: Any) -> XLMTokenizer:
    """The tokenizer itself, or loaded from where a path or a name says.

    Raises: InputError if it is neither.
    """
    if isinstance(tokenizer, (str, os.PathLike)):
        return XLMTokenizer.from_pretrained(tokenizer)
    if not isinstance(tokenizer, XLMTokenizer):
        raise InputError(f"`tokenizer` must be an XLMTokenizer, or where to find one; got {tokenizer!r}.")
    return tokenizer
