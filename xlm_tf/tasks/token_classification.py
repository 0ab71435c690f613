"""Token classification: a label for each token. Mirror: xlm_torch/tasks/token_classification.py."""

from __future__ import annotations

from typing import ClassVar, Unpack

import keras

from xlm_core.config import XLMConfig
from xlm_core.inputs import BodyInputs
from xlm_core.outputs import LogitsOutput

from ..layers import dense
from ..losses import cross_entropy
from ..tensors import Tensor
from .base import TaskModel


class TFXLMForTokenClassification(TaskModel):
    """Scores of the labels for each token, as for named entities.

    Example:
        >>> import tensorflow as tf
        >>> from xlm_tf import XLMConfig, TFXLMForTokenClassification
        >>> config = XLMConfig(vocab_size=100, emb_dim=32, n_layers=2, n_heads=4, num_labels=5)
        >>> model = TFXLMForTokenClassification(config)
        >>> model(tf.constant([[0, 20, 30, 1]]), labels=tf.constant([[-100, 4, 0, -100]])).logits.shape
        TensorShape([1, 4, 5])
    """

    task: ClassVar[str] = "token-classification"

    def __init__(self, config: XLMConfig, *, name: str | None = None) -> None:
        super().__init__(config, name=name)
        self.dropout = keras.layers.Dropout(config.dropout)
        self.classifier = dense(config, config.num_labels, config.emb_dim, "classifier")

    def forward(
        self,
        input_ids: Tensor | None = None,
        *,
        labels: Tensor | None = None,
        return_dict: bool | None = None,
        training: bool | None = None,
        **inputs: Unpack[BodyInputs[Tensor]],
    ) -> LogitsOutput[Tensor]:
        """labels (B, T), -100 where a token has none -> logits (B, T, N), loss ().

        All else is as in `TFXLMModel.forward`.
        """
        body = self.transformer(input_ids, return_dict=True, training=training, **inputs)
        logits = self.classifier(self.dropout(body.last_hidden_state, training=training))
        output = LogitsOutput.after(body, logits=logits, loss=cross_entropy(logits, labels))
        return output.as_asked(self._asked(return_dict, "return_dict"))
