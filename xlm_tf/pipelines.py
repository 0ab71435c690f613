"""Pipelines: the core's, around a model of this framework. Mirror: xlm_torch/pipelines.py."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from xlm_core.pipelines import Pipeline, make_pipeline

from .pretrained import TFXLMPreTrainedModel
from .tasks import TFXLMWithLMHeadModel

MODELS: dict[str, type[TFXLMPreTrainedModel]] = {"fill-mask": TFXLMWithLMHeadModel}


class Runner:
    """Calls a model with numpy arrays and gives numpy arrays back, one batch at a time."""

    def __init__(self, model: TFXLMPreTrainedModel, device: str | None = None) -> None:
        self.model, self.device = model, device
        self.config = model.config

    def __call__(self, batch: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Every output of the model that was computed, by name."""
        with tf.device(self.device) if self.device is not None else contextlib.nullcontext():
            tensors = {name: tf.constant(array) for name, array in batch.items()}
            output = self.model(**tensors, return_dict=True, training=False)
        return {name: tf.cast(value, "float32").numpy() for name, value in output.items() if tf.is_tensor(value)}


def pipeline(
    task: str,
    model: str | os.PathLike[str] | TFXLMPreTrainedModel = "xlm-demo",
    tokenizer: Any = None,
    *,
    device: str | None = None,
    batch_size: int = 8,
) -> Pipeline[Any, Any]:
    """Text in, results out: ``pipeline("fill-mask", model="xlm-demo")("A [MASK] is riding a bike.")``.

    model: a folder, file, Hub id or built-in name, or a model, which then needs its ``tokenizer`` (an XLMTokenizer, or
    where to find one). device: where the model computes; None leaves it to TensorFlow.

    Raises: InputError for an unknown task or a model without a tokenizer; VocabularyError if the tokenizer has more
        pieces than the model; what loading raises.
    """
    return make_pipeline(
        task, model, tokenizer, models=MODELS, runner=lambda loaded: Runner(loaded, device), batch_size=batch_size
    )
