"""Record what Hugging Face's XLM computes after surgery, as goldens that are checked without it.

Run from the repository's root in an environment of its own with transformers 4.57, torch and peft:

    PYTHONPATH=.:tests python tests/interop/record_surgery.py tests/goldens
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from record_models import hugging_face

import tiny

CASE = tiny.Case("attention_mask", False, True, False, False, False)
PRUNED = ({0: [1]}, {0: [1], 1: [2, 0]})
"""Heads by layer, first these and then those."""


def pruned() -> dict[str, np.ndarray]:
    """Loss, logits and each layer's probabilities; layers have different numbers of heads."""
    model = hugging_face(tiny.CONFIG)
    for heads in PRUNED:
        model.prune_heads(heads)
    tensors = {name: torch.tensor(array) for name, array in (CASE.inputs() | {"labels": tiny.labels()}).items()}
    with torch.no_grad():
        output = model(**tensors, output_attentions=True)
    attentions = {f"attentions.{layer}": x.numpy() for layer, x in enumerate(output.attentions)}
    counts = {"parameters": model.num_parameters(), "others": model.num_parameters(exclude_embeddings=True)}
    return attentions | counts | {"loss": output.loss.numpy(), "logits": output.logits.numpy()}


def resized() -> dict[str, np.ndarray]:
    """The logits and the table after growing, whose new rows are random, and after shrinking."""
    model = hugging_face(tiny.CONFIG)
    model.resize_token_embeddings(60, pad_to_multiple_of=8)
    grown = model.get_input_embeddings().weight.detach().numpy().copy()
    bias = model.get_output_embeddings().bias.detach().numpy().copy()
    model.resize_token_embeddings(50)
    return {"grown": grown, "grown_bias": bias, "shrunk": model.get_input_embeddings().weight.detach().numpy()}


def adapted(folder: Path) -> np.ndarray:
    """The logits with an adapter that PEFT made and saved."""
    import peft

    torch.manual_seed(0)
    settings = peft.LoraConfig(r=3, lora_alpha=6, target_modules=["k_lin", "out_lin"], init_lora_weights=False)
    model = peft.get_peft_model(hugging_face(tiny.CONFIG), settings).eval()
    model.save_pretrained(folder)
    (folder / "README.md").unlink()
    with torch.no_grad():
        return model(**{name: torch.tensor(array) for name, array in CASE.inputs().items()}).logits.numpy()


if __name__ == "__main__":
    goldens = Path(sys.argv[1])
    with_adapter = adapted(goldens / "peft-adapter")
    np.savez_compressed(goldens / "surgery.npz", **pruned(), **resized(), adapted=with_adapter)
