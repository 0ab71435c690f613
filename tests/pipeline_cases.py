"""Small models and calls for the tests of pipelines, which are also recorded with transformers' own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import tiny
from xlm_core.config import XLMConfig

CONFIG = tiny.CONFIG.replace(vocab_size=9014, max_position_embeddings=48, n_langs=4, summary_first_dropout=0.0)
"""For the tokenizer of the demonstration checkpoint."""

TASKS: Mapping[str, str | None] = {
    "XLMForQuestionAnswering": "question-answering",
    "XLMForQuestionAnsweringSimple": "question-answering-simple",
    "XLMForSequenceClassification": "sequence-classification",
    "XLMForTokenClassification": "token-classification",
    "XLMModel": None,
    "XLMWithLMHeadModel": "language-modeling",
}
"""The classes of models → what their heads are called in the manifest."""

TAGS = {0: "O", 1: "B-PER", 2: "I-PER", 3: "B-LOC", 4: "I-LOC"}
FOLLOWS = {0: "contradiction", 1: "neutral", 2: "entailment"}

TEXT = "A man in Prague is riding a bike ."
OTHER = "Two women are sitting on a bench in the park ."
LONG = " ".join([TEXT, OTHER] * 6)
QUESTION = "Who is riding ?"


@dataclass(frozen=True)
class Case:
    """A task, its model, and a call; of texts with spaces between the words, on which all tokenizers agree."""

    title: str
    task: str
    model: str
    arguments: tuple[Any, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    changes: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.title

    @property
    def config(self) -> XLMConfig:
        return CONFIG.replace(**self.changes)

    @property
    def head(self) -> str | None:
        return TASKS[self.model]


def _classify(title: str, *arguments: Any, num_labels: int = 5, problem: str | None = None, **options: Any) -> Case:
    changes = {"num_labels": num_labels, "problem_type": problem}
    return Case(title, "text-classification", "XLMForSequenceClassification", arguments, options, changes)


def _zero_shot(title: str, *arguments: Any, **options: Any) -> Case:
    changes, options = {"id2label": FOLLOWS}, {"hypothesis_template": "This example is {} .", **options}
    return Case(title, "zero-shot-classification", "XLMForSequenceClassification", arguments, options, changes)


def _tag(title: str, *arguments: Any, **options: Any) -> Case:
    return Case(title, "token-classification", "XLMForTokenClassification", arguments, options, {"id2label": TAGS})


def _ask(title: str, context: str = OTHER, **options: Any) -> Case:
    given = {"question": QUESTION, "context": context, **options}
    return Case(title, "question-answering", "XLMForQuestionAnsweringSimple", (), given)


CASES = [
    _classify("the best label", TEXT),
    _classify("the best label of many", [TEXT, OTHER]),
    _classify("all labels", TEXT, top_k=None),
    _classify("two labels of many", [TEXT, OTHER], top_k=2),
    _classify("a pair", [{"text": TEXT, "text_pair": OTHER}]),
    _classify("one label", TEXT, num_labels=1),
    _classify("labels that do not exclude each other", TEXT, problem="multi_label_classification", top_k=3),
    _classify("quantities", TEXT, problem="regression", top_k=None),
    *(_classify(f"with {name}", TEXT, top_k=None, function_to_apply=name) for name in ("sigmoid", "softmax", "none")),
    _zero_shot("which label follows", TEXT, ["sport", "food", "music"]),
    _zero_shot("which labels follow", TEXT, ["sport", "food", "music"], multi_label=True),
    _zero_shot("whether a label follows", TEXT, ["sport"]),
    _zero_shot("labels with commas", [TEXT, OTHER], "sport, food"),
    _zero_shot("another template", TEXT, ["sport", "food"], hypothesis_template="{} is what it is about ."),
    *(_tag(f"tags, {name}", TEXT, aggregation_strategy=name) for name in ("none", "simple", "first", "average", "max")),
    _tag("tags of many", [TEXT, OTHER], aggregation_strategy="simple"),
    _tag("all tags", TEXT, ignore_labels=[]),
    _tag("other tags", TEXT, ignore_labels=["LOC"], aggregation_strategy="first"),
    _tag("tags of words", [TEXT.split(), OTHER.split()], is_split_into_words=True, aggregation_strategy="first"),
    *(_tag(f"tags in windows, {name}", LONG, aggregation_strategy=name, stride=9) for name in ("simple", "average")),
    _ask("an answer"),
    _ask("three answers", top_k=3),
    _ask("answers of tokens", top_k=4, align_to_words=False),
    _ask("short answers", top_k=3, max_answer_len=2),
    _ask("perhaps no answer", top_k=20, handle_impossible_answer=True),
]
