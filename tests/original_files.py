"""Files as the original's trainer saves them, built by its layout from random weights, with PyTorch.

Source: facebookresearch/XLM, xlm/trainer.py `save_checkpoint`.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tiny
from xlm_core.config import XLMConfig

torch = pytest.importorskip("torch", reason="writes files with PyTorch to read them without")

SPECIAL = ["<s>", "</s>", "<pad>", "<unk>", *(f"<special{number}>" for number in range(10))]
LANGUAGES = ["ar", "de", "en", "fr", "zh"]
CONFIG = tiny.CONFIG.replace(
    max_position_embeddings=512, layer_norm_eps=1e-12, lang2id={name: number for number, name in enumerate(LANGUAGES)}
)
WORDS = [*SPECIAL, "th@@", "e", *(f"w{number}" for number in range(CONFIG.vocab_size - 16))]
COUNTS = {word: 0 if number < 14 else 1000 - number for number, word in enumerate(WORDS)}


def weights(config: XLMConfig = CONFIG) -> dict[str, np.ndarray]:
    """A language model's weights by our names."""
    return tiny.weights(config, "language-modeling")


def params(**changes: Any) -> dict[str, Any]:
    """What the trainer's arguments become, as far as they matter, and some that carry other things."""
    return {
        "asm": False,
        "asm_cutoffs": "8000,20000",
        "asm_div_value": 4,
        "attention_dropout": 0.0,
        "clm_steps": [],
        "dropout": 0.0,
        "emb_dim": CONFIG.emb_dim,
        "gelu_activation": True,
        "id2lang": dict(enumerate(LANGUAGES)),
        "lang2id": dict(CONFIG.lang2id or {}),
        "lr": np.float64(1e-4),
        "mask_scores": np.linspace(0, 1, CONFIG.vocab_size),
        "mlm_steps": [("en", None), ("de", "en")],
        "n_heads": CONFIG.n_heads,
        "n_langs": CONFIG.n_langs,
        "n_layers": CONFIG.n_layers,
        "n_words": CONFIG.vocab_size,
        "order": np.asfortranarray(np.arange(6, dtype=">i4").reshape(2, 3)),
        "pred_probs": torch.rand(3),
        "share_inout_emb": True,
        "sinusoidal_embeddings": False,
        "use_lang_emb": True,
        **changes,
    }


def content(parameters: Any, part: str = "model", prefix: str = "", arrays: Any = None) -> dict[str, Any]:
    """What the trainer saves."""
    arrays = weights() if arrays is None else arrays
    tensors = {name.removeprefix("transformer."): torch.tensor(array) for name, array in arrays.items()}
    if "embeddings.weight" in tensors and "pred_layer.proj.weight" not in tensors:
        tensors["pred_layer.proj.weight"] = tensors["embeddings.weight"]
    return {
        "epoch": 3,
        "n_total_iter": 7,
        "best_metrics": {"valid_mlm_ppl": np.float64(12.5)},
        "best_stopping_criterion": -12.5,
        part: {prefix + name: tensor for name, tensor in tensors.items()},
        f"{part}_optimizer": {"state": {0: {"step": 1, "exp_avg": torch.rand(3)}}, "param_groups": [{"params": [0]}]},
        "dico_id2word": dict(enumerate(WORDS)),
        "dico_word2id": {word: number for number, word in enumerate(WORDS)},
        "dico_counts": COUNTS,
        "params": parameters,
    }


def save(path: Path, parameters: Any = None, *, is_zip: bool = True, **options: Any) -> Path:
    """Write a file, in either of PyTorch's layouts."""
    saved = content(params() if parameters is None else parameters, **options)
    torch.save(saved, path, _use_new_zipfile_serialization=is_zip)
    return path


def namespace(**changes: Any) -> argparse.Namespace:
    """Parameters as argparse has them."""
    return argparse.Namespace(**params(**changes))
