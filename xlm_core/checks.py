"""Checks of what callers give to pipelines and encoders."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from .errors import InputError, VocabularyError


def check_positive(name: str, value: object) -> int:
    """A whole number ≥ 1.

    Raises: InputError, naming the argument.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InputError(f"`{name}` must be a whole number ≥ 1; got {value!r}.")
    return value


def check_not_negative(name: str, value: object) -> int:
    """A whole number ≥ 0.

    Raises: InputError, naming the argument.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise InputError(f"`{name}` must be a whole number ≥ 0; got {value!r}.")
    return value


def check_top_k(top_k: object, most: int) -> int:
    """How many results to give: what was asked for, or as many as there are.

    Raises: InputError unless it is a whole number ≥ 1.
    """
    return min(check_positive("top_k", top_k), most)


def check_choice(name: str, value: object, allowed: Collection[str]) -> str:
    """One of the allowed names.

    Raises: InputError, naming the argument.
    """
    if isinstance(value, str) and value in allowed:
        return value
    raise InputError(f"`{name}` must be one of {list(allowed)}; got {value!r}.")


def check_vocabulary(n_pieces: int, vocab_size: int) -> None:
    """A tokenizer must not give ids that the model has no row for.

    Raises: VocabularyError if it has more pieces than the model.
    """
    if n_pieces > vocab_size:
        raise VocabularyError(
            f"the tokenizer must have at most `vocab_size` = {vocab_size} pieces, as the model has; got {n_pieces}. "
            "Use the tokenizer of the checkpoint."
        )


def check_text(text: Any, name: str = "a text") -> str:
    """The text itself, once it is known to be one.

    Raises: InputError.
    """
    if isinstance(text, str):
        return text
    raise InputError(f"{name} must be a string; got {shown(text)}, a {type(text).__name__}.")


def shown(value: object) -> str:
    """A value as an error shows it: not the whole of a long one."""
    text = repr(value[:60]) if isinstance(value, (str, bytes)) else repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
