"""Labels that a model was never shown, by asking whether they follow from the text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..checks import check_text, shown
from ..config import XLMConfig
from ..data.batches import Limits
from ..errors import InputError
from ..tokenizer import XLMTokenizer
from .base import Pipeline, Row, Runner
from .examples import Lang, TextExample, language_of, read_text
from .results import Result
from .scores import best_first, softmax

TEMPLATE = "This example is {}."


@dataclass(frozen=True)
class ZeroShotResult(Result):
    """A text, the labels, likeliest first, and the probability of each."""

    sequence: str
    labels: list[str]
    scores: list[float]


@dataclass(frozen=True)
class Hypotheses:
    """What a call asked for: the labels, a sentence for each, and whether several may hold."""

    labels: tuple[str, ...]
    sentences: tuple[str, ...]
    multi_label: bool


class ZeroShotClassificationPipeline(Pipeline[TextExample, Hypotheses, np.ndarray, ZeroShotResult]):
    """Tells which labels fit a text, with a model that was trained to tell whether one sentence follows from another.

    The text and a sentence made of each label are a pair; the score of its entailment is that of the label. A text that
    is too long is cut, the sentence never is. A tuple of two languages is that of the text and that of the labels.

    Raises: InputError if the config names no label that begins with "entail".

    Differs: Hugging Face then takes the last label, with a line in the log; and contradiction is the first label, or
        the last if entailment is the first, even where the config names it otherwise.
    """

    def __init__(
        self, run: Runner, tokenizer: XLMTokenizer, *, batch_size: int | None = None, max_tokens: int | None = None
    ) -> None:
        super().__init__(run, tokenizer, batch_size=batch_size, max_tokens=max_tokens)
        self._entailment = entailment_id(self.config)
        self._contradiction = contradiction_id(self.config, self._entailment)

    def __call__(
        self,
        inputs: Any,
        candidate_labels: str | Sequence[str],
        *,
        lang: Any = None,
        hypothesis_template: str = TEMPLATE,
        multi_label: bool = False,
        batch_size: int | None = None,
        max_tokens: int | None = None,
        show_progress: bool | None = None,
    ) -> Any:
        """inputs: a text, a list of them or any other iterable.

        candidate_labels: a list, or one string with commas between them. hypothesis_template: a sentence with ``{}``
        for the label. multi_label: each label holds or does not, whatever the others; otherwise, probabilities of all
        labels add up to 1. lang: the language of all texts, a tuple of two where that of the labels is another, or a
        list with one of these for each text. batch_size, max_tokens: as for the pipeline, for this call; a text has
        as many rows in a batch as there are labels. show_progress: None shows it on a terminal.

        Raises: InputError for what is no text, no label, or a template without ``{}``; LanguageError for an unknown
            language.
        """
        labels = read_labels(candidate_labels)
        sentences = tuple(_filled(hypothesis_template, label) for label in labels)
        hypotheses = Hypotheses(labels, sentences, multi_label)
        return self._results(inputs, lang, hypotheses, Limits(batch_size, max_tokens), show_progress)

    def read(self, item: Any, lang: Lang) -> TextExample:
        """A text."""
        example = read_text(item, None)
        if example.pair is not None:
            raise InputError(f"a text must be a string, for its pair is made of a label; got {shown(item)}.")
        return TextExample(example.text, None, lang if example.lang is None else example.lang)

    def preprocess(self, example: TextExample, options: Hypotheses) -> list[Row]:
        """A row for each label."""
        return [self._pair(example, sentence) for sentence in options.sentences]

    def postprocess(
        self, example: TextExample, row: Row, outputs: Mapping[str, np.ndarray], options: Hypotheses
    ) -> np.ndarray:
        """The scores of contradiction and of entailment. -> (2,)."""
        return np.asarray(outputs["logits"][[self._contradiction, self._entailment]], np.float64)

    def combine(self, example: TextExample, parts: list[np.ndarray], options: Hypotheses) -> ZeroShotResult:
        """The labels in the order of their probabilities."""
        logits = np.stack(parts)  # (labels, 2)
        alone = options.multi_label or len(parts) == 1
        scores = softmax(logits)[:, 1] if alone else softmax(logits[:, 1])
        order = best_first(scores)
        return ZeroShotResult(
            sequence=example.text,
            labels=[options.labels[number] for number in order],
            scores=[float(scores[number]) for number in order],
        )

    def _pair(self, example: TextExample, sentence: str) -> Row:
        limit = self.config.max_position_embeddings
        (row,) = self._rows(example.text, sentence, example.lang)
        if len(row) <= limit:
            return row
        own = self.tokenizer(sentence, lang=language_of(example.lang, 1), return_langs=False, verbose=False)[
            "input_ids"
        ]
        if len(own) >= limit:
            raise InputError(
                f"a label in its sentence must leave room for the text in {limit} tokens, the model's "
                f"`max_position_embeddings`; got {len(own)} in {shown(sentence)}. Shorten it."
            )
        (row,) = self._rows(example.text, sentence, example.lang, truncation="only_first", max_length=limit)
        return row


def read_labels(labels: Any) -> tuple[str, ...]:
    """The labels of a list, or of a string with commas between them.

    Raises: InputError if there is none.
    """
    found = labels.split(",") if isinstance(labels, str) else labels
    if not isinstance(found, (list, tuple)):
        raise InputError(f"`candidate_labels` must be a list of strings; got {labels!r}.")
    cleaned = tuple(check_text(label, "a label").strip() for label in found)
    if not cleaned or not all(cleaned):
        raise InputError(f"`candidate_labels` must be one label or more, none of them empty; got {labels!r}.")
    return cleaned


def entailment_id(config: XLMConfig) -> int:
    """The number of the label that says that one sentence follows from another.

    Raises: InputError if the config names none.
    """
    found = _id_of("entail", config)
    if found is None:
        raise InputError(
            "a model for zero-shot-classification must have a label whose name begins with 'entail'; the config has "
            f"{list((config.id2label or {}).values())}. Pass a config with its `id2label`."
        )
    return found


def contradiction_id(config: XLMConfig, entailment: int) -> int:
    """The number of the label that says the contrary: by its name, or else the first or last label.

    Source: `ZeroShotClassificationPipeline.postprocess` of transformers 4.57, where the config names none.
    """
    found = _id_of("contradict", config)
    if found is not None:
        return found
    return config.num_labels - 1 if entailment == 0 else 0


def _id_of(beginning: str, config: XLMConfig) -> int | None:
    labels = (config.id2label or {}).items()
    return next((number for number, label in labels if label.lower().startswith(beginning)), None)


def _filled(template: Any, label: str) -> str:
    """The sentence of a label."""
    check_text(template, "`hypothesis_template`")
    try:
        sentence = str(template.format(label))
    except (IndexError, KeyError, ValueError):
        sentence = template
    if sentence == template:
        raise InputError(f"`hypothesis_template` must have one {{}}, where the label goes; got {template!r}.")
    return sentence
