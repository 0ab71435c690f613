"""NumPy arrays and argparse's namespaces inside a pickle: what the parameters of the original's trainer hold.

Source: numpy's `ndarray.__reduce__` and `dtype.__reduce__`; Python's argparse.Namespace.
"""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

from .base import Array
from .pickles import Refused, Stateful

NUMERIC = re.compile(r"[?biufc]\d{1,2}")
ORDERS = ("<", ">", "|", "=")


class Namespace(Stateful):
    """Stands for `argparse.Namespace`: attributes, kept as a mapping."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def set_state(self, state: Any) -> None:
        """Take the attributes."""
        if not isinstance(state, dict) or not all(isinstance(name, str) for name in state):
            raise ValueError("its namespace has attributes that are not called by texts")
        self.values = dict(state)


class NumberType(Stateful):
    """Stands for `numpy.dtype`."""

    def __init__(self, code: Any, *_: Any) -> None:
        if not isinstance(code, str) or not NUMERIC.fullmatch(code):
            raise Refused(f"must hold numbers only; it has an array of {code!r:.80}")
        self.dtype = np.dtype(code)

    def set_state(self, state: Any) -> None:
        """Take the order of bytes."""
        if not isinstance(state, tuple) or len(state) < 2 or state[1] not in ORDERS:
            raise ValueError("it has an array of numbers in no known order of bytes")
        self.dtype = self.dtype.newbyteorder(state[1])


class NumberArray(Stateful):
    """Stands for a `numpy.ndarray`, which is in ``array`` once its state is known."""

    def __init__(self, *_: Any) -> None:
        self.array: Array = np.zeros(0)

    def set_state(self, state: Any) -> None:
        """Take shape, number format, order and numbers."""
        match state:
            case (_, tuple(shape), NumberType() as kind, bool(is_fortran), bytes(data)) if _is_shape(shape):
                pass
            case _:
                raise ValueError("it has an array that is not described as NumPy does")
        if math.prod(shape) * kind.dtype.itemsize != len(data):
            raise ValueError(f"it has an array of shape {shape!r:.80} and {len(data)} bytes")
        self.array = np.frombuffer(data, kind.dtype).reshape(shape, order="F" if is_fortran else "C")


def _is_shape(shape: tuple[Any, ...]) -> bool:
    return len(shape) <= 32 and all(type(length) is int and length >= 0 for length in shape)


def _scalar(kind: Any, data: Any) -> Any:
    """Stands for `scalar`: the number as Python has it."""
    if not isinstance(kind, NumberType) or not isinstance(data, bytes) or len(data) != kind.dtype.itemsize:
        raise ValueError("it has a number that is not described as NumPy does")
    return np.frombuffer(data, kind.dtype)[0].item()


def _encode(text: Any, encoding: Any) -> bytes:
    """Stands for `_codecs.encode`, by which old protocols write bytes."""
    if not isinstance(text, str) or encoding != "latin1":
        raise ValueError("it has bytes in an unknown encoding")
    return text.encode("latin1")


STAND_INS: dict[tuple[str, str], Any] = {
    ("_codecs", "encode"): _encode,
    ("argparse", "Namespace"): Namespace,
    ("numpy", "dtype"): NumberType,
    ("numpy", "ndarray"): NumberArray,
    **{(f"numpy.{core}.multiarray", "_reconstruct"): NumberArray for core in ("core", "_core")},
    **{(f"numpy.{core}.multiarray", "scalar"): _scalar for core in ("core", "_core")},
}
