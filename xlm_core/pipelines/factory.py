"""From a task's name to a pipeline: what both frameworks' ``pipeline`` share."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import InputError
from ..tokenizer import XLMTokenizer
from .base import Pipeline, Runner
from .fill_mask import FillMaskPipeline

PIPELINES: dict[str, type[Pipeline[Any, Any]]] = {"fill-mask": FillMaskPipeline}


def make_pipeline(
    task: str,
    model: Any,
    tokenizer: Any,
    *,
    models: Mapping[str, Any],
    runner: Callable[[Any], Runner],
    batch_size: int,
) -> Pipeline[Any, Any]:
    """The pipeline of a task around a model that is given, or loaded from where a path or a name says.

    models: a framework's model class for each task. runner: what makes a `Runner` of such a model.

    Raises: InputError for an unknown task, a model of another task or a model without a tokenizer.
    """
    if task not in PIPELINES:
        raise InputError(f"`task` must be one of {sorted(PIPELINES)}; got {task!r}.")
    if isinstance(model, (str, os.PathLike)):
        tokenizer = model if tokenizer is None else tokenizer
        model = models[task].from_pretrained(model)
    if not isinstance(model, models[task]):
        raise InputError(
            f"`model` must be a {models[task].__name__} for {task}, or where to find one; got a {type(model).__name__}."
        )
    if isinstance(tokenizer, (str, os.PathLike)):
        tokenizer = XLMTokenizer.from_pretrained(tokenizer)
    if not isinstance(tokenizer, XLMTokenizer):
        raise InputError(
            f"`tokenizer` must be given beside a model; got {tokenizer!r}. Pass an XLMTokenizer or a folder."
        )
    return PIPELINES[task](runner(model), tokenizer, batch_size=batch_size)
