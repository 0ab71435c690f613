"""Searches over scores that need no model, and what is asked of them; Hugging Face's answers are goldens."""

from __future__ import annotations

from typing import Any

import numpy as np

import tiny
from xlm_core.config import XLMConfig

VOCABULARY, END, PADDING = 23, 1, 2
PROMPTS = np.array([[0, 7, 9, 7], [0, 12, 3, 20]])
_DRAW = np.random.default_rng(5)
_NEXT = (2 * _DRAW.standard_normal((2, VOCABULARY, VOCABULARY))).astype(np.float32)
_NEXT[:, :, END] += 1.0  # so that many texts end


def scores(ids: np.ndarray) -> np.ndarray:
    """What follows the last two tokens of texts. (R, T) -> (R, V)."""
    return np.asarray(_NEXT[0][ids[:, -1]] + _NEXT[1][ids[:, -2]])


SEARCHES: dict[str, dict[str, Any]] = {
    "greedy": {"max_new_tokens": 8},
    "greedy, max_length": {"max_length": 9},
    "greedy, min_new_tokens": {"max_new_tokens": 8, "min_new_tokens": 6},
    "greedy, several ends": {"max_new_tokens": 8, "eos_token_id": [1, 5, 14]},
    "greedy, no repetition": {"max_new_tokens": 12, "no_repeat_ngram_size": 2, "eos_token_id": [22]},
    "greedy, no word twice": {"max_new_tokens": 12, "no_repeat_ngram_size": 1, "eos_token_id": [22]},
    "greedy, repetition penalty": {"max_new_tokens": 12, "repetition_penalty": 2.5, "eos_token_id": [22]},
    "greedy, bad words": {
        "max_new_tokens": 8,
        "bad_words_ids": [[1], [4], [7, 12], [3, 20, 17]],
        "eos_token_id": [1, 22],
    },
    "greedy, all": {
        "max_new_tokens": 12,
        "min_new_tokens": 9,
        "repetition_penalty": 1.3,
        "no_repeat_ngram_size": 3,
        "bad_words_ids": [[4], [9, 15]],
    },
    "beams": {"max_new_tokens": 8, "num_beams": 3},
    "beams, several": {"max_new_tokens": 8, "num_beams": 4, "num_return_sequences": 3},
    "beams, early": {"max_new_tokens": 8, "num_beams": 3, "early_stopping": True, "num_return_sequences": 3},
    "beams, late": {"max_new_tokens": 8, "num_beams": 3, "early_stopping": "never", "num_return_sequences": 3},
    "beams, long": {"max_new_tokens": 9, "num_beams": 3, "length_penalty": 2.5, "num_return_sequences": 2},
    "beams, short": {"max_new_tokens": 9, "num_beams": 3, "length_penalty": -0.5, "num_return_sequences": 2},
    "beams, long and late": {"max_new_tokens": 9, "num_beams": 3, "length_penalty": 2.0, "early_stopping": "never"},
    "beams, no length": {"max_new_tokens": 9, "num_beams": 5, "length_penalty": 0.0, "early_stopping": "never"},
    "beams, several ends": {"max_new_tokens": 8, "num_beams": 3, "eos_token_id": [1, 5, 14], "num_return_sequences": 3},
    "beams, filtered": {
        "max_new_tokens": 8,
        "num_beams": 3,
        "min_new_tokens": 4,
        "repetition_penalty": 1.5,
        "no_repeat_ngram_size": 2,
        "bad_words_ids": [[4], [9, 15]],
        "num_return_sequences": 3,
    },
    "beams, many": {"max_new_tokens": 6, "num_beams": 9, "num_return_sequences": 9},
}
"""Searches without chance, whose every token is compared."""

DRAWS: dict[str, dict[str, Any]] = {
    "plain": {},
    "temperature": {"temperature": 0.6},
    "top_k": {"top_k": 4},
    "top_p": {"top_k": 0, "top_p": 0.7},
    "almost nothing": {"top_k": 0, "top_p": 0.01},
    "all": {"temperature": 1.7, "top_k": 9, "top_p": 0.8, "repetition_penalty": 1.5},
    "beams": {"top_k": 1, "num_beams": 3},
    "beams, top_p": {"top_k": 0, "top_p": 0.01, "num_beams": 2},
}
"""Searches by chance, of which the first step's scores are compared: what may be drawn, and how likely it is."""

MASKED = tiny.CONFIG.replace(mask_token_id=5, lang_id=2, max_position_embeddings=24)
MODELS: dict[str, tuple[XLMConfig, dict[str, Any]]] = {
    "masked": (MASKED, {"max_new_tokens": 7}),
    "masked, by default": (MASKED.replace(mask_token_id=0, lang_id=0), {"max_new_tokens": 7}),
    "masked, without languages": (MASKED.replace(n_langs=1, lang_id=0), {"max_new_tokens": 7}),
    "masked, beams": (MASKED, {"max_new_tokens": 7, "num_beams": 3, "num_return_sequences": 2}),
    "masked, until an end": (MASKED, {"max_new_tokens": 7, "eos_token_id": 34}),
    "causal": (MASKED.replace(causal=True), {"max_new_tokens": 7}),
}
"""What Hugging Face's own XLM writes, its mask after the text; padding is forbidden, for it would not read it."""
MODEL_PROMPTS = np.array([[0, 20, 30, 41], [0, 9, 33, 50]])
NO_PADDING = {"bad_words_ids": [[2]]}
