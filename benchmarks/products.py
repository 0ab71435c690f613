"""Products of matrices (M, K) × (K, N) by PyTorch's libraries, as a linear layer computes them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional as F

from benchmarks.peers.torch_models import threads

LARGE = [(2048, 2048, 2048), (1024, 1024, 4096), (1024, 4096, 1024)]
"""Shapes M, K, N at which a machine shows what it can."""


@dataclass(frozen=True)
class Product:
    """One product: by whom, how many GFLOP, and the call."""

    kind: str
    work: float
    run: Callable[[], Any]


def plain(x: torch.Tensor, weight: torch.Tensor) -> Callable[[], Any]:
    """What `torch.nn.Linear` calls: MKL for float32, oneDNN for bfloat16."""
    return lambda: F.linear(x, weight)


def unpacked(x: torch.Tensor, weight: torch.Tensor) -> Callable[[], Any]:
    """oneDNN, from the weight as it is."""
    return lambda: torch.ops.mkldnn._linear_pointwise(x, weight, None, "none", [], "")  # noqa: SLF001


def packed(x: torch.Tensor, weight: torch.Tensor) -> Callable[[], Any]:
    """oneDNN, from a copy of the weight in the order that it likes."""
    return unpacked(x, torch.ops.mkldnn._reorder_linear_weight(weight, len(x)))  # noqa: SLF001


def integers(x: torch.Tensor, weight: torch.Tensor) -> Callable[[], Any]:
    """8-bit numbers, summed in 32 bits."""
    left, right = (each.clamp(-3, 3).mul(40).round().to(torch.int8) for each in (x, weight.T.contiguous()))
    return lambda: torch._int_mm(left, right)  # noqa: SLF001


KINDS = {"plain": plain, "unpacked": unpacked, "packed": packed, "integers": integers}


def product(kind: str, shape: tuple[int, int, int], dtype: str = "float32") -> Product:
    """One of KINDS on random numbers; ``dtype`` is of no concern to integers."""
    torch.set_num_threads(threads())
    rows, inner, outer = shape
    numbers = torch.float32 if kind == "integers" else getattr(torch, dtype)
    x, weight = torch.randn(rows, inner, dtype=numbers), torch.randn(outer, inner, dtype=numbers)
    with torch.inference_mode():
        call = KINDS[kind](x, weight)
    return Product(kind, 2 * rows * inner * outer / 1e9, torch.inference_mode()(call))


def fastest() -> Product:
    """The one with the most operations a second, of the large shapes in float32."""
    each = [product(kind, shape) for kind in ("plain", "unpacked", "packed") for shape in LARGE]
    return max(each, key=lambda one: one.work / seconds(one.run))


def seconds(run: Callable[[], Any], rounds: int = 5) -> float:
    """The shortest of a few runs."""
    run()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)
