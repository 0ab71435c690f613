"""Keys and values of tokens that have been read. Mirror: xlm_tf/cache.py."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from xlm_core.generation.caching import check_room, more_room

from .masks import attention_mask, is_whole


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
        self.start = self.length = 0
        self.padding: Tensor | None = None
        self.is_whole = True
        self.keys: dict[int, Tensor] = {}
        self.values: dict[int, Tensor] = {}

    @property
    def batch_size(self) -> int | None:
        """Texts; None before the first."""
        return None if self.padding is None else self.padding.shape[0]

    def positions(self, tokens: Tensor) -> Tensor:
        """tokens (B, T), or their embeddings -> (1, T), the columns that they will have."""
        return torch.arange(self.length, self.length + tokens.shape[1], device=tokens.device)[None]

    def begin(self, padding: Tensor) -> Tensor | None:
        """Take T more tokens in. padding (B, T), True where a token is -> mask (B, 1, T, S); None where all see all."""
        self.reserve(padding.shape[1])
        if self.padding is None:
            self.padding = padding.new_zeros(padding.shape[0], self.size)
        self.start, self.length = self.length, self.length + padding.shape[1]
        self.padding[:, self.start : self.length] = padding
        self.is_whole = self.is_whole and is_whole(padding)
        if self.is_whole and padding.shape[1] == 1:
            return None
        queries = torch.arange(self.start, self.length, device=padding.device)
        return attention_mask(self.padding[:, : self.length], causal=True, queries=queries)

    def extend(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Keep those of the new tokens, (B, H, T, C) each, and give all, (B, H, S, C)."""
        return self._written(self.keys, layer, keys), self._written(self.values, layer, values)

    def select(self, rows: Tensor) -> None:
        """Go on with the texts of these rows, which may come several times. rows (R,)."""
        if self.padding is not None:
            self.padding = self.padding[rows]
        for buffers in (self.keys, self.values):
            for layer, buffer in buffers.items():
                buffers[layer] = buffer[rows]

    def reserve(self, count: int) -> None:
        """Make room for so many tokens more."""
        more = more_room(self.size, self.length + count)
        self.size += more
        if not more or self.padding is None:
            return
        self.padding = F.pad(self.padding, (0, more))
        for buffers in (self.keys, self.values):
            for layer, buffer in buffers.items():
                buffers[layer] = F.pad(buffer, (0, 0, 0, more))

    def _written(self, buffers: dict[int, Tensor], layer: int, new: Tensor) -> Tensor:
        """new (B, H, T, C) -> (B, H, S, C)."""
        if layer not in buffers:
            buffers[layer] = new.new_empty(*new.shape[:2], self.size, new.shape[3])
        buffers[layer][:, :, self.start : self.length] = new
        return buffers[layer][:, :, : self.length]
