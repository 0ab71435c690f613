"""Language modelling: which word stands where. Mirror: xlm_torch/tasks/language_modeling.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from typing import Any, ClassVar, Self, Unpack

import keras
import tensorflow as tf
from keras import ops

from xlm_core.config import XLMConfig
from xlm_core.head_inputs import are_positions, check_kept, check_same_positions
from xlm_core.inputs import BodyInputs, Given, check_shape
from xlm_core.outputs import LogitsOutput
from xlm_core.surgery.selection import check_untied

from ..adaptive_softmax import AdaptiveSoftmax
from ..generation import Generation
from ..layers import ConfiguredLayer, Embedding, Layer, dense
from ..losses import cross_entropy, labelled_cross_entropy, next_token_cross_entropy
from ..tensors import Tensor, described
from ..weights import forget_graphs, put_layer
from .base import TaskModel

EVALUATED: ContextVar[Any] = ContextVar("EVALUATED", default=None)
"""The model whose scores Keras' ``evaluate`` does not read, in its own thread: Keras hands no flag down to a call."""


class TiedDense(Layer):
    """A linear layer whose kernel is an embedding table: (…, D) -> (…, rows)."""

    def __init__(self, table: Embedding, *, name: str) -> None:
        super().__init__(name=name, made_of={})
        self.table = table
        self.bias = self.add_weight(shape=(table.embeddings.shape[0],), initializer="zeros", name="bias")

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs, the table with it."""
        return super().get_config() | {"table": keras.saving.serialize_keras_object(self.table)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """A new layer from `get_config`, with a table of its own."""
        return super().from_config({**config, "table": keras.saving.deserialize_keras_object(config["table"])})

    def call(self, states: Tensor) -> Tensor:
        """states (…, D) -> (…, rows)."""
        table, flat = ops.convert_to_tensor(self.table.embeddings), tf.reshape(states, (-1, states.shape[-1]))
        n_rows = tf.shape(flat)[0]
        scores = tf.cond(
            tf.logical_and(n_rows > FEW, n_rows < MANY),
            lambda: tf.einsum("nd,vd->nv", flat, table),
            lambda: tf.matmul(flat, table, transpose_b=True),
        )
        return tf.reshape(scores, (*ops.shape(states)[:-1], table.shape[0])) + self.bias


FEW, MANY = 2, 1024
"""Between so many rows, the product with a large table is faster as a sum over two axes: measured, up to twice."""


class PredLayer(ConfiguredLayer):
    """Scores of the vocabulary from states."""

    def __init__(self, config: XLMConfig, words: Embedding | None = None, *, name: str) -> None:
        super().__init__(config, name=name)
        if config.asm:
            self.proj = AdaptiveSoftmax(config, name="proj")
        elif config.tie_word_embeddings:
            self.proj = TiedDense(words, name="proj")  # the one case that needs words
        else:
            self.proj = dense(config, config.vocab_size, config.emb_dim, "proj")

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs, the words with it if the scores are tied to them."""
        table = getattr(self.proj, "table", None)
        return super().get_config() | {"words": keras.saving.serialize_keras_object(table)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """A new layer from `get_config`, with words of its own."""
        return super().from_config({**config, "words": keras.saving.deserialize_keras_object(config["words"])})

    def call(self, states: Tensor) -> Tensor:
        """states (B, T, D) -> (B, T, V)."""
        return self.proj(states)


class TFXLMWithLMHeadModel(Generation, TaskModel):
    """Scores of the vocabulary at every position, for masked (MLM, TLM) and for causal (CLM) models.

    The scores' weight is the word table itself, unless ``config.tie_word_embeddings`` is False. With ``config.asm`` the
    scores are an adaptive softmax's logarithms of probabilities, and have weights of their own.

    Source: Lample and Conneau 2019, sections 3.2 to 3.4.

    Example:
        >>> import tensorflow as tf
        >>> from xlm_tf import TFXLMWithLMHeadModel, XLMConfig
        >>> model = TFXLMWithLMHeadModel(XLMConfig(vocab_size=100, emb_dim=32, n_layers=2, n_heads=4))
        >>> ids = tf.constant([[0, 5, 30, 1]])
        >>> output = model(ids, labels=tf.constant([[-100, 20, -100, -100]]))
        >>> output.logits.shape, output.loss.shape.rank
        (TensorShape([1, 4, 100]), 0)
    """

    task: ClassVar[str] = "language-modeling"

    def __init__(self, config: XLMConfig, *, name: str | None = None) -> None:
        super().__init__(config, name=name)
        self.pred_layer = PredLayer(config, self.transformer.embeddings, name="pred_layer")
        self.criterion = next_token_cross_entropy if config.causal else cross_entropy

    def forward(
        self,
        input_ids: Tensor | None = None,
        *,
        labels: Tensor | None = None,
        positions: Tensor | None = None,
        logits_to_keep: int | Sequence[int] | Tensor | None = None,
        skip_logits: bool | None = None,
        return_dict: bool | None = None,
        training: bool | None = None,
        **inputs: Unpack[BodyInputs[Tensor]],
    ) -> LogitsOutput[Tensor]:
        """labels (B, T), the word wanted at each position, -100 where none is -> logits (B, T, V), loss ().

        A causal model holds each position's scores against the label to its right, so that labels may be the input ids;
        a masked model against the label at the position itself. The loss is the mean over labels other than -100, 0 if
        there are none. All else is as in `TFXLMModel.forward`.

        Scores of a large vocabulary cost more than all else. positions (B, P) gives logits (B, P, V) there alone, and
        ``logits_to_keep`` those of the last so many positions, 0 all, or of a list of positions (P,), the same in every
        text. With labels only the words where a label is are scored, and there are no logits, unless ``skip_logits`` is
        False; it is True in training, if it is None.

        Raises: InputError for positions outside the texts, none at all, and positions beside labels.

        Differs: Hugging Face's documentation says that labels are shifted, and its code never does. It gives logits in
            training, too, and knows neither ``positions`` nor ``skip_logits`` here.
        """
        check_kept(
            has_positions=positions is not None,
            has_labels=labels is not None,
            logits_to_keep=logits_to_keep,
            skip_logits=skip_logits,
        )
        texts = {"input_ids": input_ids, **inputs}
        if are_positions(logits_to_keep):
            positions, logits_to_keep = _in_every_text(logits_to_keep, texts), None
        if positions is not None:
            body = self.transformer.forward_at(positions, **texts, training=training)
        else:
            body = self.transformer(**texts, return_dict=True, training=training)
        skips = training or EVALUATED.get() is self if skip_logits is None else skip_logits
        if labels is not None and skips:
            loss = labelled_cross_entropy(
                self.pred_layer,
                self.config.vocab_size,
                body.last_hidden_state,
                labels,
                causal=self.config.causal,
                training=training,
            )
            output = LogitsOutput.after(body, loss=loss)
        else:
            logits = self.pred_layer(_last(body.last_hidden_state, logits_to_keep))
            output = LogitsOutput.after(body, logits=logits, loss=self.criterion(logits, labels))
        return output.as_asked(self._asked(return_dict, "return_dict"))

    def test_step(self, data: Any) -> Any:
        """What ``evaluate`` does with a batch: the loss reads the scores of words with labels alone."""
        before = EVALUATED.set(self)
        try:
            return super().test_step(data)
        finally:
            EVALUATED.reset(before)

    def get_output_embeddings(self) -> keras.layers.Layer:
        """The layer that scores the words."""
        return self.pred_layer.proj

    def set_output_embeddings(self, value: keras.layers.Layer) -> None:
        """Take another layer that scores the words.

        Raises: InputError if the scores' weight is not their own, or of another size.

        Differs: in Hugging Face the table of words takes its place again when the two are tied.
        """
        check_untied(self.config)
        check_shape(
            "value",
            Given(tuple(value.kernel.shape)[::-1], value.kernel.dtype),
            (self.config.vocab_size, self.config.emb_dim),
        )
        put_layer(self.pred_layer, "proj", value)
        forget_graphs(self)

    def tie_weights(self) -> None:
        """Make the scores' weight the word table."""
        if self.config.tie_word_embeddings and not self.config.asm:
            put_layer(self.pred_layer.proj, "table", self.transformer.embeddings)


def _last(states: Tensor, count: int | None) -> Tensor:
    """The states of the last so many positions, or of all. (B, T, D) -> (B, count or T, D)."""
    return states[:, -count:] if count else states


def _in_every_text(positions: Sequence[int] | Tensor, texts: Mapping[str, Any]) -> Tensor:
    """Positions that are the same in every text. (P,) -> (B, P).

    Raises: InputError unless they are a list of whole numbers.
    """
    first = texts.get("inputs_embeds") if texts["input_ids"] is None else texts["input_ids"]
    same = tf.convert_to_tensor(positions)
    check_same_positions(described("logits_to_keep", same))
    n_texts = ops.shape(first)[:1] if tf.is_tensor(first) else ()
    return tf.broadcast_to(same, (*n_texts, *ops.shape(same)))
