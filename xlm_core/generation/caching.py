"""What a cache of keys and values must be, whichever framework keeps them."""

from __future__ import annotations

from typing import Protocol

from ..config import XLMConfig
from ..errors import InputError


class Cache(Protocol):
    """What is to be known of a framework's cache."""

    @property
    def batch_size(self) -> int | None:
        """Texts; None before the first."""
        ...


def check_room(size: object) -> int:
    """How many tokens a cache is to hold.

    Raises: InputError unless it is a whole number ≥ 1.
    """
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        raise InputError(f"`size` of a cache must be a whole number ≥ 1; got {size!r}.")
    return size


def more_room(size: int, needed: int) -> int:
    """How much larger a cache must become to hold so many tokens; it is doubled as often as that takes."""
    larger = size
    while larger < needed:
        larger *= 2
    return larger - size


def check_cache(config: XLMConfig, cache: object, cls: type[Cache], batch_size: int | None) -> None:
    """Refuse a cache for a model that cannot use one, and one of other texts.

    cls: the framework's. batch_size: of the tokens.

    Raises: InputError.
    """
    if cache is None:
        return
    if not config.causal:
        raise InputError(
            f"`cache` must be None for a model that is not causal; got {type(cache).__name__}. What its tokens are "
            "depends on those that follow."
        )
    if not isinstance(cache, cls):
        raise InputError(f"`cache` must be an XLMCache or None; got {type(cache).__name__}.")
    if None not in (cache.batch_size, batch_size) and cache.batch_size != batch_size:
        raise InputError(f"`cache` must hold as many texts as there are, {batch_size}; it holds {cache.batch_size}.")
