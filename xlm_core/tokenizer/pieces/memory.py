"""Answers that are kept: bounded, without a lock, and carried by no copy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

CACHE_SIZE = 200_000

_Answer = TypeVar("_Answer")


class Memory(Generic[_Answer]):
    """The answers of a function of strings, each computed once as long as there is room.

    ``table[question]`` is the answer, remembered or computed. Read ``table`` anew for each text: when it is full, a
    fresh one takes its place, and the old one stays as it is for threads that are still reading it. At most ``size``
    answers are kept, of questions of at most ``longest`` characters; a ``size`` of 0 keeps none.
    """

    def __init__(self, compute: Callable[[str], _Answer], size: int, longest: int) -> None:
        self.compute = compute
        self.size = size
        self.longest = longest if size else -1
        self.table: Table[_Answer] = Table(self)


class Table(dict[str, _Answer]):
    """A dictionary that computes what it lacks."""

    __slots__ = ("_memory",)

    def __init__(self, memory: Memory[_Answer]) -> None:
        self._memory = memory

    def __missing__(self, question: str) -> _Answer:
        memory = self._memory
        answer = memory.compute(question)
        if len(question) <= memory.longest:
            table = memory.table
            if len(table) >= memory.size:
                table = memory.table = Table(memory)
            table[question] = answer
        return answer
