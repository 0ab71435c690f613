"""The body: embeddings and L transformer layers. Mirror: xlm_tf/model.py."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from xlm_core.config import XLMConfig
from xlm_core.generation.caching import check_cache
from xlm_core.inputs import Given, check_shapes, check_values, explain_failure
from xlm_core.outputs import BaseModelOutput

from .attention import MultiHeadAttention
from .cache import XLMCache
from .checkpointing import computed
from .feed_forward import FeedForward
from .layers import embedding, layer_norm, positions
from .masks import attention_mask as visible
from .masks import padding_mask
from .pretrained import XLMPreTrainedModel
from .tensors import described, is_traced, visible_values


class XLMModel(XLMPreTrainedModel):
    """XLM without a head: token ids in, one vector per token out.

    Source: Lample and Conneau 2019, section 3.1; each layer normalises after adding, as in Vaswani et al. 2017.

    Example:
        >>> import torch
        >>> from xlm_torch import XLMConfig, XLMModel
        >>> model = XLMModel(XLMConfig(vocab_size=100, emb_dim=32, n_layers=2, n_heads=4)).eval()
        >>> model(torch.tensor([[0, 20, 30, 1]])).last_hidden_state.shape
        torch.Size([1, 4, 32])
    """

    def __init__(self, config: XLMConfig) -> None:
        super().__init__(config)
        self.position_embeddings = positions(config)
        self.lang_embeddings = embedding(config, config.n_langs) if config.has_lang_embeddings else None
        self.embeddings = embedding(config, config.vocab_size, padding_idx=config.pad_index)
        self.layer_norm_emb = layer_norm(config)
        layers = range(config.n_layers)
        self.attentions = nn.ModuleList(MultiHeadAttention(config, i) for i in layers)
        self.layer_norm1 = nn.ModuleList(layer_norm(config) for _ in layers)
        self.ffns = nn.ModuleList(FeedForward(config) for _ in layers)
        self.layer_norm2 = nn.ModuleList(layer_norm(config) for _ in layers)
        self.dropout = nn.Dropout(config.dropout)
        self.compute = computed

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        langs: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        position_ids: Tensor | None = None,
        lengths: Tensor | None = None,
        cache: XLMCache | None = None,
        head_mask: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> BaseModelOutput[Tensor]:
        """input_ids (B, T) or inputs_embeds (B, T, D) -> last_hidden_state (B, T, D), 0 at padding.

        attention_mask (B, T): 1 where a token is, 0 where padding is. Without it the first ``lengths`` (B,) positions
        of each text are tokens; without both, as many as there are ids other than ``config.pad_index``. langs,
        token_type_ids and position_ids (B, T) add rows of their tables; token types are rows of the *word* table, as in
        Hugging Face. head_mask (H,) or (L, H) multiplies the attention probabilities of each head. Batches and texts
        may be empty. A causal model with a cache reads the inputs after all that the cache holds, which is written to:
        its padding is known, and positions go on counting columns unless position_ids say otherwise.

        Raises: InputError naming the argument that is impossible; TypeError for an argument that does not exist.

        Differs: a misspelt argument, langs for a model without languages, a head mask for other layers and masks other
            than 0 and 1 are computed with in Hugging Face. A causal model does not look at padding here.
        """
        tensors = {
            "input_ids": input_ids,
            "attention_mask": attention_mask,
            "langs": langs,
            "token_type_ids": token_type_ids,
            "position_ids": position_ids,
            "lengths": lengths,
            "head_mask": head_mask,
            "inputs_embeds": inputs_embeds,
        }
        self._check(tensors, cache)
        padding = self.padding(tensors)
        keep = padding[..., None]
        x = self._embed(self._placed(tensors, cache)) * keep
        mask = visible(padding, causal=self.config.causal) if cache is None else cache.begin(padding)
        need_weights = self._asked(output_attentions, "output_attentions")
        states, attentions = [x], []
        for layer in range(self.config.n_layers):
            heads = head_mask[layer] if head_mask is not None and head_mask.ndim == 2 else head_mask
            compute = partial(self._layer, layer, mask, keep, need_weights, cache)
            x, *weights = self.compute(self, compute, x, heads)
            states.append(x)
            attentions.extend(weights)
        output = BaseModelOutput(
            last_hidden_state=x,
            hidden_states=tuple(states) if self._asked(output_hidden_states, "output_hidden_states") else None,
            attentions=tuple(attentions) if need_weights else None,
        )
        return output.as_asked(self._asked(return_dict, "return_dict"))

    def _layer(
        self,
        layer: int,
        mask: Tensor,
        keep: Tensor,
        need_weights: bool,
        cache: XLMCache | None,
        x: Tensor,
        heads: Tensor | None = None,
    ) -> tuple[Tensor, ...]:
        """Attention, then feed-forward. x (B, T, D), heads (H,) -> (B, T, D), and weights (B, H, T, S) if needed."""
        context, weights = self.attentions[layer](x, mask, head_mask=heads, need_weights=need_weights, cache=cache)
        x = self.layer_norm1[layer](x + self.dropout(context))
        x = self.layer_norm2[layer](x + self.ffns[layer](x)) * keep
        return (x,) if weights is None else (x, weights)

    def _check(self, tensors: dict[str, Tensor | None], cache: XLMCache | None) -> None:
        """Shapes first, then the values that no look-up would stumble over; nothing while a graph is made."""
        if is_traced():
            return
        given = {name: described(name, x) for name, x in tensors.items() if x is not None}
        size = check_shapes(self.config, given)
        check_cache(self.config, cache, XLMCache, *_sizes(given))
        silent = {name: tensors[name] for name in ("attention_mask", "lengths", "langs")}
        check_values(self.config, visible_values(silent), size)

    def _placed(self, tensors: dict[str, Tensor | None], cache: XLMCache | None) -> dict[str, Tensor | None]:
        """The inputs, with positions that follow those of a cache."""
        if cache is None or tensors["position_ids"] is not None:
            return tensors
        first = tensors["inputs_embeds"] if tensors["input_ids"] is None else tensors["input_ids"]
        return tensors | {"position_ids": cache.positions(first)}

    def padding(self, inputs: Mapping[str, Any]) -> Tensor:
        """What `forward` takes for padding, given its inputs by name. -> (B, T), True where a token is."""
        ids, mask, lengths = (inputs.get(name) for name in ("input_ids", "attention_mask", "lengths"))
        first = inputs["inputs_embeds"] if ids is None else ids
        if mask is not None:
            return mask.bool()
        if lengths is not None:
            return padding_mask(lengths, first.shape[1])
        if ids is None:
            return torch.ones(first.shape[:2], dtype=torch.bool, device=first.device)
        return padding_mask((ids != self.config.pad_index).sum(dim=1), first.shape[1])

    def _embed(self, tensors: dict[str, Tensor | None]) -> Tensor:
        """The sum of what was given, normalised. -> (B, T, D)."""
        try:
            x = self._sum_of_tables(tensors)
        except IndexError as error:
            raise explain_failure(self.config, visible_values(tensors)) from error
        return self.dropout(self.layer_norm_emb(x))

    def _sum_of_tables(self, tensors: dict[str, Tensor | None]) -> Tensor:
        """-> (B, T, D)."""
        words = tensors["inputs_embeds"]
        if words is None:
            words = self.embeddings(tensors["input_ids"])
        words = words.to(self.dtype)
        positions = tensors["position_ids"]
        if positions is None:
            positions = torch.arange(words.shape[1], device=words.device)
        x = words + self.position_embeddings(positions)
        if tensors["langs"] is not None and self.lang_embeddings is not None:
            x = x + self.lang_embeddings(tensors["langs"])
        if tensors["token_type_ids"] is not None:
            x = x + self.embeddings(tensors["token_type_ids"])
        return x


def _sizes(given: Mapping[str, Given]) -> tuple[int | None, int | None]:
    """B and T."""
    first = given.get("input_ids") or given["inputs_embeds"]
    return first.shape[0], first.shape[1]
