"""Pipelines: the core's, around a model of this framework. Mirror: xlm_tf/pipelines.py."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from xlm_core.pipelines import Pipeline, make_pipeline

from .pretrained import XLMPreTrainedModel
from .tasks import XLMWithLMHeadModel

MODELS: dict[str, type[XLMPreTrainedModel]] = {"fill-mask": XLMWithLMHeadModel}


class Runner:
    """Calls a model with numpy arrays and gives numpy arrays back, one batch at a time."""

    def __init__(self, model: XLMPreTrainedModel, device: str | torch.device | None = None) -> None:
        self.model = model.to(device) if device is not None else model
        self.config = model.config

    def __call__(self, batch: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Every output of the model that was computed, by name."""
        tensors = {name: torch.from_numpy(array).to(self.model.device) for name, array in batch.items()}
        with torch.inference_mode(), _evaluating(self.model):
            output = self.model(**tensors, return_dict=True)
        return {name: value.float().cpu().numpy() for name, value in output.items() if isinstance(value, torch.Tensor)}


def pipeline(
    task: str,
    model: str | os.PathLike[str] | XLMPreTrainedModel = "xlm-demo",
    tokenizer: Any = None,
    *,
    device: str | torch.device | None = None,
    batch_size: int = 8,
) -> Pipeline[Any, Any]:
    """Text in, results out: ``pipeline("fill-mask", model="xlm-demo")("A [MASK] is riding a bike.")``.

    model: a folder, file, Hub id or built-in name, or a model, which then needs its ``tokenizer`` (an XLMTokenizer, or
    where to find one). device: where the model is moved to; None leaves it where it is.

    Raises: InputError for an unknown task or a model without a tokenizer; VocabularyError if the tokenizer has more
        pieces than the model; what loading raises.
    """
    return make_pipeline(
        task, model, tokenizer, models=MODELS, runner=lambda loaded: Runner(loaded, device), batch_size=batch_size
    )


@contextmanager
def _evaluating(model: XLMPreTrainedModel) -> Iterator[None]:
    """Without dropout inside, and afterwards as it was."""
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)
