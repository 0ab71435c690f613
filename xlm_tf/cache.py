"""Keys and values of tokens that have been read. Mirror: xlm_torch/cache.py."""

from __future__ import annotations

import tensorflow as tf

from xlm_core.generation.caching import check_room

from .masks import attention_mask
from .tensors import Tensor, is_traced

State = tuple[dict[int, Tensor], dict[int, Tensor], Tensor, Tensor]


class XLMCache:
    """What a causal model keeps of the tokens that it has read, so that it reads each of them once.

    ``model(input_ids, cache=cache)`` reads ids after all that the cache holds, and writes into it; what it returns is
    that of the new tokens. size: how many tokens of each text it has room for, padding included. The buffers, (B, H, S,
    C) for each layer, are made with the first tokens. A cache is for inference with one model.

    Raises: InputError unless size is a whole number ≥ 1.
    """

    def __init__(self, size: int) -> None:
        self.size = check_room(size)
        self.start = self.length = tf.constant(0)
        self.padding: Tensor | None = None
        self.keys: dict[int, Tensor] = {}
        self.values: dict[int, Tensor] = {}

    @property
    def batch_size(self) -> int | None:
        """Texts; None before the first."""
        return None if self.padding is None else self.padding.shape[0]

    @property
    def known_length(self) -> int | None:
        """Tokens of each text, with its padding; None while a graph is made."""
        return None if is_traced() else int(self.length)

    def positions(self, tokens: Tensor) -> Tensor:
        """tokens (B, T), or their embeddings -> (1, T), the columns that they will have."""
        return tf.range(self.length, self.length + tf.shape(tokens)[1])[None]

    def begin(self, padding: Tensor) -> Tensor:
        """Take T more tokens in. padding (B, T), True where a token is -> mask (B, 1, T, S)."""
        if self.padding is None:
            self.padding = tf.zeros((tf.shape(padding)[0], self.size), "bool")
        self.start, self.length = self.length, self.length + tf.shape(padding)[1]
        self.padding = _put(self.padding[..., None], padding[..., None], self.start)[..., 0]
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

    def state(self) -> State:
        """All tensors, as a traced function gives them back."""
        return self.keys, self.values, self.padding, self.length

    @classmethod
    def of_state(cls, keys: dict[int, Tensor], values: dict[int, Tensor], padding: Tensor, length: Tensor) -> XLMCache:
        """A cache of the tensors that a traced function was given."""
        cache = cls(padding.shape[1])
        cache.keys, cache.values, cache.padding, cache.length = dict(keys), dict(values), padding, length
        return cache

    def _written(self, buffers: dict[int, Tensor], layer: int, new: Tensor) -> Tensor:
        """new (B, H, T, C) -> (B, H, S, C)."""
        if layer not in buffers:
            batch, heads, _, dim = new.shape
            buffers[layer] = tf.zeros((batch, heads, self.size, dim), new.dtype)
        buffers[layer] = _put(buffers[layer], new, self.start)
        return buffers[layer]


def _put(buffer: Tensor, new: Tensor, start: Tensor) -> Tensor:
    """buffer (…, S, C) with new (…, T, C) from a column on."""
    *_, size, dim = buffer.shape
    flat = tf.reshape(buffer, (-1, dim))
    rows = tf.range(0, tf.shape(flat)[0], size)
    places = rows[:, None] + tf.range(start, start + tf.shape(new)[-2])
    written = tf.tensor_scatter_nd_update(flat, tf.reshape(places, (-1, 1)), tf.reshape(new, (-1, dim)))
    return tf.reshape(written, tf.shape(buffer))
