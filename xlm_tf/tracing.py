"""A model's calls as graphs, each made once. No mirror: PyTorch computes as it is called.

A graph takes batches and texts of every size, so that there are no more of them than sets of inputs and of things that
are asked for. Those of XLA take one size each; for them batches are padded up to a few sizes.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from xlm_core.config import XLMConfig
from xlm_core.data.packing import may_pay
from xlm_core.data.padding import PADDED

from .tensors import has_accelerator

Function = Callable[..., Any]

_OPEN_AXES: dict[int, tuple[int, ...]] = {0: (), 1: (0,), 2: (0, 1), 3: (0, 1), 4: (0, 2)}
"""The axes whose sizes differ between calls, by rank: those of (B,), (B, T), (B, T, D), and a cache's (B, H, S, C)."""


class Graphs:
    """The graphs of one model, as long as it stays what it is."""

    def __init__(self, model: Any) -> None:
        self.variables, self.kind = list[keras.Variable](model.variables), _kind(model)
        self.functions: dict[tuple[Function, bool], Any] = {}
        self.made = set[Any]()

    @property
    def count(self) -> int:
        """How many graphs have been made."""
        return sum(each.experimental_get_tracing_count() for each in self.functions.values())

    def are_of(self, model: Any) -> bool:
        """Whether the model is still the same: pruning, resizing and adapters give it other variables."""
        now = model.variables
        same = len(now) == len(self.variables) and all(map(operator.is_, now, self.variables))
        return same and _kind(model) == self.kind

    def function(self, model: Any, function: Function, *, jit_compile: bool) -> Any:
        """What makes and keeps the graphs of a function of the model."""
        key = (function, jit_compile)
        if key not in self.functions:
            options = {"jit_compile": jit_compile, "reduce_retracing": not jit_compile, "autograph": False}
            self.functions[key] = tf.function(partial(function, model), **options)
        return self.functions[key]


def traced(model: Any, function: Function, *tensors: Mapping[str, Any], jit_compile: bool = False, **asked: Any) -> Any:
    """``function(model, *tensors, **asked)``, computed as a graph.

    tensors: by name, whatever their sizes; other names have a graph of their own, as has each value of what is asked.
    """
    if model.graphs is None or not model.graphs.are_of(model):
        model.graphs = Graphs(model)
    graph = model.graphs.function(model, function, jit_compile=jit_compile)
    call = (function, *map(tuple, tensors), *asked.items())
    if not jit_compile and call not in model.graphs.made:
        graph.get_concrete_function(*tf.nest.map_structure(_of_any_size, tensors), **asked)
        model.graphs.made.add(call)
    return graph(*tensors, **asked)


def padded(config: XLMConfig, batch: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """A batch with padding up to one of a few sizes, empty texts last. batch: with an ``attention_mask``.

    There are sizes for 1, 2, 4, 8, … texts of up to 8, 16, …, 64, 80, 96, … tokens.
    """
    texts, size = batch["input_ids"].shape
    step = 8 if size <= 64 else 16
    columns = min(-(-size // step) * step, config.max_position_embeddings) - size
    rows = (1 << (texts - 1).bit_length()) - texts
    return {
        name: np.pad(
            array,
            ((0, rows), (0, columns if name in PADDED else 0)),
            constant_values=config.pad_index if name == "input_ids" else 0,
        )
        for name, array in batch.items()
    }


def may_pack(model: Any) -> bool:
    """Whether a graph of the model may leave out padding where that pays: XLA, replicas and accelerators need it."""
    body = model.base_model
    is_plain = not (model.jit_compile or tf.distribute.has_strategy() or has_accelerator())
    return is_plain and body.packing == "auto" and may_pay(model.config.emb_dim)


@contextmanager
def without_padding(model: Any, packed: bool) -> Iterator[None]:
    """Calls of the model that are traced inside leave the padding of a batch out, if asked to."""
    body = model.base_model
    mode = body.packing
    body.packing = "sequences" if packed else mode
    try:
        yield
    finally:
        body.packing = mode


def _of_any_size(tensor: tf.Tensor) -> tf.TensorSpec:
    """What a tensor is, but for the sizes that differ between calls."""
    shape = tensor.shape.as_list()
    axes = _OPEN_AXES[len(shape)]
    return tf.TensorSpec([None if axis in axes else size for axis, size in enumerate(shape)], tensor.dtype)


def _kind(model: Any) -> tuple[Any, ...]:
    """What graphs are made with besides variables."""
    body = model.base_model
    return model.config, body.packing, body.precision
