"""Fields of the configuration that check themselves: a default, and what else may stand there.

Each maker returns a dataclass field whose rule is read by `check`; so a field and its limits are one line.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import Field, dataclass, field, fields
from typing import Any

from .errors import ConfigError, XLMError


@dataclass(frozen=True)
class Rule:
    """What a field may hold: values of ``types`` within [low, high], or one of ``choices``; None if ``optional``."""

    types: tuple[type, ...]
    expected: str
    low: float = -math.inf
    high: float = math.inf
    choices: tuple[str, ...] = ()
    optional: bool = False

    def allows(self, value: object) -> bool:
        """Whether a field may hold this."""
        if value is None:
            return self.optional
        if self.choices:
            return value in self.choices
        if not isinstance(value, self.types) or (isinstance(value, bool) and bool not in self.types):
            return False
        return not isinstance(value, (int, float)) or self.low <= value <= self.high


def whole(default: int | None, low: int = 0, *, optional: bool = False) -> Any:
    """A whole number ≥ low."""
    return _ruled(default, Rule((int,), f"a whole number ≥ {low}", low=low, optional=optional))


def real(default: float | None, low: float = 0.0, high: float = math.inf, *, optional: bool = False) -> Any:
    """A finite number in [low, high]."""
    limits = f"≥ {low:g}" if high == math.inf else f"from {low:g} to {high:g}"
    rule = Rule((int, float), f"a number {limits}", low=low, high=min(high, 1e300), optional=optional)
    return _ruled(default, rule)


def flag(default: bool) -> Any:
    """True or False; the strings "true" and "false" are not."""
    return _ruled(default, Rule((bool,), "True or False"))


def choice(default: str | None, choices: Sequence[str], *, optional: bool = False) -> Any:
    """One of a few words."""
    return _ruled(default, Rule((str,), f"one of {sorted(choices)}", choices=tuple(choices), optional=optional))


def text(default: str | None = None) -> Any:
    """A string or None."""
    return _ruled(default, Rule((str,), "a string", optional=True))


def table() -> Any:
    """A mapping or None."""
    return _ruled(None, Rule((Mapping,), "a mapping", optional=True))


def listing() -> Any:
    """A list, a tuple or None."""
    return _ruled(None, Rule((list, tuple), "a list", optional=True))


def check(instance: Any, error: type[XLMError] = ConfigError) -> None:
    """Hold every field of a dataclass instance against its rule.

    Raises: ConfigError, or another error, naming the first field that breaks it.
    """
    for each in fields(instance):
        rule = each.metadata.get("rule")
        value = getattr(instance, each.name)
        if rule is not None and not rule.allows(value):
            none = " or None" if rule.optional else ""
            raise error(f"`{each.name}` must be {rule.expected}{none}; got {value!r}.")


def _ruled(default: Any, rule: Rule) -> Field[Any]:
    made: Field[Any] = field(default=default, metadata={"rule": rule})
    return made
