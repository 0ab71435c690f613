"""Token classification: a label for each token. Mirror: xlm_tf/tasks/token_classification.py."""

from __future__ import annotations

from typing import ClassVar, Unpack

from torch import Tensor, nn

from xlm_core.config import XLMConfig
from xlm_core.inputs import BodyInputs
from xlm_core.outputs import LogitsOutput

from ..layers import dense
from ..losses import cross_entropy
from .base import TaskModel


class XLMForTokenClassification(TaskModel):
    """Scores of the labels for each token, as for named entities.

    Example:
        >>> import torch
        >>> from xlm_torch import XLMConfig, XLMForTokenClassification
        >>> config = XLMConfig(vocab_size=100, emb_dim=32, n_layers=2, n_heads=4, num_labels=5)
        >>> model = XLMForTokenClassification(config).eval()
        >>> model(torch.tensor([[0, 20, 30, 1]]), labels=torch.tensor([[-100, 4, 0, -100]])).logits.shape
        torch.Size([1, 4, 5])
    """

    task: ClassVar[str] = "token-classification"

    def __init__(self, config: XLMConfig) -> None:
        super().__init__(config)
        self.dropout = nn.Dropout(config.dropout)
        self.classifier = dense(config, config.num_labels, config.emb_dim)

    def forward(
        self,
        input_ids: Tensor | None = None,
        *,
        labels: Tensor | None = None,
        return_dict: bool | None = None,
        **inputs: Unpack[BodyInputs[Tensor]],
    ) -> LogitsOutput[Tensor]:
        """labels (B, T), -100 where a token has none -> logits (B, T, N), loss ().

        All else is as in `XLMModel.forward`.
        """
        body = self.transformer(input_ids, return_dict=True, **inputs)
        logits = self.classifier(self.dropout(body.last_hidden_state))
        output = LogitsOutput.after(body, logits=logits, loss=cross_entropy(logits, labels))
        return output.as_asked(self._asked(return_dict, "return_dict"))
