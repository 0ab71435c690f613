"""The number formats that models are kept and computed in. Mirror: xlm_tf/precision.py."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from xlm_core.formats.base import FLOATS
from xlm_core.inputs import check_dtype
from xlm_core.quantization import ADVICE, HALVES, ROWS, WIDTH, speed_ratio, warn_if_slow


def precision(dtype: str | torch.dtype | None) -> torch.dtype:
    """What a caller means by a name or by the framework's own; None is what the framework is set to.

    Raises: InputError for what models do not compute in.
    """
    name = str(torch.get_default_dtype() if dtype is None else dtype).removeprefix("torch.")
    found: torch.dtype = getattr(torch, check_dtype(name, FLOATS))
    return found


def warn_of_half(dtype: torch.dtype, device: torch.device) -> None:
    """Say so, once, where half precision is slower than float32: on a CPU, never on an accelerator."""
    name = str(dtype).removeprefix("torch.")
    if name in HALVES and device.type == "cpu":
        warn_if_slow("torch", name, ADVICE, lambda: half_speed(dtype))


def half_speed(dtype: torch.dtype) -> float:
    """How many times as fast as in float32 a product is in half precision, here."""
    x, weight = measured_product()
    half = x.to(dtype), weight.to(dtype)
    with torch.inference_mode():
        return speed_ratio(lambda: F.linear(x, weight), lambda: F.linear(*half))


def measured_product() -> tuple[Tensor, Tensor]:
    """What speed is measured with, (ROWS, WIDTH) and (WIDTH, WIDTH): the numbers themselves do not matter."""
    return torch.ones(ROWS, WIDTH, dtype=torch.float32), torch.ones(WIDTH, WIDTH, dtype=torch.float32)
