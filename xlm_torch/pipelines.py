"""Pipelines: the core's, around a model of this framework. Mirror: xlm_tf/pipelines.py."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from xlm_core.config import XLMConfig
from xlm_core.pipelines import Pipeline, make_pipeline

from .model import XLMModel
from .parameters import evaluating
from .pretrained import XLMPreTrainedModel
from .tasks import (
    XLMForQuestionAnswering,
    XLMForQuestionAnsweringSimple,
    XLMForSequenceClassification,
    XLMForTokenClassification,
    XLMWithLMHeadModel,
)
from .tensors import check_device

MODELS: dict[str, tuple[type[XLMPreTrainedModel], ...]] = {
    "feature-extraction": (XLMModel,),
    "fill-mask": (XLMWithLMHeadModel,),
    "question-answering": (XLMForQuestionAnsweringSimple, XLMForQuestionAnswering),
    "sentence-similarity": (XLMModel,),
    "text-classification": (XLMForSequenceClassification,),
    "text-generation": (XLMWithLMHeadModel,),
    "token-classification": (XLMForTokenClassification,),
    "zero-shot-classification": (XLMForSequenceClassification,),
}
"""The models that each task is computed with."""


class Runner:
    """Calls a model with numpy arrays and gives numpy arrays back, one batch at a time.

    Raises: InputError for a device that is not there.
    """

    def __init__(self, model: XLMPreTrainedModel, device: str | torch.device | None = None) -> None:
        self.model = model if check_device(device) is None else model.to(device)
        self.config, self.task = model.config, model.task

    def __call__(self, batch: Mapping[str, np.ndarray], *, output_hidden_states: bool = False) -> dict[str, np.ndarray]:
        """Every output of the model by name; the states of each layer, `hidden_states_0` and on, if asked for."""
        asked = {"output_attentions": False, "output_hidden_states": output_hidden_states, "return_dict": True}
        with torch.inference_mode(), evaluating(self.model):
            output = self.model(**self._tensors(batch), **asked)
        return {name: _array(value) for name, value in output.flat().items() if isinstance(value, torch.Tensor)}

    def generate(self, batch: Mapping[str, np.ndarray], **options: Any) -> np.ndarray:
        """How the model goes on with prompts: their tokens and the new ones. (B, T) -> (R, T + N)."""
        return _array(self.model.generate(**self._tensors(batch), **options))

    def _tensors(self, batch: Mapping[str, np.ndarray]) -> dict[str, torch.Tensor]:
        """A batch where the model is."""
        return {name: torch.from_numpy(array).to(self.model.device) for name, array in batch.items()}


def pipeline(
    task: str,
    model: str | os.PathLike[str] | XLMPreTrainedModel = "xlm-demo",
    tokenizer: Any = None,
    *,
    device: str | torch.device | None = None,
    config: XLMConfig | None = None,
    dtype: Any = None,
    batch_size: int | None = None,
    max_tokens: int | None = None,
) -> Pipeline[Any, Any, Any, Any]:
    """Text in, results out: ``pipeline("fill-mask", model="xlm-demo")("A [MASK] is riding a bike.", lang="en")``.

    task: "feature-extraction", "fill-mask", "question-answering", "sentence-similarity", "text-classification",
    "text-generation", "token-classification" (also "ner") or "zero-shot-classification". Each has a class in
    `xlm_core.pipelines` that says what it is called with.

    model: a folder, file, Hub id or built-in name, or a model, which then needs its ``tokenizer`` (an XLMTokenizer, or
    where to find one). device: where the model is moved to; None leaves it where it is.

    config: instead of the checkpoint's own, and dtype: what to compute in; both for a model that is loaded.

    Texts, pairs or windows are computed with others of about their length: ``batch_size`` at a time, or as many as fill
    ``max_tokens`` positions, padding included; 8 if neither is given. If both are, both limits hold.

    Raises: InputError for an unknown task, a model of another one or without a tokenizer, a device that is not there,
        and numbers below 1; VocabularyError if the tokenizer has more pieces than the model; what loading raises.
    """
    return make_pipeline(
        task,
        model,
        tokenizer,
        models=MODELS,
        runner=lambda loaded: Runner(loaded, device),
        config=config,
        dtype=dtype,
        batch_size=batch_size,
        max_tokens=max_tokens,
    )


def _array(tensor: torch.Tensor) -> np.ndarray:
    """The numbers of a tensor; real ones in float32, for numpy does not know all that a model may compute in."""
    return (tensor.float() if tensor.is_floating_point() else tensor).cpu().numpy()
