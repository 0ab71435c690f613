"""Multiple choice: which of several texts fits. Mirror: xlm_tf/tasks/multiple_choice.py."""

from __future__ import annotations

from typing import Any, ClassVar, Unpack

from torch import Tensor

from xlm_core.config import XLMConfig
from xlm_core.inputs import PER_TEXT, BodyInputs, check_choices
from xlm_core.outputs import LogitsOutput

from ..layers import dense
from ..losses import cross_entropy
from ..summary import SequenceSummary, states_to_summarise
from ..tensors import described
from .base import TaskModel


class XLMForMultipleChoice(TaskModel):
    """A score for each of K texts, say a question with each of its answers.

    Example:
        >>> import torch
        >>> from xlm_torch import XLMConfig, XLMForMultipleChoice
        >>> model = XLMForMultipleChoice(XLMConfig(vocab_size=100, emb_dim=32, n_layers=2, n_heads=4)).eval()
        >>> ids = torch.tensor([[[0, 20, 30, 1], [0, 20, 31, 1], [0, 20, 32, 1]]])
        >>> model(ids, labels=torch.tensor([1])).logits.shape
        torch.Size([1, 3])
    """

    task: ClassVar[str] = "multiple-choice"

    def __init__(self, config: XLMConfig) -> None:
        super().__init__(config)
        self.sequence_summary = SequenceSummary(config)
        self.logits_proj = dense(config, 1, config.num_labels)

    def forward(
        self,
        input_ids: Tensor | None = None,
        *,
        labels: Tensor | None = None,
        return_dict: bool | None = None,
        **inputs: Unpack[BodyInputs[Tensor]],
    ) -> LogitsOutput[Tensor]:
        """input_ids (B, K, T), labels (B,) in [0, K) -> logits (B, K), loss ().

        The other inputs are as in `XLMModel.forward` with K after B, but for head_mask. So are hidden_states and
        attentions, with B and K in one axis.

        Differs: Hugging Face drops ``lengths``.
        """
        texts = {name: flat(name, x) for name, x in {"input_ids": input_ids, **inputs}.items()}
        body = states_to_summarise(self.transformer, texts)
        padding = self.transformer.padding(texts)
        scores = self.logits_proj(self.sequence_summary(body.last_hidden_state, padding))
        first = inputs["inputs_embeds"] if input_ids is None else input_ids
        logits = scores.reshape(first.shape[:2])
        output = LogitsOutput.after(body, logits=logits, loss=cross_entropy(logits, labels))
        return output.as_asked(self._asked(return_dict, "return_dict"))


def flat(name: str, x: Any) -> Any:
    """An input with its two first axes in one; what has no axis for choices stays as it is. (B, K, …) -> (B K, …)."""
    if x is None or name not in PER_TEXT:
        return x
    check_choices(name, described(name, x))
    return x.flatten(0, 1)
