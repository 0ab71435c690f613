"""Weights chosen by the beginning of their names, and the inputs that any model takes."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..config import XLMConfig
from ..errors import InputError, did_you_mean
from ..manifest import Kind, Weight, manifest

SINUSOIDS = "position_embeddings.weight"


def chosen(config: XLMConfig, task: str | None, prefixes: Iterable[str]) -> list[Weight]:
    """The weights whose names begin with one of the given ones, whole steps at a time; all without any.

    Raises: InputError for a beginning that no weight has.
    """
    weights = manifest(config, task)
    starts = list(prefixes)
    for start in starts:
        if not any(_begins(name, start) for name in weights):
            raise InputError(f"`{start}` must be the name of a weight or its beginning.{_nearest(start, weights)}")
    return [weight for name, weight in weights.items() if not starts or any(_begins(name, each) for each in starts)]


def learnable(config: XLMConfig, weights: Iterable[Weight]) -> list[Weight]:
    """Those that may learn: sinusoids do not."""
    return [each for each in weights if not (config.sinusoidal_embeddings and each.name.endswith(SINUSOIDS))]


def is_table(weight: Weight) -> bool:
    """Whether a weight is looked up in."""
    return weight.kind is Kind.EMBEDDING


def check_untied(config: XLMConfig) -> None:
    """Refuse another layer of scores where a config says what scores are made of.

    Raises: InputError.
    """
    if config.tie_word_embeddings or config.asm:
        raise InputError(
            "a layer of scores can be set where `tie_word_embeddings` and `asm` are False; got "
            f"{config.tie_word_embeddings} and {config.asm}. `set_input_embeddings` changes tied scores, too."
        )


def dummy_inputs(config: XLMConfig) -> dict[str, np.ndarray]:
    """Three texts of five tokens, with gaps, that fit any model of eight words or more."""
    mask = np.array([[1, 1, 0, 0, 1], [1, 1, 1, 0, 0], [1, 0, 0, 1, 1]])
    ids = np.array([[7, 6, 0, 0, 1], [1, 2, 3, 0, 0], [0, 0, 0, 4, 5]])
    return {"input_ids": ids, "attention_mask": mask} | ({"langs": mask} if config.has_lang_embeddings else {})


def _begins(name: str, start: str) -> bool:
    return f"{name}.".startswith(f"{start}.")


def _nearest(start: str, names: Iterable[str]) -> str:
    steps = {".".join(name.split(".")[:length]) for name in names for length in range(1, name.count(".") + 2)}
    return did_you_mean(str(start), sorted(steps)) or " `model.manifest()` lists them."
