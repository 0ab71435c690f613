"""Language modelling: which word stands where. Mirror: xlm_tf/tasks/language_modeling.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Unpack

import torch
from torch import Tensor, nn

from xlm_core.config import XLMConfig
from xlm_core.head_inputs import are_positions, check_kept, check_same_positions
from xlm_core.inputs import BodyInputs, Given, check_shape
from xlm_core.outputs import LogitsOutput
from xlm_core.surgery.selection import check_untied

from ..adaptive_softmax import AdaptiveSoftmax
from ..generation import Generation
from ..layers import dense
from ..losses import cross_entropy, labelled_cross_entropy, next_token_cross_entropy
from ..tensors import described, is_traced
from .base import TaskModel


class PredLayer(nn.Module):
    """Scores of the vocabulary from states."""

    def __init__(self, config: XLMConfig) -> None:
        super().__init__()
        self.proj = AdaptiveSoftmax(config) if config.asm else dense(config, config.vocab_size, config.emb_dim)

    def forward(self, states: Tensor) -> Tensor:
        """states (B, T, D) -> (B, T, V)."""
        return self.proj(states)


class XLMWithLMHeadModel(Generation, TaskModel):
    """Scores of the vocabulary at every position, for masked (MLM, TLM) and for causal (CLM) models.

    The scores' weight is the word table itself, unless ``config.tie_word_embeddings`` is False. With ``config.asm`` the
    scores are an adaptive softmax's logarithms of probabilities, and have weights of their own.

    Source: Lample and Conneau 2019, sections 3.2 to 3.4.

    Example:
        >>> import torch
        >>> from xlm_torch import XLMConfig, XLMWithLMHeadModel
        >>> model = XLMWithLMHeadModel(XLMConfig(vocab_size=100, emb_dim=32, n_layers=2, n_heads=4)).eval()
        >>> ids = torch.tensor([[0, 5, 30, 1]])
        >>> output = model(ids, labels=torch.tensor([[-100, 20, -100, -100]]))
        >>> output.logits.shape, output.loss.ndim
        (torch.Size([1, 4, 100]), 0)
    """

    task: ClassVar[str] = "language-modeling"

    def __init__(self, config: XLMConfig) -> None:
        super().__init__(config)
        self.pred_layer = PredLayer(config)
        self.criterion = next_token_cross_entropy if config.causal else cross_entropy
        self.tie_weights()

    def forward(
        self,
        input_ids: Tensor | None = None,
        *,
        labels: Tensor | None = None,
        positions: Tensor | None = None,
        logits_to_keep: int | Sequence[int] | Tensor | None = None,
        skip_logits: bool | None = None,
        return_dict: bool | None = None,
        **inputs: Unpack[BodyInputs[Tensor]],
    ) -> LogitsOutput[Tensor]:
        """labels (B, T), the word wanted at each position, -100 where none is -> logits (B, T, V), loss ().

        A causal model holds each position's scores against the label to its right, so that labels may be the input ids;
        a masked model against the label at the position itself. The loss is the mean over labels other than -100, 0 if
        there are none. All else is as in `XLMModel.forward`.

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
            body = self.transformer.forward_at(positions, **texts)
        else:
            body = self.transformer(**texts, return_dict=True)
        skips = self.training if skip_logits is None else skip_logits
        if labels is not None and skips and not is_traced():
            loss = labelled_cross_entropy(
                self.pred_layer, self.config.vocab_size, body.last_hidden_state, labels, causal=self.config.causal
            )
            output = LogitsOutput.after(body, loss=loss)
        else:
            logits = self.pred_layer(_last(body.last_hidden_state, logits_to_keep))
            output = LogitsOutput.after(body, logits=logits, loss=self.criterion(logits, labels))
        return output.as_asked(self._asked(return_dict, "return_dict"))

    def get_output_embeddings(self) -> nn.Module:
        """The layer that scores the words."""
        return self.pred_layer.proj

    def set_output_embeddings(self, value: nn.Module) -> None:
        """Take another layer that scores the words.

        Raises: InputError if the scores' weight is not their own, or of another size.

        Differs: in Hugging Face the table of words takes its place again when the two are tied.
        """
        check_untied(self.config)
        check_shape(
            "value",
            Given(tuple(value.weight.shape), str(value.weight.dtype)),
            (self.config.vocab_size, self.config.emb_dim),
        )
        self.pred_layer.proj = value

    def tie_weights(self) -> None:
        """Make the scores' weight the word table."""
        if self.config.tie_word_embeddings and not self.config.asm:
            self.pred_layer.proj.weight = self.transformer.embeddings.weight


def _last(states: Tensor, count: int | None) -> Tensor:
    """The states of the last so many positions, or of all. (B, T, D) -> (B, count or T, D)."""
    return states[:, -count:] if count else states


def _in_every_text(positions: Sequence[int] | Tensor, texts: Mapping[str, Any]) -> Tensor:
    """Positions that are the same in every text. (P,) -> (B, P).

    Raises: InputError unless they are a list of whole numbers.
    """
    first = texts.get("inputs_embeds") if texts["input_ids"] is None else texts["input_ids"]
    same = torch.as_tensor(positions, device=getattr(first, "device", None))
    check_same_positions(described("logits_to_keep", same))
    return same.expand(*getattr(first, "shape", ())[:1], -1)
