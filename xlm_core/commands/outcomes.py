"""What texts become, bad ones among them, and where it goes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from ..errors import InputError, XLMError
from .streams import RawText

T = TypeVar("T")


@dataclass(frozen=True)
class Outcome:
    """What a text became: a value, mostly a line to print, or what was wrong with it."""

    value: Any = None
    fault: str | None = None


def each_alone(items: Iterable[RawText], compute: Callable[[RawText], T]) -> list[Outcome]:
    """What becomes of each; a fault in one is no fault of the others."""
    return [_alone(item, compute) for item in items]


def together(items: Sequence[RawText], compute: Callable[[Sequence[RawText]], Iterable[T]]) -> Iterator[Outcome]:
    """What becomes of texts that are computed together, in order.

    If one of them is at fault each half is computed for itself, and so on, until it stands alone.
    """
    try:
        values = list(compute(items))
    except XLMError as error:
        if len(items) == 1:
            yield _fault(items[0], error)
            return
        middle = len(items) // 2
        yield from together(items[:middle], compute)
        yield from together(items[middle:], compute)
    else:
        yield from map(Outcome, values)


def deliver(found: Iterable[Outcome], program: str, *, keep_going: bool, write: Callable[[Any], object] = print) -> int:
    """Write the values; the exit status. A fault ends it, or is told on standard error and counted at the end.

    Raises: InputError for the first fault, unless ``keep_going``.
    """
    n_faults = 0
    for outcome in found:
        if outcome.fault is None:
            write(outcome.value)
            continue
        sys.stdout.flush()
        if not keep_going:
            raise InputError(outcome.fault)
        n_faults += 1
        print(f"{program}: {outcome.fault}", file=sys.stderr)
    if n_faults:
        print(f"{program}: {n_faults} left out", file=sys.stderr)
    return int(n_faults > 0)


def all_or_none(found: Iterable[Outcome]) -> list[Outcome]:
    """The outcomes, if all are good; or the first fault alone."""
    outcomes = []
    for outcome in found:
        if outcome.fault is not None:
            return [outcome]
        outcomes.append(outcome)
    return outcomes


def _alone(item: RawText, compute: Callable[[RawText], Any]) -> Outcome:
    try:
        return Outcome(compute(item))
    except XLMError as error:
        return _fault(item, error)


def _fault(item: RawText, error: XLMError) -> Outcome:
    fault = str(error)
    return Outcome(fault=fault if fault.startswith(item.name) else f"{item.name}: {fault}")
