"""Pipelines: the core's, around a model of this framework. Mirror: xlm_torch/pipelines.py."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from xlm_core.config import XLMConfig
from xlm_core.data.packing import pays
from xlm_core.head_inputs import check_arrays
from xlm_core.pipelines import Pipeline, make_pipeline

from .model import TFXLMModel
from .pretrained import TFXLMPreTrainedModel
from .tasks import (
    TFXLMForQuestionAnswering,
    TFXLMForQuestionAnsweringSimple,
    TFXLMForSequenceClassification,
    TFXLMForTokenClassification,
    TFXLMWithLMHeadModel,
)
from .tensors import check_device
from .tracing import may_pack, padded, traced, without_padding

MODELS: dict[str, tuple[type[TFXLMPreTrainedModel], ...]] = {
    "feature-extraction": (TFXLMModel,),
    "fill-mask": (TFXLMWithLMHeadModel,),
    "question-answering": (TFXLMForQuestionAnsweringSimple, TFXLMForQuestionAnswering),
    "sentence-similarity": (TFXLMModel,),
    "text-classification": (TFXLMForSequenceClassification,),
    "text-generation": (TFXLMWithLMHeadModel,),
    "token-classification": (TFXLMForTokenClassification,),
    "zero-shot-classification": (TFXLMForSequenceClassification,),
}
"""The models that each task is computed with."""


class Runner:
    """Calls a model with numpy arrays and gives numpy arrays back, one batch at a time.

    Raises: InputError for a device that is not there.
    """

    def __init__(self, model: TFXLMPreTrainedModel, device: str | None = None) -> None:
        self.model, self.device = model, check_device(device)
        self.config, self.task = model.config, model.task

    def __call__(self, batch: Mapping[str, np.ndarray], *, output_hidden_states: bool = False) -> dict[str, np.ndarray]:
        """Every output of the model by name; the states of each layer, `hidden_states_0` and on, if asked for."""
        outputs = self._traced(_outputs, batch, output_hidden_states=output_hidden_states)
        return {name: _array(value)[: len(batch["input_ids"])] for name, value in outputs.items()}

    def generate(self, batch: Mapping[str, np.ndarray], **options: Any) -> np.ndarray:
        """How the model goes on with prompts: their tokens and the new ones. (B, T) -> (R, T + N)."""
        with tf.device(self.device):
            return _array(self.model.generate(**self._tensors(batch), **options))

    def _tensors(self, batch: Mapping[str, np.ndarray]) -> dict[str, tf.Tensor]:
        """A batch where the model is."""
        return {name: tf.constant(array) for name, array in batch.items()}

    def _traced(self, function: Callable[..., Any], batch: Mapping[str, np.ndarray], **asked: Any) -> Any:
        """What a function of the model gives, as a graph; with XLA of a batch that may be larger.

        Raises: InputError for values that are impossible, which a graph would not explain.
        """
        check_arrays(self.config, batch)
        jit_compile, packed = self.model.jit_compile, self._packs(batch)
        arrays = padded(self.config, batch) if jit_compile else batch
        with tf.device(self.device):
            return traced(self.model, function, self._tensors(arrays), jit_compile=jit_compile, packed=packed, **asked)

    def _packs(self, batch: Mapping[str, np.ndarray]) -> bool:
        """Whether to compute a batch without its padding."""
        mask = batch.get("attention_mask")
        return mask is not None and may_pack(self.model) and pays(int(mask.sum()), mask.size, self.config.emb_dim)


def pipeline(
    task: str,
    model: str | os.PathLike[str] | TFXLMPreTrainedModel = "xlm-demo",
    tokenizer: Any = None,
    *,
    device: str | None = None,
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
    where to find one). device: where the model computes; None leaves it to TensorFlow.

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


def _outputs(
    model: TFXLMPreTrainedModel, tensors: Mapping[str, tf.Tensor], *, packed: bool, output_hidden_states: bool
) -> dict[str, tf.Tensor]:
    """Every output of a model by name."""
    asked = {"output_attentions": False, "output_hidden_states": output_hidden_states, "return_dict": True}
    with without_padding(model, packed):
        output = model(**tensors, **asked, training=False)
    return {name: value for name, value in output.flat().items() if tf.is_tensor(value)}


def _array(tensor: tf.Tensor) -> np.ndarray:
    """The numbers of a tensor; real ones in float32, for numpy does not know all that a model may compute in."""
    return (tf.cast(tensor, "float32") if tensor.dtype.is_floating else tensor).numpy()
