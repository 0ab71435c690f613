"""Small models for tests: all sizes different, weights a function of their name, so that no weight file is needed."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

import numpy as np

from xlm_core.config import XLMConfig
from xlm_core.manifest import Kind, Weight, manifest

BATCH, SIZE = 4, 7

CONFIG = XLMConfig(
    vocab_size=53,
    emb_dim=18,
    n_layers=2,
    n_heads=3,
    n_langs=5,
    max_position_embeddings=17,
    dropout=0.0,
    attention_dropout=0.0,
    embed_init_std=1.0,
    init_std=0.3,
)
"""Sizes B 4, T 7, D 18, F 72, H 3, C 6, L 2, V 53, languages 5, positions 17: an axis that is swapped cannot fit."""

_LENGTHS = np.array([7, 4, 6, 3])


def weight(spec: Weight) -> np.ndarray:
    """The values of one weight, from its name alone; of unit scale, so that nothing vanishes."""
    draw = np.random.default_rng(zlib.crc32(spec.name.encode())).standard_normal(spec.shape)
    scale = {Kind.LINEAR: 0.3, Kind.EMBEDDING: 1.0, Kind.SCALE: 0.1, Kind.SHIFT: 0.1, Kind.BIAS: 0.1}[spec.kind]
    return (draw * scale + (spec.kind is Kind.SCALE)).astype(np.float32)


def weights(config: XLMConfig = CONFIG, task: str | None = None) -> dict[str, np.ndarray]:
    """Every weight of a model, the padding row being 0 as it is in a new model."""
    arrays = {name: weight(spec) for name, spec in manifest(config, task).items()}
    arrays["embeddings.weight" if task is None else "transformer.embeddings.weight"][config.pad_index] = 0
    return arrays


def input_ids() -> np.ndarray:
    """(B, T), padded on the right."""
    ids = np.random.default_rng(0).integers(6, CONFIG.vocab_size, (BATCH, SIZE))
    return np.where(np.arange(SIZE) < _LENGTHS[:, None], ids, CONFIG.pad_index)


def labels() -> np.ndarray:
    """(B, T), -100 at padding and at a third of the tokens."""
    draw = np.random.default_rng(1)
    wanted = draw.integers(0, CONFIG.vocab_size, (BATCH, SIZE))
    ignored = (draw.random((BATCH, SIZE)) < 0.3) | (input_ids() == CONFIG.pad_index)
    return np.where(ignored, -100, wanted)


@dataclass(frozen=True)
class Case:
    """One point of the grid: how padding is told, what kind of model, and which inputs are given."""

    padding: Literal["attention_mask", "lengths", "none"]
    causal: bool
    langs: bool
    token_types: bool
    positions: bool
    head_mask: bool

    def __str__(self) -> str:
        flags = [name for name in ("causal", "langs", "token_types", "positions", "head_mask") if getattr(self, name)]
        return "-".join([self.padding, *flags])

    @property
    def config(self) -> XLMConfig:
        return CONFIG.replace(causal=self.causal)

    def inputs(self) -> dict[str, Any]:
        """What the body is given, as numpy arrays."""
        draw = np.random.default_rng(2)
        offered = {
            "langs": (self.langs, draw.integers(0, CONFIG.n_langs, (BATCH, SIZE))),
            "token_type_ids": (self.token_types, draw.integers(0, 2, (BATCH, SIZE))),
            "position_ids": (self.positions, draw.integers(0, CONFIG.max_position_embeddings, (BATCH, SIZE))),
            "head_mask": (self.head_mask, draw.random((CONFIG.n_layers, CONFIG.n_heads)).astype(np.float32)),
            "attention_mask": (self.padding == "attention_mask", (np.arange(SIZE) < _LENGTHS[:, None]).astype(int)),
            "lengths": (self.padding == "lengths", _LENGTHS),
        }
        return {"input_ids": input_ids()} | {name: array for name, (given, array) in offered.items() if given}


CASES = [Case(*point) for point in product(("attention_mask", "lengths", "none"), *[(False, True)] * 5)]
"""{attention_mask, lengths, none} × {causal or not} × {langs} × {token types} × {position ids} × {head mask}."""
