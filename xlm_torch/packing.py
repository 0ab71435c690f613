"""Batches without padding. Mirror: xlm_tf/packing.py.

The tokens of all texts stand in one row, which every layer but attention takes for one long text. In attention, texts
of like lengths form a group and look at themselves alone. The states are those that the padded batch gives.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from xlm_core.data.packing import GROUPS, check_batch, check_tokens
from xlm_core.inputs import PER_TEXT

from .masks import Group, Sight, attention_mask, padding_mask
from .tensors import described, visible_values


class PaddedBatch(NamedTuple):
    """B texts of T positions. inputs: those of `XLMModel.forward`; padding (B, T): True where a token is."""

    inputs: Mapping[str, Tensor | None]
    padding: Tensor

    def unpack(self, states: Tensor) -> Tensor:
        """(B, T, D), as they are."""
        return states

    def kept(self, states: Tensor, columns: Tensor | None = None) -> Tensor:
        """0 at padding, for all columns or some (B, P). (B, T or P, D) -> the same."""
        keep = self.padding if columns is None else self.padding.gather(1, columns)
        return states * keep[..., None]

    @staticmethod
    def choose(states: Tensor, columns: Tensor) -> Tensor:
        """The states at some columns of each text. states (B, T, D), columns (B, P) -> (B, P, D)."""
        return states.gather(1, columns[..., None].expand(-1, -1, states.shape[2]))

    def sight(self, columns: Tensor | None = None, *, causal: bool) -> Tensor:
        """Who sees whom where all look, or some columns (B, P) alone: a mask (B, 1, T, P or 1, T)."""
        return attention_mask(self.padding, causal=causal, queries=None if columns is None else columns[:, None])


class WholeBatch(PaddedBatch):
    """B texts of T tokens, none of them padding: nothing is set to 0, nor hidden unless a model is causal."""

    __slots__ = ()

    def kept(self, states: Tensor, columns: Tensor | None = None) -> Tensor:
        """All of them."""
        return states

    def sight(self, columns: Tensor | None = None, *, causal: bool) -> Tensor | None:
        """A mask as in a padded batch; None where every token sees all others."""
        return super().sight(columns, causal=causal) if causal else None


class PackedBatch(NamedTuple):
    """N tokens of B texts in a row, made by `pack`.

    inputs: those of `XLMModel.forward`, (1, N) each. places (B, T): where in the row the token of each position is, N
    for padding.
    """

    inputs: Mapping[str, Tensor | None]
    places: Tensor

    @property
    def n_tokens(self) -> int:
        """N."""
        return self.inputs["position_ids"].shape[1]

    def unpack(self, states: Tensor) -> Tensor:
        """What belongs to each position, 0 for padding. states (1, N, D) -> (B, T, D)."""
        return _at(states, self.places)

    def kept(self, states: Tensor, columns: Tensor | None = None) -> Tensor:
        """0 at padding, which only columns (B, P) may have met. (1, N or B P, D) -> the same."""
        if columns is None:
            return states
        return states * (self.places.gather(1, columns) < self.n_tokens).view(1, -1, 1)

    def choose(self, states: Tensor, columns: Tensor) -> Tensor:
        """The states at some columns of each text, 0 at padding. states (1, N, D), columns (B, P) -> (1, B P, D)."""
        return _at(states, self.places.gather(1, columns)).flatten(0, 1)[None]

    def sight(self, columns: Tensor | None = None, *, causal: bool) -> Sight:
        """Who sees whom where all tokens look, or those at some columns (B, P) alone, whose row is B P long."""
        chosen = None if columns is None else self.places.gather(1, columns)
        n_queries = self.n_tokens if chosen is None else chosen.numel()
        groups = [self._group(texts, size, chosen, causal) for texts, size in self._alike()]
        row = torch.cat([group.queries.flatten() for group in groups])
        back = row.new_zeros(n_queries + 1).scatter(0, row, torch.arange(len(row), device=row.device))
        return Sight(tuple(self._within(group, n_queries) for group in groups), back[:n_queries])

    def _alike(self) -> Iterator[tuple[Tensor, int]]:
        """Texts (n,) of like lengths, and the longest of these; a text without tokens is in no group."""
        lengths = (self.places < self.n_tokens).sum(dim=1)
        upper = int(lengths.max())
        for number in range(GROUPS):
            lower = 0 if number == GROUPS - 1 else upper // 2
            texts = ((lower < lengths) & (lengths <= upper)).nonzero()[:, 0]
            if len(texts):
                yield texts, int(lengths[texts].max())
            upper = lower

    def _group(self, texts: Tensor, size: int, chosen: Tensor | None, causal: bool) -> Group:
        """The group of these texts; N, or the number of queries, stands for padding."""
        keys = self.places[texts].sort(dim=1).values[:, :size]
        looking = keys if chosen is None else chosen[texts]
        mask = (keys < self.n_tokens)[:, None, None]
        if causal:
            mask = mask & (keys[:, None, None] <= looking[:, None, :, None])
        return Group(keys if chosen is None else _numbers(chosen)[texts], keys, mask)

    def _within(self, group: Group, n_queries: int) -> Group:
        """The same, with tokens in place of padding: what padding sees is dropped, and what sees it is masked."""
        return Group(group.queries.clamp(max=n_queries - 1), group.keys.clamp(max=self.n_tokens - 1), group.mask)


def pack(batch: Mapping[str, Tensor]) -> PackedBatch:
    """The tokens of a batch in one row, for `XLMModel.forward_packed`.

    batch: inputs of `XLMModel.forward` by name, attention_mask or lengths among them. The host must know how many
    tokens there are, and so waits for a device.

    Raises: InputError for a batch that does not say which positions are tokens, says it twice, or has none, and for
        inputs of other shapes than the ids.

    Example:
        >>> import torch
        >>> from xlm_torch import XLMConfig, XLMModel, pack
        >>> model = XLMModel(XLMConfig(vocab_size=100, emb_dim=32, n_layers=2, n_heads=4)).eval()
        >>> ids = torch.tensor([[0, 20, 30, 1], [0, 1, 2, 2]])
        >>> packed = pack({"input_ids": ids, "attention_mask": (ids != 2).long()})
        >>> states = model.forward_packed(packed).last_hidden_state
        >>> states.shape, packed.unpack(states).shape
        (torch.Size([1, 6, 32]), torch.Size([2, 4, 32]))
    """
    size = check_batch({name: described(name, x) for name, x in batch.items() if x is not None})
    check_tokens(visible_values({name: batch.get(name) for name in ("attention_mask", "lengths")}), size)
    if batch.get("attention_mask") is not None:
        return pack_where(batch, batch["attention_mask"].bool())
    first = batch["inputs_embeds"] if batch.get("input_ids") is None else batch["input_ids"]
    return pack_where(batch, padding_mask(batch["lengths"], first.shape[1]))


def pack_where(batch: Mapping[str, Tensor | None], padding: Tensor) -> PackedBatch:
    """The same where it is known which positions are tokens. padding (B, T), True where a token is."""
    n_tokens = padding.sum()
    places = torch.where(padding, padding.flatten().cumsum(0).view_as(padding) - 1, n_tokens)
    columns = torch.arange(padding.shape[1], device=padding.device)[None]
    given = {"position_ids": columns} | {name: x for name, x in batch.items() if x is not None and name in _PACKED}
    inputs = {name: _real(x, padding) for name, x in given.items()}
    return PackedBatch(dict.fromkeys(_PACKED) | inputs, places)


_PACKED = [name for name in PER_TEXT if name not in ("attention_mask", "lengths")]
"""The inputs that have a value for each token."""


def _real(x: Tensor, padding: Tensor) -> Tensor:
    """What an input (B or 1, T, …) says of tokens. -> (1, N, …)."""
    return x.expand(*padding.shape, *x.shape[2:])[padding][None]


def _numbers(chosen: Tensor) -> Tensor:
    """Where each of (B, P) is in their row. -> (B, P)."""
    return torch.arange(chosen.numel(), device=chosen.device).view_as(chosen)


def _at(states: Tensor, places: Tensor) -> Tensor:
    """The states at these places of the row, 0 at N. states (1, N, D), places (n, t) -> (n, t, D)."""
    filled = torch.cat([states[0], states.new_zeros(1, states.shape[2])])
    return filled.index_select(0, places.flatten()).unflatten(0, places.shape)
