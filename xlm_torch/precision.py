"""The number formats that models are kept and computed in. Mirror: xlm_tf/precision.py."""

from __future__ import annotations

import torch

from xlm_core.formats.base import FLOATS
from xlm_core.inputs import check_dtype


def precision(dtype: str | torch.dtype | None) -> torch.dtype:
    """What a caller means by a name or by the framework's own; None is what the framework is set to.

    Raises: InputError for what models do not compute in.
    """
    name = str(torch.get_default_dtype() if dtype is None else dtype).removeprefix("torch.")
    found: torch.dtype = getattr(torch, check_dtype(name, FLOATS))
    return found
