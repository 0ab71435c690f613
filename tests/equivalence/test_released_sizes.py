"""PyTorch = TensorFlow at the sizes of released checkpoints, with random weights."""

from __future__ import annotations

import gc

import numpy as np
import pytest

from frameworks import FRAMEWORKS, Framework
from tolerances import assert_close
from xlm_core.config import XLMConfig

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(len(FRAMEWORKS) < 2, reason="compares two frameworks, and one is not installed"),
]

SIZES = {
    "xlm-mlm-tlm-xnli15-1024": XLMConfig(
        vocab_size=95000, emb_dim=1024, n_layers=12, n_heads=8, n_langs=15, use_lang_emb=True
    ),
    "xlm-mlm-100-1280": XLMConfig(
        vocab_size=200000, emb_dim=1280, n_layers=16, n_heads=16, n_langs=100, use_lang_emb=False
    ),
}


def inputs(config: XLMConfig) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(0)
    ids, mask = draw.integers(14, config.vocab_size, (2, 19)), np.ones((2, 19), dtype=int)
    ids[1, 12:], mask[1, 12:] = config.pad_index, 0
    langs = {"langs": np.array([[3], [11]]) * mask} if config.has_lang_embeddings else {}
    return {"input_ids": ids, "attention_mask": mask} | langs


def final_states(framework: Framework, config: XLMConfig, weights: dict[str, np.ndarray]) -> np.ndarray:
    """One forward; the model is gone when this returns."""
    model = framework.model_class("XLMModel")(config)
    model.load_arrays(weights)
    return framework.run(model, **inputs(config))["last_hidden_state"]


@pytest.mark.parametrize("name", SIZES)
def test_a_body_of_released_size_is_the_same_in_both(name: str) -> None:
    """A dozen layers and more add up no more than rounding."""
    config = SIZES[name]
    weights = FRAMEWORKS[0].model_class("XLMModel")(config).to_arrays()

    one, other = (final_states(framework, config, weights) for framework in FRAMEWORKS)

    gc.collect()
    assert_close(one, other, "states")
    assert np.abs(one).max() > 1
