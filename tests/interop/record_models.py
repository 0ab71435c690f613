"""Record what Hugging Face's XLM computes, as goldens that are checked without it.

Run from the repository's root in an environment of its own with transformers 4.57, torch, tensorflow and tf-keras:

    PYTHONPATH=.:tests python tests/interop/record_models.py tests/goldens/models.npz
    PYTHONPATH=.:tests python tests/interop/record_models.py tests/goldens/demo.npz examples/xlm-demo

The first records the language model of `tests/tiny.py` over its grid, PyTorch's in every field and TensorFlow's logits
where its model takes the inputs; the second records a checkpoint's logits, states and loss on four sentences.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

import tiny
from xlm_core.config import XLMConfig

SENTENCES = (
    (2, [0, 20, 45, 28, 640, 15, 5, 211, 31, 239, 14, 1]),
    (1, [0, 25, 172, 671, 384, 92, 5, 14, 1]),
    (3, [0, 90, 336, 158, 1083, 43, 19, 5, 14, 1]),
    (0, [0, 64, 580, 27, 5, 14, 1]),
)
"""Language and ids: what a man rides, what a dog runs through, what two women sit on; one mask each."""


def hugging_face(config: XLMConfig) -> Any:
    """Their model with our tiny weights."""
    model = transformers.XLMWithLMHeadModel(transformers.XLMConfig(**config.to_dict())).eval()
    arrays = tiny.weights(config, "language-modeling")
    missing, unexpected = model.load_state_dict({k: torch.tensor(v) for k, v in arrays.items()}, strict=False)
    assert (missing, unexpected) == (["pred_layer.proj.weight"], []), (missing, unexpected)
    return model


def recorded(model: Any, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Every field, layers stacked."""
    with torch.no_grad():
        tensors = {name: torch.tensor(array) for name, array in inputs.items()}
        output = model(**tensors, output_hidden_states=True, output_attentions=True)
    return {
        "loss": output.loss.numpy(),
        "logits": output.logits.numpy(),
        "hidden_states": torch.stack(output.hidden_states).numpy(),
        "attentions": torch.stack(output.attentions).numpy(),
    }


def tensorflow_logits(config: XLMConfig, case: tiny.Case) -> np.ndarray:
    """Their TensorFlow model, given the weights of their PyTorch one."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        hugging_face(config).save_pretrained(folder)
        model = transformers.TFXLMWithLMHeadModel.from_pretrained(folder, from_pt=True)
    return model(**case.inputs()).logits.numpy()


def grid() -> dict[str, np.ndarray]:
    """The language model of every case."""
    goldens = {}
    for case in tiny.CASES:
        fields = recorded(hugging_face(case.config), case.inputs() | {"labels": tiny.labels()})
        if not case.head_mask and not case.causal:
            fields["tf_logits"] = tensorflow_logits(case.config, case)
        goldens |= {f"{case}/{field}": array for field, array in fields.items()}
    return goldens


def checkpoint(folder: str) -> dict[str, np.ndarray]:
    """A checkpoint on four sentences, its weights in float32."""
    model = transformers.XLMWithLMHeadModel.from_pretrained(folder, dtype=torch.float32).eval()
    width = max(len(ids) for _, ids in SENTENCES)
    inputs = {
        "input_ids": np.array([ids + [2] * (width - len(ids)) for _, ids in SENTENCES]),
        "attention_mask": np.array([[1] * len(ids) + [0] * (width - len(ids)) for _, ids in SENTENCES]),
        "langs": np.array([[lang] * width for lang, _ in SENTENCES]),
    }
    inputs["labels"] = np.where(inputs["input_ids"] == 5, 20, -100)
    fields = recorded(model, inputs)
    masked = np.argwhere(inputs["input_ids"] == 5)
    return inputs | {
        "loss": fields["loss"],
        "mask_logits": np.stack([fields["logits"][row, column] for row, column in masked]),
        "last_hidden_state": fields["hidden_states"][-1],
    }


if __name__ == "__main__":
    target, *folders = sys.argv[1:]
    goldens = checkpoint(folders[0]) if folders else grid()
    np.savez_compressed(Path(target), **goldens)
