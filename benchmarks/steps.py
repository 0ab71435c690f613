"""One variant of a workload, ready to run: what the modules of `benchmarks.workloads` make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

MOST = 4096


@dataclass(frozen=True)
class Step:
    """``run`` does the work once; its result, if it has one, is compared between variants.

    ``factor`` times the seconds of one run is what is reported, for a run that does a known part of the whole. ``note``
    is kept with the results.
    """

    run: Callable[[], Any]
    factor: float = 1.0
    note: dict[str, Any] = field(default_factory=dict)


def numbers(result: Any) -> list[float] | None:
    """Some numbers of a result, the same ones of equal results; None if it is no array or tensor."""
    if result is None:
        return None
    for method in ("detach", "float", "cpu", "numpy"):
        result = getattr(result, method)() if hasattr(result, method) else result
    flat = np.asarray(result, np.float64).ravel()
    return flat[:: max(1, len(flat) // MOST)][:MOST].tolist()


def silent(function: Callable[..., Any], *arguments: Any, **options: Any) -> Callable[[], None]:
    """A call whose result nobody compares."""

    def run() -> None:
        function(*arguments, **options)

    return run
