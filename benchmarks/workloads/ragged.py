"""Classes of texts of many lengths in one padded batch, of which most is padding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.sizes import Case, body_work, ragged_lengths, ragged_texts
from benchmarks.steps import Step

TASK = "sequence-classification"


def work(case: Case) -> float:
    """On real tokens, each attending to its own text."""
    return sum(body_work(case.model, int(length), int(length)) for length in ragged_lengths(case))


def ours(case: Case, folder: Path) -> Step:
    from benchmarks.peers import torch_models as peers

    return _called(peers.ours("XLMForSequenceClassification", folder), case)


def hugging_face(case: Case, folder: Path) -> Step:
    from benchmarks.peers import torch_models as peers

    return _called(peers.hugging_face("XLMForSequenceClassification", folder), case)


def ours_in_tensorflow(case: Case, folder: Path) -> Step:
    from benchmarks.peers import keras_models as peers

    return Step(peers.running("TFXLMForSequenceClassification", folder, ragged_texts(case), "logits"))


def _called(model: Any, case: Case) -> Step:
    from benchmarks.peers import torch_models as peers

    batch = peers.tensors(ragged_texts(case))
    return Step(peers.inferring(lambda: model(**batch).logits))


VARIANTS = {"ours": ours, "ours-tf": ours_in_tensorflow, "hf-eager": hugging_face, "hf5-eager": hugging_face}
