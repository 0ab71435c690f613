"""What a tokenizer returns: named columns of ids, as lists or as tensors."""

from __future__ import annotations

import importlib
from collections import UserDict
from collections.abc import Callable
from typing import Any, Literal, get_args

import numpy as np

from ..errors import InputError, MissingDependency

TensorType = Literal["np", "pt", "tf"]

_FRAMEWORKS = {
    "pt": ("torch", "from_numpy", "pip install 'xlm[torch]'"),
    "tf": ("tensorflow", "convert_to_tensor", "pip install 'xlm[tf]'"),
}
"""Tensor type → module, its function that takes an array, and how to get it."""


class BatchEncoding(UserDict[str, Any]):
    """Columns by name, as keys and as attributes; what ``model(**encoding)`` takes.

    A column is a list of ids (one text), a list of lists (a batch) or a tensor.

    >>> encoding = BatchEncoding({"input_ids": [[0, 20, 1]]})
    >>> encoding.convert_to_tensors("np").input_ids.shape
    (1, 3)
    """

    def __getattr__(self, name: str) -> Any:
        if name != "data" and name in self.data:
            return self.data[name]
        columns = list(self.__dict__.get("data", ()))
        raise AttributeError(f"`{name}` must be one of the columns {columns} of this {type(self).__name__}.")

    def to(self, device: Any) -> BatchEncoding:
        """Move the PyTorch tensors to a device; in place, and returns itself, as Hugging Face's does."""
        self.data = {name: value.to(device) if hasattr(value, "to") else value for name, value in self.data.items()}
        return self

    def convert_to_tensors(self, tensor_type: str | None = None, prepend_batch_axis: bool = False) -> BatchEncoding:
        """Make tensors of the lists; in place, and returns itself, as Hugging Face's does.

        None leaves the lists as they are. ``prepend_batch_axis`` makes a batch of a single text.

        Raises: InputError if the rows of a column differ in length; MissingDependency without the framework.
        """
        if tensor_type is not None:
            convert = _converter(tensor_type)
            columns = {name: [value] if prepend_batch_axis else value for name, value in self.data.items()}
            self.data = {name: convert(_to_array(value, name)) for name, value in columns.items()}
        return self


def _converter(tensor_type: str) -> Callable[[np.ndarray[Any, Any]], Any]:
    if tensor_type == "np":
        return lambda array: array
    if tensor_type not in _FRAMEWORKS:
        raise InputError(f"`return_tensors` must be one of {list(get_args(TensorType))} or None; got {tensor_type!r}.")
    module, function, advice = _FRAMEWORKS[tensor_type]
    try:
        converter: Callable[[np.ndarray[Any, Any]], Any] = getattr(importlib.import_module(module), function)
    except ImportError as error:
        raise MissingDependency(f"`return_tensors={tensor_type!r}` needs {module}: {advice}") from error
    return converter


def _to_array(rows: Any, name: str) -> np.ndarray[Any, Any]:
    """Whole numbers as int64 (B, T) or (B,); what is an array or a tensor already keeps its type."""
    if not isinstance(rows, list):
        return np.asarray(rows)
    lengths = {len(row) for row in rows if isinstance(row, list)}
    if len(lengths) > 1:
        raise InputError(
            f"`{name}` must have rows of one length to become a tensor; got lengths {sorted(lengths)}. "
            "Pass `padding=True`, and `truncation=True` with a `max_length` if texts are long."
        )
    return np.asarray(rows, dtype=np.int64)
