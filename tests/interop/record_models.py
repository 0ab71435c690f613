"""Record what Hugging Face's XLM computes, as goldens that are checked without it.

Run from the repository's root in an environment of its own with transformers 4.57, torch, tensorflow and tf-keras:

    PYTHONPATH=.:tests python tests/interop/record_models.py grid tests/goldens/models.npz
    PYTHONPATH=.:tests python tests/interop/record_models.py heads tests/goldens/heads.npz
    PYTHONPATH=.:tests python tests/interop/record_models.py learning tests/goldens/learning.npz
    PYTHONPATH=.:tests python tests/interop/record_models.py demo tests/goldens/demo.npz

``grid`` is the language model of `tests/tiny.py` over its cases, PyTorch's in every field and TensorFlow's logits where
its model takes the inputs; ``heads`` is every task model of `tests/heads.py`, on texts without padding where Hugging
Face's numbers depend on it; ``learning`` is the gradient of each of their weights, and their losses over ten steps of
AdamW; ``demo`` is the demonstration checkpoint's logits, states and loss on four sentences.
"""

from __future__ import annotations

import math
import sys
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

import heads
import tiny
from frameworks import BETAS, EPSILON, LEARNING_RATE, WEIGHT_DECAY
from xlm_core.config import XLMConfig

SENTENCES = (
    (2, [0, 20, 45, 28, 640, 15, 5, 211, 31, 239, 14, 1]),
    (1, [0, 25, 172, 671, 384, 92, 5, 14, 1]),
    (3, [0, 90, 336, 158, 1083, 43, 19, 5, 14, 1]),
    (0, [0, 64, 580, 27, 5, 14, 1]),
)
"""Language and ids: what a man rides, what a dog runs through, what two women sit on; one mask each."""


TASKS = {
    "XLMWithLMHeadModel": "language-modeling",
    "XLMForSequenceClassification": "sequence-classification",
    "XLMForMultipleChoice": "multiple-choice",
    "XLMForTokenClassification": "token-classification",
    "XLMForQuestionAnsweringSimple": "question-answering-simple",
    "XLMForQuestionAnswering": "question-answering",
}


def hugging_face(config: XLMConfig, name: str = "XLMWithLMHeadModel") -> Any:
    """Their model with our tiny weights."""
    values = {field: value for field, value in config.to_dict().items() if value is not None}
    model = getattr(transformers, name)(transformers.XLMConfig(**values)).eval()
    arrays = tiny.weights(config, TASKS[name])
    missing, unexpected = model.load_state_dict({k: torch.tensor(v) for k, v in arrays.items()}, strict=False)
    assert set(missing) <= {"pred_layer.proj.weight"}, missing
    assert not unexpected, unexpected
    return model


def recorded(model: Any, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Every field, layers stacked."""
    with torch.no_grad():
        tensors = {name: torch.tensor(array) for name, array in inputs.items()}
        if "is_impossible" in tensors:
            tensors["is_impossible"] = tensors["is_impossible"].float()
        output = model(**tensors, output_hidden_states=True, output_attentions=True)
    fields = {name: torch.stack(x) if isinstance(x, tuple) else x for name, x in output.items()}
    return {name: x.numpy() for name, x in fields.items()}


def learning() -> dict[str, np.ndarray]:
    """Gradients and losses of every head with labels."""
    goldens = {}
    for head in (head for head in heads.RECORDABLE if head.labels):
        inputs = head.inputs(heads.CASES[1], padded=not head.sees_padding) | dict(head.labels)
        tensors = {name: torch.tensor(array) for name, array in inputs.items()}
        if "is_impossible" in tensors:
            tensors["is_impossible"] = tensors["is_impossible"].float()
        model = hugging_face(head.config, head.name)
        model(**tensors).loss.backward()
        learnt = {name: x.grad.numpy().copy() for name, x in model.named_parameters() if x.grad is not None}
        goldens |= {f"{head}/{name}": gradient for name, gradient in learnt.items()}
        goldens[f"{head}/losses"] = np.array(adamw_losses(model, tensors))
    return goldens


def adamw_losses(model: Any, tensors: dict[str, torch.Tensor]) -> list[float]:
    """The loss before each of ten steps, with the settings of `tests/frameworks.py`."""
    optimizer = torch.optim.AdamW(model.parameters(), LEARNING_RATE, BETAS, weight_decay=WEIGHT_DECAY)
    losses = []
    for step in range(10):
        optimizer.param_groups[0]["eps"] = EPSILON / math.sqrt(1 - BETAS[1] ** (step + 1))
        optimizer.zero_grad()
        loss = model(**tensors).loss
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def task_models() -> dict[str, np.ndarray]:
    """Every head, in both directions, with its labels and without."""
    goldens = {}
    for head, causal in product(heads.RECORDABLE, (False, True)):
        case = tiny.Case("attention_mask", causal, langs=True, token_types=False, positions=False, head_mask=False)
        inputs = head.inputs(case, padded=not head.sees_padding)
        model = hugging_face(head.config.replace(causal=causal), head.name)
        fields = recorded(model, inputs) | recorded(model, inputs | dict(head.labels))
        goldens |= {f"{head}/{causal}/{field}": array for field, array in fields.items()}
    return goldens


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


def demo() -> dict[str, np.ndarray]:
    """The demonstration checkpoint on four sentences, its weights in float32."""
    model = transformers.XLMWithLMHeadModel.from_pretrained("examples/xlm-demo", dtype=torch.float32).eval()
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


RECORDERS = {"grid": grid, "heads": task_models, "learning": learning, "demo": demo}

if __name__ == "__main__":
    what, target = sys.argv[1:]
    np.savez_compressed(Path(target), **RECORDERS[what]())
