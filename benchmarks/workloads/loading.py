"""A checkpoint into memory, each time in a fresh process. `options["use"]` also looks at every number.

In PyTorch both libraries map the file, so that `from_pretrained` alone reads little of it. Hugging Face's TensorFlow
reads it by way of PyTorch: ``from_pt=True`` is the only call of 4.57 that does.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from benchmarks.sizes import Case
from benchmarks.steps import Step

TASK = "language-modeling"


def work(case: Case) -> None:
    """No products."""


def ours(case: Case, folder: Path) -> Step:
    return _torch("xlm_torch", case, folder)


def hugging_face(case: Case, folder: Path) -> Step:
    return _torch("transformers", case, folder)


def ours_in_tensorflow(case: Case, folder: Path) -> Step:
    return _tensorflow("xlm_tf", "TFXLMWithLMHeadModel", case, folder)


def hugging_face_in_tensorflow(case: Case, folder: Path) -> Step:
    return _tensorflow("transformers", "TFXLMWithLMHeadModel", case, folder)


def _torch(package: str, case: Case, folder: Path) -> Step:
    kind = _class(package, "XLMWithLMHeadModel")

    def step() -> float:
        model = kind.from_pretrained(folder)
        return float(sum(weight.detach().sum() for weight in model.parameters())) if case.options["use"] else 0.0

    return Step(step)


def _tensorflow(package: str, name: str, case: Case, folder: Path) -> Step:
    import tensorflow as tf

    kind = _class(package, name)
    options = {"from_pt": True} if package == "transformers" else {}

    def step() -> float:
        model = kind.from_pretrained(folder, **options)
        return float(sum(tf.reduce_sum(each) for each in model.trainable_weights)) if case.options["use"] else 0.0

    return Step(step)


def _class(package: str, name: str) -> Any:
    """The class, and with it all that its library imports on first use."""
    return getattr(importlib.import_module(package), name)


VARIANTS = {
    "ours": ours,
    "hf-eager": hugging_face,
    "ours-tf": ours_in_tensorflow,
    "hf-tf-eager": hugging_face_in_tensorflow,
}
