"""Language modelling: which word stands where. Mirror: xlm_torch/tasks/language_modeling.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self, Unpack

import keras
from keras import ops

from xlm_core.config import XLMConfig
from xlm_core.inputs import BodyInputs, Given, check_shape
from xlm_core.outputs import LogitsOutput
from xlm_core.surgery.selection import check_untied

from ..adaptive_softmax import AdaptiveSoftmax
from ..generation import Generation
from ..layers import ConfiguredLayer, Embedding, Layer, dense
from ..losses import cross_entropy, next_token_cross_entropy
from ..tensors import Tensor
from ..weights import forget_graphs, put_layer
from .base import TaskModel


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
        return ops.matmul(states, ops.transpose(self.table.embeddings)) + self.bias


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
        return_dict: bool | None = None,
        training: bool | None = None,
        **inputs: Unpack[BodyInputs[Tensor]],
    ) -> LogitsOutput[Tensor]:
        """labels (B, T), the word wanted at each position, -100 where none is -> logits (B, T, V), loss ().

        A causal model holds each position's scores against the label to its right, so that labels may be the input ids;
        a masked model against the label at the position itself. The loss is the mean over labels other than -100, 0 if
        there are none. All else is as in `TFXLMModel.forward`.

        Differs: Hugging Face's documentation says that labels are shifted, and its code never does.
        """
        body = self.transformer(input_ids, return_dict=True, training=training, **inputs)
        logits = self.pred_layer(body.last_hidden_state)
        output = LogitsOutput.after(body, logits=logits, loss=self.criterion(logits, labels))
        return output.as_asked(self._asked(return_dict, "return_dict"))

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
