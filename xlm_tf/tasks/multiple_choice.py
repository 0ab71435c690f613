"""Multiple choice: which of several texts fits. Mirror: xlm_torch/tasks/multiple_choice.py."""

from __future__ import annotations

from typing import Any, ClassVar, Unpack

from keras import ops

from xlm_core.config import XLMConfig
from xlm_core.inputs import PER_TEXT, BodyInputs, check_choices
from xlm_core.outputs import LogitsOutput

from ..layers import dense
from ..losses import cross_entropy
from ..summary import SequenceSummary, states_to_summarise
from ..tensors import Tensor, described
from .base import TaskModel


class TFXLMForMultipleChoice(TaskModel):
    """A score for each of K texts, say a question with each of its answers.

    Example:
        >>> import tensorflow as tf
        >>> from xlm_tf import XLMConfig, TFXLMForMultipleChoice
        >>> model = TFXLMForMultipleChoice(XLMConfig(vocab_size=100, emb_dim=32, n_layers=2, n_heads=4))
        >>> ids = tf.constant([[[0, 20, 30, 1], [0, 20, 31, 1], [0, 20, 32, 1]]])
        >>> model(ids, labels=tf.constant([1])).logits.shape
        TensorShape([1, 3])
    """

    task: ClassVar[str] = "multiple-choice"
    axes: ClassVar[tuple[None, ...]] = (None, None)  # K, T

    def __init__(self, config: XLMConfig, *, name: str | None = None) -> None:
        super().__init__(config, name=name)
        self.sequence_summary = SequenceSummary(config, name="sequence_summary")
        self.logits_proj = dense(config, 1, config.num_labels, "logits_proj")

    def forward(
        self,
        input_ids: Tensor | None = None,
        *,
        labels: Tensor | None = None,
        return_dict: bool | None = None,
        training: bool | None = None,
        **inputs: Unpack[BodyInputs[Tensor]],
    ) -> LogitsOutput[Tensor]:
        """input_ids (B, K, T), labels (B,) in [0, K) -> logits (B, K), loss ().

        The other inputs are as in `TFXLMModel.forward` with K after B, but for head_mask. So are hidden_states and
        attentions, with B and K in one axis.

        Differs: Hugging Face drops ``lengths``.
        """
        texts = {name: flat(name, x) for name, x in {"input_ids": input_ids, **inputs}.items()}
        body = states_to_summarise(self.transformer, texts, training=training)
        padding = self.transformer.padding(texts)
        scores = self.logits_proj(self.sequence_summary(body.last_hidden_state, padding, training=training))
        first = inputs["inputs_embeds"] if input_ids is None else input_ids
        logits = ops.reshape(scores, ops.shape(first)[:2])
        output = LogitsOutput.after(body, logits=logits, loss=cross_entropy(logits, labels))
        return output.as_asked(self._asked(return_dict, "return_dict"))


def flat(name: str, x: Any) -> Any:
    """An input with its two first axes in one; what has no axis for choices stays as it is. (B, K, …) -> (B K, …)."""
    if x is None or name not in PER_TEXT:
        return x
    check_choices(name, described(name, x))
    return ops.reshape(x, (-1, *ops.shape(x)[2:]))
