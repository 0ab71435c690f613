"""The label of a text, or of a pair of texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..checks import check_choice, check_top_k
from ..config import XLMConfig
from ..data.batches import Limits
from .base import Pipeline, Row
from .examples import Lang, TextExample, is_one_text, read_text
from .results import Result
from .scores import best_first, sigmoid, softmax

FUNCTIONS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "sigmoid": sigmoid,
    "softmax": softmax,
    "none": np.asarray,
}
"""What makes scores of logits."""


@dataclass(frozen=True)
class ClassificationResult(Result):
    """A label and its score: a probability, unless no function was applied."""

    label: str
    score: float


@dataclass(frozen=True)
class Ranking:
    """What a call asked for: how many labels, by which function, and whether texts may be cut."""

    top_k: int
    function: str
    truncation: bool


class TextClassificationPipeline(
    Pipeline[TextExample, Ranking, list[ClassificationResult], list[ClassificationResult]]
):
    """Finds the likeliest label of a text, or of two: a tuple, or a dict with ``text`` and ``text_pair``.

    An empty text is read as its special tokens alone.

    Differs: a text with too many tokens is an `InputError` that names ``truncation``; in Hugging Face the model fails.
        A pair alone gives a list, as a text alone does.
    """

    def __call__(
        self,
        inputs: Any,
        *,
        lang: Any = None,
        top_k: int | Literal["best"] | None = "best",
        function_to_apply: str | None = None,
        truncation: bool = False,
        batch_size: int | None = None,
        max_tokens: int | None = None,
        show_progress: bool | None = None,
    ) -> Any:
        """inputs: a text, a pair, a list of them or any other iterable.

        lang: the language of the texts, a tuple of two for pairs, or a list with one of these for each.
        top_k: how many labels, best first, None for all; each text then gives a list. ``"best"`` gives one result for
        each text of many, and a list of one for one text, as Hugging Face does without a ``top_k``.
        function_to_apply: ``"sigmoid"``, ``"softmax"`` or ``"none"``; None asks the config, as Hugging Face does.
        truncation: cut texts that are too long, at their ends. batch_size, max_tokens: as for the pipeline,
        for this call. show_progress: None shows it on a terminal.

        Raises: InputError for what is no text, a text with too many tokens, an unknown function, a top_k below 1;
            LanguageError for an unknown language.
        """
        best_alone = isinstance(top_k, str) and top_k == "best"
        most = (
            1 if best_alone else self.config.num_labels if top_k is None else check_top_k(top_k, self.config.num_labels)
        )
        function = function_to_apply if function_to_apply is not None else usual_function(self.config)
        ranking = Ranking(most, check_choice("function_to_apply", function, FUNCTIONS), truncation)
        found = self._results(inputs, lang, ranking, Limits(batch_size, max_tokens), show_progress)
        return self._best_alone(found) if best_alone and not is_one_text(inputs) else found

    def read(self, item: Any, lang: Lang) -> TextExample:
        """A text or a pair."""
        return read_text(item, lang)

    def preprocess(self, example: TextExample, options: Ranking) -> list[Row]:
        """The text or pair, cut if that was asked for."""
        return self._fitting(example, options.truncation)

    def postprocess(
        self, example: TextExample, row: Row, outputs: Mapping[str, np.ndarray], options: Ranking
    ) -> list[ClassificationResult]:
        """The best labels."""
        scores = FUNCTIONS[options.function](outputs["logits"].astype(np.float64))
        labels = self.config.id2label or {}
        return [
            ClassificationResult(label=labels[number], score=float(scores[number]))
            for number in best_first(scores)[: options.top_k]
        ]

    def combine(
        self, example: TextExample, parts: list[list[ClassificationResult]], options: Ranking
    ) -> list[ClassificationResult]:
        """Those of the one row."""
        return parts[0]

    def _best_alone(self, found: Any) -> Any:
        return [best for (best,) in found] if isinstance(found, list) else (best for (best,) in found)


def usual_function(config: XLMConfig) -> str:
    """The function that a model's scores are meant for.

    Source: `TextClassificationPipeline.postprocess` of transformers 4.57.
    """
    if config.problem_type == "regression":
        return "none"
    if config.problem_type == "multi_label_classification" or config.num_labels == 1:
        return "sigmoid"
    return "softmax"
