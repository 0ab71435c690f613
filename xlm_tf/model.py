"""The body: embeddings and L transformer layers. Mirror: xlm_torch/model.py."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from xlm_core.config import XLMConfig
from xlm_core.data.packing import Packing, check_packable, check_packing, pays
from xlm_core.generation.caching import check_cache
from xlm_core.head_inputs import check_chosen, check_positions
from xlm_core.inputs import Given, all_inputs, check_shapes, check_values, explain_failure
from xlm_core.outputs import BaseModelOutput

from .attention import MultiHeadAttention
from .cache import XLMCache
from .checkpointing import computed
from .feed_forward import FeedForward
from .layers import embedding, layer_norm, positions
from .masks import Sight, is_whole, padding_mask
from .packing import PackedBatch, PaddedBatch, WholeBatch, pack_where
from .pretrained import TFXLMPreTrainedModel
from .tensors import Tensor, described, is_traced, visible_values
from .weights import forget_graphs


class TFXLMModel(TFXLMPreTrainedModel):
    """XLM without a head: token ids in, one vector per token out.

    Source: Lample and Conneau 2019, section 3.1; each layer normalises after adding, as in Vaswani et al. 2017.

    Example:
        >>> import tensorflow as tf
        >>> from xlm_tf import TFXLMModel, XLMConfig
        >>> model = TFXLMModel(XLMConfig(vocab_size=100, emb_dim=32, n_layers=2, n_heads=4))
        >>> model(tf.constant([[0, 20, 30, 1]])).last_hidden_state.shape
        TensorShape([1, 4, 32])
    """

    def __init__(self, config: XLMConfig, *, name: str | None = None) -> None:
        super().__init__(config, name=name)
        self.position_embeddings = positions(config, "position_embeddings")
        self.lang_embeddings = (
            embedding(config, config.n_langs, "lang_embeddings") if config.has_lang_embeddings else None
        )
        self.embeddings = embedding(config, config.vocab_size, "embeddings", padding_idx=config.pad_index)
        self.layer_norm_emb = layer_norm(config, "layer_norm_emb")
        layers = range(config.n_layers)
        self.attentions = [MultiHeadAttention(config, i, name=f"attentions.{i}") for i in layers]
        self.layer_norm1 = [layer_norm(config, f"layer_norm1.{i}") for i in layers]
        self.ffns = [FeedForward(config, name=f"ffns.{i}") for i in layers]
        self.layer_norm2 = [layer_norm(config, f"layer_norm2.{i}") for i in layers]
        self.dropout = keras.layers.Dropout(config.dropout)
        self.compute = computed
        self.packing: Packing = "auto"

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
        training: bool | None = None,
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
        need_weights = self._asked(output_attentions, "output_attentions")
        batch = self._laid_out(tensors, cache, need_weights, training)
        states, weights = self._states(
            batch,
            cache=cache,
            head_mask=head_mask,
            training=training,
            need_weights=need_weights,
            need_states=self._asked(output_hidden_states, "output_hidden_states"),
        )
        return _output(map(batch.unpack, states), weights).as_asked(self._asked(return_dict, "return_dict"))

    def forward_packed(
        self,
        batch: PackedBatch,
        *,
        head_mask: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
        training: bool | None = None,
    ) -> BaseModelOutput[Tensor]:
        """The N tokens of `pack` -> last_hidden_state (1, N, D), which ``batch.unpack`` lays out as (B, T, D).

        All else is as in `forward`, of whose numbers these are.

        Raises: InputError if attentions are asked for, and as `forward` does.
        """
        check_packable(output_attentions=self._asked(output_attentions, "output_attentions"))
        self._check(all_inputs({**batch.inputs, "head_mask": head_mask}), None)
        need_states = self._asked(output_hidden_states, "output_hidden_states")
        states, _ = self._states(batch, head_mask=head_mask, need_states=need_states, training=training)
        return _output(states, []).as_asked(self._asked(return_dict, "return_dict"))

    def forward_at(self, positions: Tensor, *, training: bool | None = None, **inputs: Any) -> BaseModelOutput[Tensor]:
        """The states at some positions of each text alone: positions (B, P) -> last_hidden_state (B, P, D).

        The last layer is computed for these only, unless states of all layers, attentions or a cache are asked for.
        The inputs are those of `forward`.

        Raises: InputError for positions outside the texts, or none at all; and as `forward` does.
        """
        names = ("output_attentions", "output_hidden_states")
        flags = {name: self._asked(inputs.pop(name, None), name) for name in names}
        cache = inputs.pop("cache", None)
        tensors = all_inputs(inputs)
        self._check_chosen(positions, tensors)
        if any(flags.values()) or cache is not None:
            body = self(**inputs, **flags, cache=cache, return_dict=True, training=training)
            return replace(body, last_hidden_state=PaddedBatch.choose(body.last_hidden_state, positions))
        self._check(tensors, None)
        batch = self._laid_out(tensors, None, need_weights=False, training=training)
        states, _ = self._states(batch, head_mask=tensors["head_mask"], positions=positions, training=training)
        return BaseModelOutput(
            last_hidden_state=tf.reshape(states[-1], (*tf.unstack(tf.shape(positions)), states[-1].shape[-1]))
        )

    def set_packing(self, mode: Packing) -> None:
        """Whether batches are computed without their padding.

        ``"auto"``: where there is no gradient, on a CPU, if so much is padding that it pays. ``"sequences"``: always,
        in training, too. ``"never"``. Attentions and a cache need the padding, as does a graph that is being made.

        Raises: InputError for another word.
        """
        self.packing = check_packing(mode)
        forget_graphs(self)

    def _laid_out(
        self, tensors: dict[str, Tensor | None], cache: XLMCache | None, need_weights: bool, training: bool | None
    ) -> PaddedBatch | PackedBatch:
        """The batch as it is computed: with its padding, without it, or as one that has none."""
        padding = self.padding(tensors)
        if cache is None and not need_weights and self._packs(padding, training):
            return pack_where(tensors, padding)
        batch = WholeBatch if is_whole(padding) else PaddedBatch
        return batch(self._placed(tensors, cache), padding)

    def _packs(self, padding: Tensor, training: bool | None) -> bool:
        """Whether to compute without padding. padding (B, T)."""
        if self.packing == "never" or (is_traced() and self.packing == "auto"):
            return False
        if self.packing == "sequences":
            return is_traced() or bool(tf.reduce_any(padding))
        if training:
            return False
        real = visible_values({"padding": padding}).get("padding")
        return real is not None and pays(int(real.sum()), real.size, self.config.emb_dim)

    def _states(
        self,
        batch: PaddedBatch | PackedBatch,
        *,
        cache: XLMCache | None = None,
        head_mask: Tensor | None = None,
        need_weights: bool = False,
        need_states: bool = False,
        positions: Tensor | None = None,
        training: bool | None = None,
    ) -> tuple[list[Tensor], list[Tensor]]:
        """The states after each layer, or the last alone, at some positions or at all; and the weights, if needed."""
        x = batch.kept(self._embed(batch.inputs, training))
        mask = batch.sight(causal=self.config.causal) if cache is None else cache.begin(batch.padding)
        states, attentions, columns = [x], [], None
        for layer in range(self.config.n_layers):
            if positions is not None and layer == self.config.n_layers - 1:
                mask, columns = batch.sight(positions, causal=self.config.causal), positions
            heads = head_mask[layer] if head_mask is not None and head_mask.shape.rank == 2 else head_mask
            compute = partial(self._layer, layer, batch, mask, columns, need_weights, cache, training)
            x, *weights = self.compute(self, compute, x, heads)
            states = [*states, x] if need_states else [x]
            attentions.extend(weights)
        return states, attentions

    def _layer(
        self,
        layer: int,
        batch: PaddedBatch | PackedBatch,
        mask: Tensor | Sight | None,
        columns: Tensor | None,
        need_weights: bool,
        cache: XLMCache | None,
        training: bool | None,
        x: Tensor,
        heads: Tensor | None = None,
    ) -> tuple[Tensor, ...]:
        """Attention, then feed-forward. x (B, T, D), heads (H,) -> (B, T, D), and weights (B, H, T, S) if needed."""
        queries = x if columns is None else batch.choose(x, columns)
        context, weights = self.attentions[layer](
            x, mask, queries=queries, head_mask=heads, need_weights=need_weights, cache=cache, training=training
        )
        x = self.layer_norm1[layer](queries + self.dropout(context, training=training))
        x = batch.kept(self.layer_norm2[layer](x + self.ffns[layer](x, training=training)), columns)
        return (x,) if weights is None else (x, weights)

    def _check(self, tensors: dict[str, Tensor | None], cache: XLMCache | None) -> None:
        """Shapes first, then the values that no look-up would stumble over; in a graph only shapes are known."""
        given = {name: described(name, x) for name, x in tensors.items() if x is not None}
        size = check_shapes(self.config, given)
        check_cache(self.config, cache, XLMCache, _batch_size(given))
        silent = {name: tensors[name] for name in ("attention_mask", "lengths", "langs")}
        check_values(self.config, visible_values(silent), size)

    def _check_chosen(self, positions: Tensor, tensors: dict[str, Tensor | None]) -> None:
        """Positions of the texts, by shape, and by value where that can be seen."""
        known = {"positions": positions} | {name: tensors[name] for name in ("input_ids", "inputs_embeds")}
        given = {name: described(name, x) for name, x in known.items() if x is not None}
        check_positions(visible_values({"positions": positions}), check_chosen(self.config, given))

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
            return ops.cast(mask, "bool")
        if lengths is not None:
            return padding_mask(lengths, ops.shape(first)[1])
        if ids is None:
            return ops.ones(ops.shape(first)[:2], dtype="bool")
        return padding_mask(ops.sum(ops.cast(ids != self.config.pad_index, "int32"), axis=1), ops.shape(first)[1])

    def _embed(self, tensors: dict[str, Tensor | None], training: bool | None) -> Tensor:
        """The sum of what was given, normalised. -> (B, T, D)."""
        try:
            x = self._sum_of_tables(tensors)
        except tf.errors.InvalidArgumentError as error:
            raise explain_failure(self.config, visible_values(tensors)) from error
        return self.dropout(self.layer_norm_emb(x), training=training)

    def _sum_of_tables(self, tensors: dict[str, Tensor | None]) -> Tensor:
        """-> (B, T, D)."""
        words = tensors["inputs_embeds"]
        if words is None:
            words = self.embeddings(tensors["input_ids"])
        positions = tensors["position_ids"]
        if positions is None:
            positions = ops.arange(ops.shape(words)[1])
        x = words + self.position_embeddings(positions)
        if tensors["langs"] is not None and self.lang_embeddings is not None:
            x = x + self.lang_embeddings(tensors["langs"])
        if tensors["token_type_ids"] is not None:
            x = x + self.embeddings(tensors["token_type_ids"])
        return x


def _output(states: Iterable[Tensor], attentions: Sequence[Tensor]) -> BaseModelOutput[Tensor]:
    """What there is of the states of all layers, or the last one's alone, and of their weights."""
    states = tuple(states)
    return BaseModelOutput(
        last_hidden_state=states[-1],
        hidden_states=states if len(states) > 1 else None,
        attentions=tuple(attentions) or None,
    )


def _batch_size(given: Mapping[str, Given]) -> int | None:
    """B."""
    first = given.get("input_ids") or given["inputs_embeds"]
    return first.shape[0]
