"""Lower precision: what it is called, what it is measured by, and what cannot be done with it."""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

from .checks import check_choice
from .errors import InputError, XLMWarning

PRECISIONS = ("int8",)
"""What `quantize` makes of a model."""

SPEEDS: dict[tuple[str, str], float] = {}
"""How fast this machine computes in a framework and a precision, against float32: measured once in a process."""

HALVES = ("bfloat16", "float16")
"""The formats of sixteen bits."""

ADVICE = "Keep the model float32, or `quantize` it to int8 in PyTorch; one token at a time may be faster all the same."
"""What to do where half precision is slow."""

SLOW = 0.95
"""Under this a precision is slower than float32, not as fast but for noise."""

ROWS, WIDTH = 128, 1024
"""The product that speed is measured with: (128, 1024) by (1024, 1024)."""


@dataclass(frozen=True)
class PrecisionReport:
    """What a lower precision costs and brings, measured on this machine.

    precision: "int8". speed: how many times as fast the model is as it was, on one text of up to 128 tokens.
    memory_before, memory_after: bytes that the weights take. Quality depends on the texts and is not measured here.
    """

    precision: str
    speed: float
    memory_before: int
    memory_after: int

    def __str__(self) -> str:
        memory = f"{self.memory_before / 2**20:.1f} MiB -> {self.memory_after / 2**20:.1f} MiB"
        return f"{self.precision}: {self.speed:.2f} times as fast, weights {memory}"


def check_precision(precision: object) -> str:
    """The name of what `quantize` can make.

    Raises: InputError.
    """
    return check_choice("precision", precision, PRECISIONS)


def check_quantizable(precision: str | None, dtype: str, device: str, training: bool) -> None:
    """Refuse a model that cannot be quantised as it is.

    ``precision`` is what it has been quantised to; device: "cpu", or another, "cuda".

    Raises: InputError.
    """
    if precision is not None:
        raise InputError(f"the model must not be quantised yet; it is {precision} already. Load it again.")
    if training:
        raise InputError("the model must be in evaluation mode to be quantised; it trains. Call `eval()` first.")
    if device != "cpu":
        raise InputError(
            f"the model must be on the CPU to be quantised; it is on {device}. What works there is a model in half "
            "precision: from_pretrained(…, dtype='bfloat16')."
        )
    if dtype != "float32":
        raise InputError(
            f"the model must be float32 to be quantised; it is {dtype}. Load it with dtype='float32' and quantise that."
        )


def refuse_precision(precision: str | None, action: str) -> None:
    """Refuse what needs weights in float.

    Raises: InputError if the model has been quantised.
    """
    if precision is not None:
        raise InputError(
            f"{action} needs weights in float; the model is quantised to {precision}. Do it with the float model, "
            "which `from_pretrained` loads again, and quantise afterwards: that is quick."
        )


def warn_if_slow(framework: str, precision: str, advice: str, measure: Callable[[], float]) -> None:
    """Say once in a process that a precision is slower here than float32, by how much, and what to do.

    measure: gives the ratio; it runs where none is known.

    Source: half precision without instructions for it, and int8 without VNNI, save memory but no time.
    """
    key = (framework, precision)
    if key in SPEEDS:
        return
    SPEEDS[key] = measure()
    if SPEEDS[key] < SLOW:
        warnings.warn(
            f"{precision} saves memory, but this machine computes with it at {SPEEDS[key]:.2f} times the speed of "
            f"float32, measured with a product of {ROWS} × {WIDTH} × {WIDTH}. {advice}",
            XLMWarning,
            stacklevel=4,
        )


def speed_ratio(plain: Callable[[], object], other: Callable[[], object], rounds: int = 10) -> float:
    """How many times as fast ``other`` is: both take turns, after one call each to warm up, and the fastest count.

    What other programs do at the same time only ever makes a call slower.
    """
    for run in (plain, other):
        run()
    times = [(_seconds(plain), _seconds(other)) for _ in range(rounds)]
    return min(one for one, _ in times) / min(two for _, two in times)


def seconds(run: Callable[[], object], rounds: int = 3) -> float:
    """What a call takes, after one to warm up: the median."""
    run()
    return statistics.median(_seconds(run) for _ in range(rounds))


def _seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start
