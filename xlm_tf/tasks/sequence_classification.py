"""Sequence classification: labels for a text. Mirror: xlm_torch/tasks/sequence_classification.py."""

from __future__ import annotations

from typing import ClassVar, Unpack

from xlm_core.config import XLMConfig
from xlm_core.inputs import BodyInputs
from xlm_core.outputs import LogitsOutput

from ..losses import classification_loss
from ..summary import SequenceSummary, states_to_summarise
from ..tensors import Tensor
from .base import TaskModel


class TFXLMForSequenceClassification(TaskModel):
    """Scores of the labels for each text, or of a pair of texts.

    Source: Lample and Conneau 2019, section 5.1: a linear layer on the first state of the last layer.

    Example:
        >>> import tensorflow as tf
        >>> from xlm_tf import XLMConfig, TFXLMForSequenceClassification
        >>> config = XLMConfig(vocab_size=100, emb_dim=32, n_layers=2, n_heads=4, num_labels=3)
        >>> model = TFXLMForSequenceClassification(config)
        >>> model(tf.constant([[0, 20, 30, 1]]), labels=tf.constant([2])).logits.shape
        TensorShape([1, 3])
    """

    task: ClassVar[str] = "sequence-classification"

    def __init__(self, config: XLMConfig, *, name: str | None = None) -> None:
        super().__init__(config, name=name)
        self.sequence_summary = SequenceSummary(config, name="sequence_summary")

    def forward(
        self,
        input_ids: Tensor | None = None,
        *,
        labels: Tensor | None = None,
        return_dict: bool | None = None,
        training: bool | None = None,
        **inputs: Unpack[BodyInputs[Tensor]],
    ) -> LogitsOutput[Tensor]:
        """labels (B,) or (B, N) -> logits (B, N), loss ().

        ``config.problem_type`` says what kind the labels are, or else they do: `xlm_core.head_inputs.problem_type`. All
        else is as in `TFXLMModel.forward`.

        Differs: Hugging Face writes what the first labels looked like into the config.
        """
        texts = {"input_ids": input_ids, **inputs}
        body = states_to_summarise(self.transformer, texts, training=training)
        padding = self.transformer.padding(texts)
        logits = self.sequence_summary(body.last_hidden_state, padding, training=training)
        output = LogitsOutput.after(body, logits=logits, loss=classification_loss(self.config, logits, labels))
        return output.as_asked(self._asked(return_dict, "return_dict"))
