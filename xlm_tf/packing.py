"""Batches without padding. Mirror: xlm_torch/packing.py.

The tokens of all texts stand in one row, which every layer but attention takes for one long text. In attention, texts
of like lengths form a group and look at themselves alone. The states are those that the padded batch gives.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import tensorflow as tf

from xlm_core.data.packing import GROUPS, check_batch, check_tokens
from xlm_core.inputs import PER_TEXT

from .masks import Group, Sight, attention_mask, padding_mask
from .tensors import Tensor, described, is_traced, visible_values


class PaddedBatch(NamedTuple):
    """B texts of T positions. inputs: those of `TFXLMModel.forward`; padding (B, T): True where a token is."""

    inputs: Mapping[str, Tensor | None]
    padding: Tensor

    def unpack(self, states: Tensor) -> Tensor:
        """(B, T, D), as they are."""
        return states

    def kept(self, states: Tensor, columns: Tensor | None = None) -> Tensor:
        """0 at padding, for all columns or some (B, P). (B, T or P, D) -> the same."""
        keep = self.padding if columns is None else tf.gather(self.padding, columns, batch_dims=1)
        return states * tf.cast(keep, states.dtype)[..., None]

    @staticmethod
    def choose(states: Tensor, columns: Tensor) -> Tensor:
        """The states at some columns of each text. states (B, T, D), columns (B, P) -> (B, P, D)."""
        return tf.gather(states, columns, batch_dims=1)

    def sight(self, columns: Tensor | None = None, *, causal: bool) -> Tensor:
        """Who sees whom where all look, or some columns (B, P) alone: a mask (B, 1, T, P or 1, T)."""
        return attention_mask(self.padding, causal=causal, queries=None if columns is None else columns[:, None])


class WholeBatch(PaddedBatch):
    """B texts of T tokens, none of them padding: nothing is set to 0, nor hidden unless a model is causal."""

    __slots__ = ()

    def kept(self, states: Tensor, columns: Tensor | None = None) -> Tensor:  # no column is padding
        """All of them."""
        return states

    def sight(self, columns: Tensor | None = None, *, causal: bool) -> Tensor | None:
        """A mask as in a padded batch; None where every token sees all others."""
        return super().sight(columns, causal=causal) if causal else None


class PackedBatch(NamedTuple):
    """N tokens of B texts in a row, made by `pack`.

    inputs: those of `TFXLMModel.forward`, (1, N) each. places (B, T): where in the row the token of each position is, N
    for padding.
    """

    inputs: Mapping[str, Tensor | None]
    places: Tensor

    @property
    def n_tokens(self) -> Tensor:
        """N."""
        return tf.shape(self.inputs["position_ids"])[1]

    def unpack(self, states: Tensor) -> Tensor:
        """What belongs to each position, 0 for padding. states (1, N, D) -> (B, T, D)."""
        return _at(states, self.places)

    def kept(self, states: Tensor, columns: Tensor | None = None) -> Tensor:
        """0 at padding, which only columns (B, P) may have met. (1, N or B P, D) -> the same."""
        if columns is None:
            return states
        keep = tf.gather(self.places, columns, batch_dims=1) < self.n_tokens
        return states * tf.cast(tf.reshape(keep, (1, -1, 1)), states.dtype)

    def choose(self, states: Tensor, columns: Tensor) -> Tensor:
        """The states at some columns of each text, 0 at padding. states (1, N, D), columns (B, P) -> (1, B P, D)."""
        chosen = _at(states, tf.gather(self.places, columns, batch_dims=1))
        return tf.reshape(chosen, (1, -1, states.shape[2]))

    def sight(self, columns: Tensor | None = None, *, causal: bool) -> Sight:
        """Who sees whom where all tokens look, or those at some columns (B, P) alone, whose row is B P long."""
        chosen = None if columns is None else tf.gather(self.places, columns, batch_dims=1)
        n_queries = self.n_tokens if chosen is None else tf.size(chosen)
        groups = [self._group(texts, size, chosen, causal) for texts, size in self._alike()]
        row = tf.concat([tf.reshape(group.queries, (-1,)) for group in groups], axis=0)
        back = tf.math.unsorted_segment_max(tf.range(tf.size(row)), row, n_queries + 1)
        back = tf.maximum(back, 0)  # a text without tokens is in no group
        return Sight(tuple(self._within(group, n_queries) for group in groups), back[:n_queries])

    def _alike(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Texts (n,) of like lengths, and the longest of these; a text without tokens is in no group."""
        lengths = tf.reduce_sum(tf.cast(self.places < self.n_tokens, "int32"), axis=1)
        upper = tf.reduce_max(lengths)
        for number in range(GROUPS):
            lower = 0 if number == GROUPS - 1 else upper // 2
            texts = tf.where((lower < lengths) & (lengths <= upper))[:, 0]
            if is_traced() or len(texts):
                yield texts, tf.maximum(tf.reduce_max(tf.gather(lengths, texts)), 0)
            upper = lower

    def _group(self, texts: Tensor, size: Tensor, chosen: Tensor | None, causal: bool) -> Group:
        """The group of these texts; N, or the number of queries, stands for padding."""
        keys = tf.sort(tf.gather(self.places, texts), axis=1)[:, :size]
        looking = keys if chosen is None else tf.gather(chosen, texts)
        mask = (keys < self.n_tokens)[:, None, None]
        if causal:
            mask = mask & (keys[:, None, None] <= looking[:, None, :, None])
        return Group(keys if chosen is None else tf.gather(_numbers(chosen), texts), keys, mask)

    def _within(self, group: Group, n_queries: Tensor) -> Group:
        """The same, with tokens in place of padding: what padding sees is dropped, and what sees it is masked."""
        queries, keys = tf.minimum(group.queries, n_queries - 1), tf.minimum(group.keys, self.n_tokens - 1)
        return Group(queries, keys, group.mask)


