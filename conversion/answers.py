"""What a command has to say, for people and for programs, and how numbers and lists are laid out for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

SHOWN = 3
"""How many of many names are shown to people; programs get all."""

UNITS = ("B", "kB", "MB", "GB", "TB")


@dataclass(frozen=True)
class Answer:
    """Lines for people, a table for programs, and the exit status."""

    lines: Sequence[str]
    table: Mapping[str, Any] = field(default_factory=dict)
    status: int = 0


def size(n_bytes: int) -> str:
    """Bytes as people read them: 1,234,567 is 1.2 MB."""
    number, rank = float(n_bytes), 0
    while number >= 1000 and rank < len(UNITS) - 1:
        number, rank = number / 1000, rank + 1
    return f"{number:.1f} {UNITS[rank]}" if rank else f"{n_bytes} B"


def columns(rows: Iterable[Sequence[str]]) -> list[str]:
    """Rows of texts as lines, each column as wide as its longest text."""
    table = [tuple(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in table]


def some(names: Sequence[str]) -> str:
    """The first few of many names, and how many more there are."""
    shown = ", ".join(names[:SHOWN])
    return shown if len(names) <= SHOWN else f"{shown} and {len(names) - SHOWN} more"


def shape(lengths: Sequence[int]) -> str:
    """The lengths of an array's axes: 9014 × 256."""
    return " × ".join(map(str, lengths)) or "one number"
