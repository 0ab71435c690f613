"""Small linear layers with a kernel of one's choice, and a look at what oneDNN is asked for."""

from __future__ import annotations

from typing import Any

import torch

from tolerances import assert_close
from xlm_torch.kernel_choice import Choice
from xlm_torch.kernels import Linear
from xlm_torch.packed import Operators, find_mkl, find_onednn

COPYING = ("packed",) if find_mkl() is None else ("packed", "mkl")
FAST = ("onednn", *COPYING)


class Recorder:
    """The libraries' operators, and how often they were asked for products and copies."""

    def __init__(self) -> None:
        self.products, self.copies = 0, 0
        self.libraries = {"ONEDNN": Recorded(self, find_onednn()), "MKL": Recorded(self, find_mkl())}

    def spoil(self) -> None:
        """Let all products be wrong."""
        for library in self.libraries.values():
            library.error = 1


class Recorded:
    """A library's operators, which tell the recorder."""

    def __init__(self, recorder: Recorder, operators: Operators | None) -> None:
        self.recorder, self.operators, self.error = recorder, operators, 0

    def linear(self, *arguments: Any) -> torch.Tensor:
        self.recorder.products += 1
        return self.operators.linear(*arguments).add_(self.error)

    def pack(self, *arguments: Any) -> torch.Tensor:
        self.recorder.copies += 1
        return self.operators.pack(*arguments)


def fixed(mode: str, **changes: Any) -> Linear:
    """A layer 5 -> 3 whose kernel is this one."""
    torch.manual_seed(0)
    layer = Linear(5, 3, **changes).eval()
    layer.kernels = mode
    return layer


def given(rows: int = 4) -> torch.Tensor:
    return torch.linspace(-1, 1, rows * 5).sin().view(rows, 5)


def run(layer: torch.nn.Module, x: torch.Tensor | None = None) -> torch.Tensor:
    with torch.inference_mode():
        return layer(given() if x is None else x)


def plain(layer: Any, x: torch.Tensor | None = None) -> torch.Tensor:
    with torch.inference_mode():
        return torch.nn.functional.linear(given() if x is None else x, layer.weight, layer.bias)


def assert_plain_numbers(layer: Any) -> None:
    assert_close(run(layer), plain(layer), "scores")


def packed_choice() -> Choice:
    """What a test takes for measured."""
    return Choice("packed", "onednn", "the test says so")