def pack(batch: Mapping[str, Tensor]) -> PackedBatch:
    """The tokens of a batch in one row, for `TFXLMModel.forward_packed`.

    batch: inputs of `TFXLMModel.forward` by name, attention_mask or lengths among them. The host must know how many
    tokens there are, and so waits for a device.

    Raises: InputError for a batch that does not say which positions are tokens, says it twice, or has none, and for
        inputs of other shapes than the ids.

    Example:
        >>> import tensorflow as tf
        >>> from xlm_tf import TFXLMModel, XLMConfig, pack
        >>> model = TFXLMModel(XLMConfig(vocab_size=100, emb_dim=32, n_layers=2, n_heads=4))
        >>> ids = tf.constant([[0, 20, 30, 1], [0, 1, 2, 2]])
        >>> packed = pack({"input_ids": ids, "attention_mask": tf.cast(ids != 2, "int32")})
        >>> states = model.forward_packed(packed).last_hidden_state
        >>> states.shape, packed.unpack(states).shape
        (TensorShape([1, 6, 32]), TensorShape([2, 4, 32]))
    """
    size = check_batch({name: described(name, x) for name, x in batch.items() if x is not None})
    check_tokens(visible_values({name: batch.get(name) for name in ("attention_mask", "lengths")}), size)
    if batch.get("attention_mask") is not None:
        return pack_where(batch, tf.cast(batch["attention_mask"], "bool"))
    first = batch["inputs_embeds"] if batch.get("input_ids") is None else batch["input_ids"]
    return pack_where(batch, padding_mask(batch["lengths"], tf.shape(first)[1]))


def pack_where(batch: Mapping[str, Tensor | None], padding: Tensor) -> PackedBatch:
    """The same where it is known which positions are tokens. padding (B, T), True where a token is."""
    counts = tf.cumsum(tf.cast(tf.reshape(padding, (-1,)), "int32"))
    places = tf.where(padding, tf.reshape(counts, tf.shape(padding)) - 1, counts[-1])
    columns = tf.range(tf.shape(padding)[1])[None]
    given = {"position_ids": columns} | {name: x for name, x in batch.items() if x is not None and name in _PACKED}
    inputs = {name: _real(x, padding) for name, x in given.items()}
    return PackedBatch(dict.fromkeys(_PACKED) | inputs, places)


_PACKED = [name for name in PER_TEXT if name not in ("attention_mask", "lengths")]
"""The inputs that have a value for each token."""


def _real(x: Tensor, padding: Tensor) -> Tensor:
    """What an input (B or 1, T, …) says of tokens. -> (1, N, …)."""
    shape = tf.concat([tf.shape(padding), tf.shape(x)[2:]], axis=0)
    return tf.boolean_mask(tf.broadcast_to(x, shape), padding)[None]


def _numbers(chosen: Tensor) -> Tensor:
    """Where each of (B, P) is in their row. -> (B, P)."""
    return tf.reshape(tf.range(tf.size(chosen)), tf.shape(chosen))


def _at(states: Tensor, places: Tensor) -> Tensor:
    """The states at these places of the row, 0 at N. states (1, N, D), places (n, t) -> (n, t, D)."""
    filled = tf.concat([states[0], tf.zeros((1, states.shape[2]), states.dtype)], axis=0)
    return tf.gather(filled, places)
