"""The task models on small inputs: what each is built of, given, and expected to return."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np

import reference
import tiny
from tiny import BATCH, CONFIG, SIZE
from xlm_core.config import XLMConfig

CHOICES = 8
Arrays = dict[str, Any]


@dataclass(frozen=True)
class Head:
    """A task model with one kind of labels."""

    title: str
    name: str
    config: XLMConfig
    labels: Mapping[str, np.ndarray]
    expected: Callable[..., Arrays]
    sees_padding: bool = False
    """Whether Hugging Face's numbers differ from ours where texts are padded: see its `Differs:` line."""
    extra: Mapping[str, np.ndarray] = field(default_factory=dict)
    hugging_face_fails: bool = False

    def __str__(self) -> str:
        return self.title

    def inputs(self, case: tiny.Case, *, padded: bool = True) -> Arrays:
        """What the model is given at a point of the grid, without labels."""
        given = case.inputs() if padded else unpadded(case)
        return (choices(given) if self.name == "XLMForMultipleChoice" else given) | dict(self.extra)

    def reference(self, weights: Mapping[str, np.ndarray], case: tiny.Case, inputs: Arrays) -> Arrays:
        """All output fields by the formulae, in float64; inputs may hold labels."""
        return self.expected(self.config.replace(causal=case.causal), weights, **inputs)


def unpadded(case: tiny.Case) -> Arrays:
    """The inputs of a case with every text as long as the batch."""
    ids = np.random.default_rng(3).integers(6, CONFIG.vocab_size, (BATCH, SIZE))
    full = {"attention_mask": np.ones_like(ids), "lengths": np.full(BATCH, SIZE)}
    return case.inputs() | {"input_ids": ids} | {name: x for name, x in full.items() if name == case.padding}


def choices(inputs: Arrays) -> Arrays:
    """The same for K choices, each of other words and its own length. (B, …) -> (B, K, …)."""
    turned = [
        {name: np.roll(x, k, axis=0) for name, x in inputs.items() if name != "head_mask"} for k in range(CHOICES)
    ]
    stacked = {name: np.stack([each[name] for each in turned], axis=1) for name in turned[0]}
    ids = stacked["input_ids"]
    other = np.where(ids == CONFIG.pad_index, ids, 6 + (ids + np.arange(CHOICES)[:, None]) % (CONFIG.vocab_size - 6))
    return stacked | {"input_ids": other} | {name: x for name, x in inputs.items() if name == "head_mask"}


def _config(**changes: Any) -> XLMConfig:
    return CONFIG.replace(summary_first_dropout=0.0, start_n_top=5, end_n_top=6, **changes)


_DRAW = np.random.default_rng(4)
_TAGS = np.where(tiny.labels() < 0, -100, tiny.labels() % 9)
_SPANS = {"start_positions": np.array([1, 0, 2, 1]), "end_positions": np.array([2, 3, 2, 1])}
_OUTSIDE = {"start_positions": np.array([1, 0, 9, 1]), "end_positions": np.array([2, 3, -4, 7])}
_IMPOSSIBLE = {"is_impossible": np.array([0, 1, 0, 1]), "cls_index": np.array([0, 2, 1, 0])}
_FORBIDDEN = (np.arange(SIZE) == 1) & np.ones((BATCH, 1), dtype=bool)


def _sequence(title: str, labels: np.ndarray, *, sees_padding: bool = False, **changes: Any) -> Head:
    config, name = _config(**changes), "XLMForSequenceClassification"
    return Head(title, name, config, {"labels": labels}, reference.sequence_classification, sees_padding)


def _spans(title: str, labels: Mapping[str, np.ndarray], **extra: np.ndarray) -> Head:
    return Head(title, "XLMForQuestionAnswering", _config(), labels, reference.beam_spans, True, extra)


HEADS = [
    Head(
        "language model",
        "XLMWithLMHeadModel",
        _config(),
        {"labels": tiny.labels()},
        reference.language_model,
    ),
    Head(
        "adaptive softmax",
        "XLMWithLMHeadModel",
        _config(asm=True, asm_cutoffs=[11, 30], asm_div_value=2.0),
        {"labels": tiny.labels()},
        reference.language_model,
        hugging_face_fails=True,
    ),
    _sequence("one class", np.array([0, 8, -100, 3]), num_labels=9),
    _sequence("several classes", (_DRAW.random((BATCH, 9)) < 0.4).astype("float32"), num_labels=9),
    _sequence("a quantity", np.array([0.5, -1, 2, 0], "float32"), num_labels=1),
    _sequence(
        "several quantities",
        _DRAW.random((BATCH, 9)).astype("float32"),
        num_labels=9,
        problem_type="regression",
    ),
    _sequence(
        "last token",
        np.array([0, 8, 1, 3]),
        num_labels=9,
        summary_type="last",
        summary_activation="tanh",
        sees_padding=True,
    ),
    _sequence(
        "mean of tokens",
        np.array([0, 8, 1, 3]),
        num_labels=9,
        summary_type="mean",
        summary_activation="gelu",
        sees_padding=True,
    ),
    _sequence("without projection", np.array([0, 8, 1, 3]), num_labels=CONFIG.emb_dim, summary_use_proj=False),
    Head(
        "tokens",
        "XLMForTokenClassification",
        _config(num_labels=9),
        {"labels": _TAGS},
        reference.token_classification,
    ),
    Head(
        "choices",
        "XLMForMultipleChoice",
        _config(num_labels=9),
        {"labels": np.array([0, 7, 3, 5])},
        reference.multiple_choice,
    ),
    Head("span", "XLMForQuestionAnsweringSimple", _config(), _SPANS, reference.spans, True),
    Head("span outside", "XLMForQuestionAnsweringSimple", _config(), _OUTSIDE, reference.spans, True),
    _spans("beam", {}),
    _spans("beam, mask", {}, cls_index=np.array([1, 0, 2, 0]), p_mask=_FORBIDDEN.astype("float32")),
    _spans("beam, learning", _SPANS),
    _spans("beam, answerable", _SPANS | _IMPOSSIBLE),
]
"""Every task model, with every kind of labels."""

RECORDABLE = [head for head in HEADS if not head.hugging_face_fails]
"""Those that Hugging Face computes."""

CASES = [
    tiny.Case(padding, causal, langs, token_types=False, positions=False, head_mask=False)
    for padding, causal, langs in product(("attention_mask", "lengths", "none"), (False, True), (False, True))
]
"""The points of the grid that change what a head sees: padding, direction, languages."""
