"""Which class of model a checkpoint holds, by what its config says and what its weights are called."""

from __future__ import annotations

from collections.abc import Collection
from types import MappingProxyType

from xlm_core.config import XLMConfig
from xlm_core.formats import keras
from xlm_core.manifest import HEADS

CLASSES = MappingProxyType({task: name.removeprefix("TF") for task, name in keras.CLASSES.items()})
"""Task → class in PyTorch; in TensorFlow it has ``TF`` before its name."""


def declared_task(config: XLMConfig) -> str | None:
    """The task of the class that the config names; None, the bare model, if it names none of ours."""
    names = [name.removeprefix("TF") for name in config.architectures or ()]
    return next((task for task, model in CLASSES.items() if model in names), None)


def task_of(config: XLMConfig, names: Collection[str]) -> str | None:
    """The declared task if its whole head is among the names, else the one with the largest head that is.

    A declared head without weights of its own is there in any case.
    """
    declared = declared_task(config)
    if declared is not None and _has(names, head_names(config, declared)):
        return declared
    present = [task for task in HEADS if head_names(config, task) and _has(names, head_names(config, task))]
    return max(present, key=lambda task: len(head_names(config, task)), default=None)


def head_names(config: XLMConfig, task: str | None) -> list[str]:
    """The names of the weights that a task adds to the body."""
    return [weight.name for weight in HEADS[task](config)] if task is not None else []


def _has(names: Collection[str], wanted: Collection[str]) -> bool:
    return all(name in names for name in wanted)
