"""Runners for tests of pipelines without a framework: the reference model in numpy, or what a test makes up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import reference
import tiny
from xlm_core.config import XLMConfig

Batch = Mapping[str, np.ndarray]

HEADS: dict[str | None, Callable[..., dict[str, Any]]] = {
    None: reference.body,
    "language-modeling": reference.language_model,
    "question-answering": reference.beam_spans,
    "question-answering-simple": reference.spans,
    "sequence-classification": reference.sequence_classification,
    "token-classification": reference.token_classification,
}


class ReferenceRunner:
    """A small model in numpy, its weights a function of their names; keeps the batches that it was given."""

    def __init__(self, config: XLMConfig, task: str | None) -> None:
        self.config, self.task = config, task
        self.weights = tiny.weights(config, task)
        self.batches: list[Batch] = []

    def __call__(self, batch: Batch, *, output_hidden_states: bool = False) -> dict[str, np.ndarray]:
        self.batches.append(batch)
        inputs = {name: array for name, array in batch.items() if name != "positions"}
        outputs = HEADS[self.task](self.config, self.weights, **inputs)
        if "positions" in batch:
            outputs["logits"] = np.take_along_axis(outputs["logits"], batch["positions"][..., None], axis=1)
        states = {f"hidden_states_{number}": each for number, each in enumerate(outputs["hidden_states"])}
        arrays = {name: value for name, value in outputs.items() if isinstance(value, np.ndarray)}
        return arrays | (states if output_hidden_states else {})


class ScriptedRunner:
    """Gives what a function makes of a batch; keeps the batches that it was given."""

    def __init__(self, config: XLMConfig, task: str | None, script: Callable[[Batch], dict[str, np.ndarray]]) -> None:
        self.config, self.task, self.script = config, task, script
        self.batches: list[Batch] = []

    def __call__(self, batch: Batch, *, output_hidden_states: bool = False) -> dict[str, np.ndarray]:
        self.batches.append(batch)
        return self.script(batch)
