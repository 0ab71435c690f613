"""Which kernel computes a product on this processor, found out by measuring.

No library is the fastest everywhere: it depends on the processor, the number of rows and what is computed with. So the
candidates take turns on the real weight for some milliseconds, the first time that a product of a size is asked for.
"""

from __future__ import annotations

import itertools
import math
import os
import time
from bisect import bisect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

from xlm_core.errors import InputError

COPIES = ("packed", "mkl")
"""oneDNN, and MKL, with a copy of the weight laid out for it."""

KERNELS = ("plain", "onednn", *COPIES)
"""PyTorch's own, oneDNN with the weight as it lies, and those with copies; the cheapest first."""

MODES = ("auto", *KERNELS)
"""What the choice may be fixed to, and "auto", which measures."""

VARIABLE = "XLM_KERNELS"
"""The environment variable that fixes the choice for the models of a process."""

GAIN = 0.05
"""How much faster than a cheaper kernel another must be to take its place."""

ROUNDS, SECONDS = (4, 9), 0.02
"""Each candidate runs at least and at most so often; after so long no other round begins."""

SMALLEST = 2**20
"""Multiply-adds below which nothing is measured: calling oneDNN costs more than it can gain."""

TOLERANCE = {torch.float32: 1e-5, torch.bfloat16: 2e-2, torch.float16: 2e-3}
"""How far a kernel may be from the plain one, relative to the largest number; other formats are computed plainly."""

Run = Callable[[int], Tensor]
"""Computes a product with one of several parts of a weight, by number: a large weight is not in the cache when used."""

Clock = Callable[[], float]


class Product(NamedTuple):
    """What a choice is made for.

    mode: None is what the environment says. rows: those that are measured; they stand for others, see `rows_like`.
    then: what is done with the product. threads: how many compute it.
    """

    mode: str | None
    rows: int
    in_dim: int
    out_dim: int
    dtype: torch.dtype
    then: str
    threads: int


@dataclass(frozen=True)
class Choice:
    """The kernel that runs, the one that runs where there is no packed copy, and why.

    copies: the kernels whose copy is taken if it is there, the fastest first. micros: the time of each, in µs.
    refused: what could not be taken, with the reason.
    """

    kernel: str
    without_copy: str
    reason: str
    copies: Sequence[str] = ()
    micros: Mapping[str, float] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)


def rows_like(rows: int) -> int:
    """How many rows are measured for so many: powers of two up to 16, then 64, 128, 256 and 1024."""
    return MEASURED[bisect(FIRST, rows) - 1]


FIRST, MEASURED = (1, 2, 4, 8, 16, 32, 128, 256, 512), (1, 2, 4, 8, 16, 64, 128, 256, 1024)
"""The least number of rows of each group, and the number that is measured for it."""


def check_mode(name: str, mode: object) -> str:
    """The mode, if it is one.

    Raises: InputError if it is not.
    """
    if mode not in MODES:
        raise InputError(f"`{name}` must be one of {', '.join(map(repr, MODES))}; got {mode!r}.")
    return str(mode)


def environment_mode() -> str:
    """What the environment fixes the choice to.

    Raises: InputError for what is no mode.
    """
    return check_mode(VARIABLE, os.environ.get(VARIABLE) or "auto")


def choose(
    mode: str,
    product: Product,
    candidates: Mapping[str, Callable[[], Run]],
    clock: Clock = time.perf_counter,
) -> Choice:
    """The kernel for a product. Each candidate makes ready, by name, the plain one first, and gives what is timed."""
    if mode == "auto" and product.rows * product.in_dim * product.out_dim < SMALLEST:
        return Choice("plain", "plain", "too small to gain anything")
    sound, refused = _sound(_considered(mode, candidates), TOLERANCE[product.dtype])
    if mode == "auto":
        return _measured(sound, refused, clock)
    kernel, without_copy = list(sound)[-1], [name for name in sound if name not in COPIES][-1]
    copies = [kernel] if kernel in COPIES else []
    return Choice(kernel, without_copy, refused.get(mode, "fixed"), copies, refused=refused)


def _considered(mode: str, candidates: Mapping[str, Callable[[], Run]]) -> dict[str, Callable[[], Run]]:
    """All of them, or those up to the one that the choice is fixed to."""
    last = KERNELS[-1] if mode == "auto" else mode
    wanted = KERNELS[: KERNELS.index(last) + 1]
    return {name: candidate for name, candidate in candidates.items() if name in wanted}


def _sound(candidates: Mapping[str, Callable[[], Run]], tolerance: float) -> tuple[dict[str, Run], dict[str, str]]:
    """Those that give the plain one's numbers, and what is wrong with the others."""
    sound = {"plain": candidates["plain"]()}
    refused: dict[str, str] = {}
    expected = sound["plain"](0)
    for name in (name for name in candidates if name != "plain"):
        try:
            run = candidates[name]()
            problem = _problem(run(0), expected, tolerance)
        except (RuntimeError, NotImplementedError) as error:
            problem = f"refused by the library: {str(error).splitlines()[0]}"
        if problem is None:
            sound[name] = run
        else:
            refused[name] = problem
    return sound, refused


def _problem(actual: Tensor, expected: Tensor, tolerance: float) -> str | None:
    """What is wrong with a result; None if nothing is."""
    if (actual.shape, actual.dtype) != (expected.shape, expected.dtype):
        return "gave a tensor of another kind"
    largest = float(expected.nan_to_num(0.0, 0.0, 0.0).abs().max())
    if not torch.allclose(actual, expected, rtol=0.0, atol=tolerance * largest, equal_nan=True):
        return "gave other numbers"
    return None


def _measured(sound: Mapping[str, Run], refused: Mapping[str, str], clock: Clock) -> Choice:
    """The fastest of those that can be taken."""
    if len(sound) == 1:
        return Choice("plain", "plain", "nothing else can be taken here", refused=refused)
    rounds = _rounds(sound, clock)
    times = {name: _usual([each[name] for each in rounds]) for name in sound}
    kernel = _fastest(sound, times)
    reason = "no other gains 5 %" if kernel == "plain" else f"{times['plain'] / times[kernel]:.2f} × plain"
    without_copy = _fastest([name for name in sound if name not in COPIES], times)
    sound_copies = [name for name in COPIES if name not in refused]
    copies = [] if kernel == "plain" else sorted(sound_copies, key=lambda name: times.get(name, math.inf))
    return Choice(kernel, without_copy, reason, copies, {name: 1e6 * each for name, each in times.items()}, refused)


def _usual(times: Sequence[float]) -> float:
    """The time that a third of the runs beat: others may have been held up, or found the weight in the cache."""
    return sorted(times)[len(times) // 3]


def _rounds(runs: Mapping[str, Run], clock: Clock) -> list[dict[str, float]]:
    """Seconds of each candidate, which take turns."""
    (fewest, most), start = ROUNDS, clock()
    rounds: list[dict[str, float]] = []
    while len(rounds) < fewest or (len(rounds) < most and clock() - start < SECONDS):
        parts = itertools.count(len(rounds) * len(runs))
        rounds.append({name: _seconds(run, next(parts), clock) for name, run in runs.items()})
    return rounds


def _seconds(run: Run, part: int, clock: Clock) -> float:
    start = clock()
    run(part)
    return clock() - start


def _fastest(names: Iterable[str], times: Mapping[str, float]) -> str:
    """The last, from the cheapest on, that beats the one before by `GAIN`; of two copies, the faster."""
    winner, *others = names
    for name in others:
        gain = 0.0 if winner in COPIES else GAIN
        if times[name] < times[winner] * (1 - gain):
            winner = name
    return winner
