"""Sequence classification: labels for a text. Mirror: xlm_tf/tasks/sequence_classification.py."""

from __future__ import annotations

from typing import ClassVar, Unpack

from torch import Tensor

from xlm_core.config import XLMConfig
from xlm_core.inputs import BodyInputs
from xlm_core.outputs import LogitsOutput

from ..losses import classification_loss
from ..summary import SequenceSummary, states_to_summarise
from .base import TaskModel


class XLMForSequenceClassification(TaskModel):
    """Scores of the labels for each text, or of a pair of texts.

    Source: Lample and Conneau 2019, section 5.1: a linear layer on the first state of the last layer.

    Example:
        >>> import torch
        >>> from xlm_torch import XLMConfig, XLMForSequenceClassification
        >>> config = XLMConfig(vocab_size=100, emb_dim=32, n_layers=2, n_heads=4, num_labels=3)
        >>> model = XLMForSequenceClassification(config).eval()
        >>> model(torch.tensor([[0, 20, 30, 1]]), labels=torch.tensor([2])).logits.shape
        torch.Size([1, 3])
    """

    task: ClassVar[str] = "sequence-classification"

    def __init__(self, config: XLMConfig) -> None:
        super().__init__(config)
        self.sequence_summary = SequenceSummary(config)

    def forward(
        self,
        input_ids: Tensor | None = None,
        *,
        labels: Tensor | None = None,
        return_dict: bool | None = None,
        **inputs: Unpack[BodyInputs[Tensor]],
    ) -> LogitsOutput[Tensor]:
        """labels (B,) or (B, N) -> logits (B, N), loss ().

        ``config.problem_type`` says what kind the labels are, or else they do: `xlm_core.head_inputs.problem_type`. All
        else is as in `XLMModel.forward`.

        Differs: Hugging Face writes what the first labels looked like into the config.
        """
        texts = {"input_ids": input_ids, **inputs}
        body = states_to_summarise(self.transformer, texts)
        padding = self.transformer.padding(texts)
        logits = self.sequence_summary(body.last_hidden_state, padding)
        output = LogitsOutput.after(body, logits=logits, loss=classification_loss(self.config, logits, labels))
        return output.as_asked(self._asked(return_dict, "return_dict"))
