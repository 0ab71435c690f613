"""Question answering: where in a text the answer is. Mirror: xlm_tf/tasks/question_answering.py."""

from __future__ import annotations

from typing import ClassVar, Unpack

from torch import Tensor

from xlm_core.config import XLMConfig
from xlm_core.head_inputs import check_both_ends
from xlm_core.inputs import BodyInputs
from xlm_core.outputs import SpanOutput, XLMForQuestionAnsweringOutput

from ..layers import dense
from ..losses import span_loss
from ..span_head import SpanHead, masked
from .base import TaskModel


class XLMForQuestionAnsweringSimple(TaskModel):
    """Scores of each position for being the answer's start, and for being its end.

    Source: Devlin et al. 2018, section 4.2.

    Example:
        >>> import torch
        >>> from xlm_torch import XLMConfig, XLMForQuestionAnsweringSimple
        >>> model = XLMForQuestionAnsweringSimple(XLMConfig(vocab_size=100, emb_dim=32, n_layers=2, n_heads=4)).eval()
        >>> ids = torch.tensor([[0, 20, 30, 1]])
        >>> model(ids, start_positions=torch.tensor([1]), end_positions=torch.tensor([2])).start_logits.shape
        torch.Size([1, 4])
    """

    task: ClassVar[str] = "question-answering-simple"

    def __init__(self, config: XLMConfig) -> None:
        super().__init__(config)
        self.qa_outputs = dense(config, 2, config.emb_dim)

    def forward(
        self,
        input_ids: Tensor | None = None,
        *,
        start_positions: Tensor | None = None,
        end_positions: Tensor | None = None,
        return_dict: bool | None = None,
        **inputs: Unpack[BodyInputs[Tensor]],
    ) -> SpanOutput[Tensor]:
        """start_positions and end_positions (B,) -> start_logits and end_logits (B, T), loss ().

        Positions before the text count as its first, and those behind it are left out of the loss. All else is as in
        `XLMModel.forward`.

        Differs: padding has the lowest score there is, so that it is never the answer; in Hugging Face it may win.
        """
        body = self.transformer(input_ids, return_dict=True, **inputs)
        scores = self.qa_outputs(body.last_hidden_state)
        padding = self.transformer.padding({"input_ids": input_ids, **inputs})
        start, end = (masked(score, padding) for score in scores.unbind(dim=-1))
        loss = span_loss(start, end, start_positions, end_positions)
        output = SpanOutput.after(body, start_logits=start, end_logits=end, loss=loss)
        return output.as_asked(self._asked(return_dict, "return_dict"))


class XLMForQuestionAnswering(TaskModel):
    """The likeliest spans by a beam over their starts, and whether there is an answer at all.

    Source: Yang et al. 2019 (XLNet), section A.4: the end is scored given the start.

    Example:
        >>> import torch
        >>> from xlm_torch import XLMConfig, XLMForQuestionAnswering
        >>> model = XLMForQuestionAnswering(XLMConfig(vocab_size=100, emb_dim=32, n_layers=2, n_heads=4)).eval()
        >>> model(torch.tensor([[0, 20, 30, 1]])).end_top_index.shape
        torch.Size([1, 25])
    """

    task: ClassVar[str] = "question-answering"

    def __init__(self, config: XLMConfig) -> None:
        super().__init__(config)
        self.qa_outputs = SpanHead(config)

    def forward(
        self,
        input_ids: Tensor | None = None,
        *,
        start_positions: Tensor | None = None,
        end_positions: Tensor | None = None,
        is_impossible: Tensor | None = None,
        cls_index: Tensor | None = None,
        p_mask: Tensor | None = None,
        return_dict: bool | None = None,
        **inputs: Unpack[BodyInputs[Tensor]],
    ) -> XLMForQuestionAnsweringOutput[Tensor]:
        """start_positions and end_positions (B,) -> loss (); or without them -> the best spans.

        is_impossible (B,), 1 where there is no answer, adds half its loss, and needs cls_index (B,), the position that
        tells, which is the last token otherwise. p_mask (B, T), 1 where no answer may be. All else is as in
        `XLMModel.forward`.

        Raises: InputError for positions outside the text, one end without the other, and is_impossible alone.

        Differs: padding is never an answer; texts shorter than the beam give what there is, with -1 and 0 for the rest;
            Hugging Face changes the shape of the caller's labels, and looks at padding for cls_index.
        """
        body = self.transformer(input_ids, return_dict=True, **inputs)
        padding = self.transformer.padding({"input_ids": input_ids, **inputs})
        answer = {"is_impossible": is_impossible, "cls_index": cls_index, "p_mask": p_mask}
        if check_both_ends(start_positions, end_positions):
            spans = self.qa_outputs.learn(body.last_hidden_state, padding, start_positions, end_positions, **answer)
        else:
            spans = self.qa_outputs(body.last_hidden_state, padding, cls_index=cls_index, p_mask=p_mask)
        output = XLMForQuestionAnsweringOutput.after(body, **spans)
        return output.as_asked(self._asked(return_dict, "return_dict"))
