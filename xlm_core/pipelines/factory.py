"""From a task's name to a pipeline: what both frameworks' ``pipeline`` share."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..config import XLMConfig
from ..errors import InputError
from ..formats.loading import read_config
from ..hub import locate
from ..tokenizer import XLMTokenizer
from .base import Pipeline, Runner
from .feature_extraction import FeatureExtractionPipeline
from .fill_mask import FillMaskPipeline
from .question_answering import QuestionAnsweringPipeline
from .sentence_similarity import SentenceSimilarityPipeline
from .text_classification import TextClassificationPipeline
from .text_generation import TextGenerationPipeline
from .token_classification import TokenClassificationPipeline
from .zero_shot_classification import ZeroShotClassificationPipeline

AnyPipeline = Pipeline[Any, Any, Any, Any]

PIPELINES: dict[str, type[AnyPipeline]] = {
    "feature-extraction": FeatureExtractionPipeline,
    "fill-mask": FillMaskPipeline,
    "question-answering": QuestionAnsweringPipeline,
    "sentence-similarity": SentenceSimilarityPipeline,
    "text-classification": TextClassificationPipeline,
    "text-generation": TextGenerationPipeline,
    "token-classification": TokenClassificationPipeline,
    "zero-shot-classification": ZeroShotClassificationPipeline,
}

ALIASES = {"ner": "token-classification", "sentiment-analysis": "text-classification"}
"""Other names of tasks, as transformers has them."""


def make_pipeline(
    task: str,
    model: Any,
    tokenizer: Any,
    *,
    models: Mapping[str, Sequence[Any]],
    runner: Callable[[Any], Runner],
    config: XLMConfig | None,
    dtype: Any,
    batch_size: int | None,
    max_tokens: int | None,
) -> AnyPipeline:
    """The pipeline of a task around a model that is given, or loaded from where a path or a name says.

    models: a framework's model classes for each task; of several, a checkpoint's config says which, or it is the
    first. runner: what makes a `Runner` of such a model.

    Raises: InputError for an unknown task, a model of another task, a model without a tokenizer, or ``config`` and
        ``dtype`` beside a model.
    """
    name = ALIASES.get(task, task) if isinstance(task, str) else task
    if not isinstance(name, str) or name not in PIPELINES:
        raise InputError(f"`task` must be one of {sorted({*PIPELINES, *ALIASES})}; got {task!r}.")
    if isinstance(model, (str, os.PathLike)):
        tokenizer = model if tokenizer is None else tokenizer
        model = _model_class(models[name], model, config).from_pretrained(model, config=config, dtype=dtype)
    elif config is not None or dtype is not None:
        raise InputError("`config` and `dtype` say how a model is loaded; got one beside a model. Leave it out.")
    if not isinstance(model, tuple(models[name])):
        wanted = " or ".join(each.__name__ for each in models[name])
        raise InputError(f"`model` must be a {wanted} for {task}, or where to find one; got a {type(model).__name__}.")
    return PIPELINES[name](runner(model), _tokenizer(tokenizer), batch_size=batch_size, max_tokens=max_tokens)


def _model_class(classes: Sequence[Any], path: str | os.PathLike[str], config: XLMConfig | None) -> Any:
    """The class that the checkpoint was saved from, by whichever framework; the first if it does not say."""
    if len(classes) == 1:
        return classes[0]
    described = read_config(locate(path), hub_defaults="as-is") if config is None else config
    names = {name.removeprefix("TF") for name in described.architectures or []}
    return next((each for each in classes if each.__name__.removeprefix("TF") in names), classes[0])


def _tokenizer(tokenizer: Any) -> XLMTokenizer:
    if isinstance(tokenizer, (str, os.PathLike)):
        tokenizer = XLMTokenizer.from_pretrained(tokenizer)
    if not isinstance(tokenizer, XLMTokenizer):
        raise InputError(
            f"`tokenizer` must be given beside a model; got {tokenizer!r}. Pass an XLMTokenizer or a folder."
        )
    return tokenizer
