"""Models by size, what is computed with them, and how much work that is. Needs numpy alone: every environment reads it.

Work is counted as `useful`: products of matrices on real tokens whose results somebody reads. A layer is 12 D² weights,
two operations each for every token; attention is 4 T D for every token and layer; the scores of the vocabulary are
2 D V for every position whose scores are wanted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Size:
    """How large a model is."""

    emb_dim: int
    n_layers: int
    n_heads: int
    vocab_size: int
    n_langs: int


SIZES = {
    "tiny": Size(256, 4, 8, 30_145, 15),
    "base": Size(1024, 12, 8, 95_000, 15),
    "en": Size(2048, 12, 16, 30_145, 1),
    "m100": Size(1280, 16, 16, 200_000, 1),
}
"""Tiny; the model of 15 languages; the English one; the one of 100 languages, which are not told."""

FIRST_WORD, MASK, LABELLED = 14, 5, 0.15
"""The first id that is no special token, the mask's, and the share of tokens whose word is asked for."""


@dataclass(frozen=True)
class Case:
    """What is computed: a workload (a module of `benchmarks.workloads`), a model, B texts of T tokens, and more."""

    workload: str
    size: str = "base"
    batch: int = 8
    length: int = 128
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def model(self) -> Size:
        """The model's size."""
        return SIZES[self.size]


def texts(case: Case) -> dict[str, np.ndarray]:
    """input_ids, attention_mask and langs (B, T), no padding; the same numbers in every process."""
    draw = np.random.default_rng(0)
    shape = (case.batch, case.length)
    ids = draw.integers(FIRST_WORD, case.model.vocab_size, shape)
    langs = np.broadcast_to(draw.integers(case.model.n_langs, size=(case.batch, 1)), shape).copy()
    return {"input_ids": ids, "attention_mask": np.ones(shape, np.int64), "langs": langs}


def masked_texts(case: Case) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Texts in which some words are masked, and where: positions (B, P)."""
    batch, places = texts(case), positions(case)
    np.put_along_axis(batch["input_ids"], places, MASK, axis=1)
    return batch, places


def positions(case: Case) -> np.ndarray:
    """P places of each text, in order: `options["masks"]`, or 15 % of them. (B, P)."""
    count = case.options.get("masks", round(LABELLED * case.length))
    order = np.random.default_rng(1).permuted(np.tile(np.arange(case.length), (case.batch, 1)), axis=1)
    return np.sort(order[:, :count], axis=1)


def labelled_texts(case: Case) -> dict[str, np.ndarray]:
    """Masked texts and labels (B, T), -100 where no word is asked for."""
    words = texts(case)["input_ids"]
    batch, places = masked_texts(case)
    labels = np.full_like(words, -100)
    np.put_along_axis(labels, places, np.take_along_axis(words, places, axis=1), axis=1)
    return {**batch, "labels": labels}


def ragged_lengths(case: Case) -> np.ndarray:
    """How many tokens each text has: most are short, one is as long as the batch is wide. (B,)."""
    real = case.options["real"]
    draw = np.random.default_rng(2).gamma(2.0, real / 2.0, case.batch) * case.length
    lengths = np.clip(draw.round(), 4, case.length).astype(np.int64)
    lengths[0] = case.length
    return _with_mean(lengths, real * case.length, case.length)


def _with_mean(lengths: np.ndarray, mean: float, most: int) -> np.ndarray:
    """The same, scaled until their mean is right; the first stays."""
    for _ in range(20):
        scaled = np.clip((lengths * mean / lengths.mean()).round(), 4, most).astype(np.int64)
        lengths = np.concatenate([lengths[:1], scaled[1:]])
    return lengths


def ragged_texts(case: Case) -> dict[str, np.ndarray]:
    """Texts of many lengths, padded with id 2 to the longest."""
    lengths, batch = ragged_lengths(case), texts(case)
    mask = np.arange(case.length) < lengths[:, None]
    return {
        "input_ids": np.where(mask, batch["input_ids"], 2),
        "attention_mask": mask.astype(np.int64),
        "langs": batch["langs"],
    }


def body_work(size: Size, tokens: int, length: int) -> float:
    """GFLOP of the body for so many tokens in texts of one length."""
    layer = 24 * size.emb_dim**2 + 4 * length * size.emb_dim
    return tokens * size.n_layers * layer / 1e9


def score_work(size: Size, n_positions: int) -> float:
    """GFLOP of the scores of the vocabulary."""
    return 2 * size.emb_dim * size.vocab_size * n_positions / 1e9
