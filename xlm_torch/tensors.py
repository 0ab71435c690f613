"""What can be said of a tensor before computing with it. Mirror: xlm_tf/tensors.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from xlm_core.errors import InputError
from xlm_core.inputs import Given


def is_traced() -> bool:
    """Whether a graph is being made rather than values computed."""
    return torch.compiler.is_compiling() or torch.jit.is_tracing()


def described(name: str, tensor: Any) -> Given:
    """Shape and kind of an argument.

    Raises: InputError if it is no tensor.
    """
    if not isinstance(tensor, Tensor):
        raise InputError(f"`{name}` must be a tensor; got {type(tensor).__name__}. Wrap it: torch.tensor(…).")
    return Given(tuple(tensor.shape), str(tensor.dtype).removeprefix("torch."))


def visible_values(tensors: Mapping[str, Tensor | None]) -> dict[str, np.ndarray]:
    """The values that can be read without waiting for a device: those of tensors on the CPU that have values."""
    if is_traced():
        return {}
    values = {name: _values(x) for name, x in tensors.items() if x is not None and x.device.type == "cpu"}
    return {name: array for name, array in values.items() if array is not None}


def _values(tensor: Tensor) -> np.ndarray | None:
    """None for a stand-in of PyTorch's, whose shape alone is known: in `FakeTensorMode` and inside `torch.func`."""
    try:
        return tensor.detach().numpy()
    except RuntimeError:
        return None


def check_device(device: str | torch.device | None) -> str | torch.device | None:
    """A device, once it is known to be there; None leaves the choice to the framework.

    Raises: InputError.
    """
    if device is None:
        return None
    try:
        torch.empty(0, device=device)
    except (AssertionError, NotImplementedError, RuntimeError) as error:  # each kind of device has an error of its own
        reason = str(error).partition("\n")[0]
        raise InputError(f"`device` must be a device of this machine; got {str(device)!r}. {reason}") from error
    return device
