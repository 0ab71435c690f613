"""Columns as arrays, and as tensors of the framework that is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, Literal, get_args

import numpy as np

from ...errors import InputError, MissingDependency

TensorType = Literal["np", "pt", "tf"]
Array = np.ndarray[Any, Any]

_FRAMEWORKS = {
    "pt": ("torch", "from_numpy", "pip install 'xlm[torch]'"),
    "tf": ("tensorflow", "convert_to_tensor", "pip install 'xlm[tf]'"),
}
"""Tensor type → module, its function that takes an array, and how to get it."""


def converter(tensor_type: str) -> Callable[[Array], Any]:
    """The function that makes tensors of arrays.

    Raises: InputError for an unknown type, MissingDependency without the framework.
    """
    if tensor_type == "np":
        return lambda array: array
    if tensor_type not in _FRAMEWORKS:
        raise InputError(f"`return_tensors` must be one of {list(get_args(TensorType))} or None; got {tensor_type!r}.")
    module, function, advice = _FRAMEWORKS[tensor_type]
    try:
        convert: Callable[[Array], Any] = getattr(importlib.import_module(module), function)
    except ImportError as error:
        raise MissingDependency(f"`return_tensors={tensor_type!r}` needs {module}: {advice}") from error
    return convert


def type_of(value: Any) -> str | None:
    """Which tensors a value is, or is a list of; None for plain lists and numbers."""
    if isinstance(value, list | tuple):
        return next((kind for item in value if (kind := type_of(item))), None)
    if isinstance(value, np.ndarray | np.generic):
        return "np"
    module = type(value).__module__.partition(".")[0]
    return {"torch": "pt", "tensorflow": "tf"}.get(module)


def to_array(rows: Any, name: str) -> Array:
    """Whole numbers as int64 (B, T), (B,) or, where a token has two, (B, T, 2); what is an array keeps its type.

    Raises: InputError if rows differ in length.
    """
    if not isinstance(rows, list):
        return np.asarray(rows)
    lengths = {len(row) for row in rows if isinstance(row, list)}
    if len(lengths) > 1:
        raise InputError(
            f"`{name}` must have rows of one length to become a tensor; got lengths {sorted(lengths)}. "
            "Pass `padding=True`, and `truncation=True` with a `max_length` if texts are long."
        )
    return np.asarray(rows, dtype=np.int64)


def to_lists(value: Any) -> Any:
    """Arrays, tensors and tuples as lists, to any depth, in dictionaries, too."""
    if hasattr(value, "numpy") and not hasattr(value, "tolist"):
        value = value.numpy()
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, dict):
        return {name: to_lists(item) for name, item in value.items()}
    return [to_lists(item) for item in value] if isinstance(value, list | tuple) else value
