"""Keys and values of tokens that have been read. Mirror: xlm_torch/cache.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from xlm_core.generation.caching import check_room, more_room

from .masks import attention_mask
from .tensors import Tensor, has_accelerator, is_traced

State = Mapping[str, Any]
"""The tensors of a cache: its ``keys`` and ``values`` by layer, ``padding`` and ``length``."""


class XLMCache:
    """What a causal model keeps of the tokens that it has read, so that it reads each of them once.

    ``model(input_ids, cache=cache)`` reads ids after all that the cache holds, and writes into it; what it returns is
    that of the new tokens. size: how many tokens of each text it has room for, padding included; where that is too
    little, the room is doubled. The buffers, (B, H, S, C) for each layer, are made with the first tokens. A cache is
    for inference with one model.

    Raises: InputError unless size is a whole number ≥ 1.
    """

    def __init__(self, size: int) -> None:
        self.size = check_room(size)
        self.start = self.length = tf.constant(0)
        self.padding: Tensor | None = None
        self.keys: dict[str, Tensor] = {}
        self.values: dict[str, Tensor] = {}

    @property
    def batch_size(self) -> int | None:
        """Texts; None before the first."""
        return None if self.padding is None else self.padding.shape[0]

    def positions(self, tokens: Tensor) -> Tensor:
        """tokens (B, T), or their embeddings -> (1, T), the columns that they will have."""
        return tf.range(self.length, self.length + tf.shape(tokens)[1])[None]

    def begin(self, padding: Tensor) -> Tensor:
        """Take T more tokens in. padding (B, T), True where a token is -> mask (B, 1, T, S)."""
        if not is_traced():
            self.reserve(padding.shape[1])
        if self.padding is None:
            self.padding = tf.zeros((tf.shape(padding)[0], self.size), "bool")
        self.start, self.length = self.length, self.length + tf.shape(padding)[1]
        self.padding = _copied(self.padding[..., None], padding[..., None], self.start)[..., 0]
        queries = tf.range(self.start, self.length)
        return attention_mask(self.padding, causal=True, queries=queries)

    def extend(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Keep those of the new tokens, (B, H, T, C) each, and give all, (B, H, S, C)."""
        return self._written(self.keys, layer, keys), self._written(self.values, layer, values)

    def select(self, rows: Tensor) -> None:
        """Go on with the texts of these rows, which may come several times. rows (R,)."""
        if self.padding is not None:
            self.padding = tf.gather(self.padding, rows)
        for buffers in (self.keys, self.values):
            for layer, buffer in buffers.items():
                buffers[layer] = tf.gather(buffer, rows)

    def reserve(self, count: int) -> None:
        """Make room for so many tokens more."""
        more = more_room(self.size, int(self.length) + count)
        self.size += more
        if not more or self.padding is None:
            return
        self.padding = tf.pad(self.padding, ((0, 0), (0, more)))
        for buffers in (self.keys, self.values):
            for layer, buffer in buffers.items():
                buffers[layer] = tf.pad(buffer, ((0, 0), (0, 0), (0, more), (0, 0)))

    def state(self) -> State:
        """All tensors, as a traced function is given them and gives them back."""
        return {"keys": self.keys, "values": self.values, "padding": self.padding, "length": self.length}

    @classmethod
    def of_state(cls, state: State) -> XLMCache:
        """A cache of the tensors of another."""
        cache = cls(1)
        cache.keys, cache.values = dict(state["keys"]), dict(state["values"])
        cache.padding, cache.length = state["padding"], state["length"]
        cache.size = cache.padding.shape[1]
        return cache

    def _written(self, buffers: dict[str, Tensor], layer: int, new: Tensor) -> Tensor:
        """new (B, H, T, C) -> (B, H, S, C)."""
        name = str(layer)
        is_own = name in buffers or not is_traced()  # what a graph makes itself may be a constant of it
        if name not in buffers:
            batch, heads, _, dim = tf.unstack(tf.shape(new))
            buffers[name] = tf.zeros((batch, heads, self.size, dim), new.dtype)
        write = _in_place if is_own and not has_accelerator() else _copied
        buffers[name] = write(buffers[name], new, self.start)
        return buffers[name]


def _in_place(buffer: Tensor, new: Tensor, start: Tensor) -> Tensor:
    """buffer (…, S, C), written to: new (…, T, C) from a column on."""
    rows, places, values = _as_rows(buffer, new, start)
    return tf.reshape(tf.raw_ops.InplaceUpdate(x=rows, i=places, v=values), tf.shape(buffer))


def _copied(buffer: Tensor, new: Tensor, start: Tensor) -> Tensor:
    """A copy of buffer (…, S, C) with new (…, T, C) from a column on."""
    rows, places, values = _as_rows(buffer, new, start)
    return tf.reshape(tf.tensor_scatter_nd_update(rows, places[:, None], values), tf.shape(buffer))


def _as_rows(buffer: Tensor, new: Tensor, start: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """buffer (…, S, C) as rows (n, C), and where among them the columns of new (…, T, C) belong, from one on."""
    rows, size = tf.reshape(buffer, (-1, buffer.shape[-1])), tf.shape(buffer)[-2]
    firsts = tf.range(0, tf.shape(rows)[0], size)
    places = firsts[:, None] + tf.range(start, start + tf.shape(new)[-2])
    return rows, tf.reshape(places, (-1,)), tf.reshape(new, (-1, buffer.shape[-1]))
