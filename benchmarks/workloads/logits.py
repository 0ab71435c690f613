"""The scores of the words at every position."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.sizes import Case, body_work, score_work, texts
from benchmarks.steps import Step

TASK = "language-modeling"


def work(case: Case) -> float:
    tokens = case.batch * case.length
    return body_work(case.model, tokens, case.length) + score_work(case.model, tokens)


def ours(case: Case, folder: Path) -> Step:
    from benchmarks.peers import torch_models as peers

    return _called(peers.ours("XLMWithLMHeadModel", folder), case)


def hugging_face(case: Case, folder: Path) -> Step:
    from benchmarks.peers import torch_models as peers

    return _called(peers.hugging_face("XLMWithLMHeadModel", folder), case)


def ours_in_tensorflow(case: Case, folder: Path) -> Step:
    from benchmarks.peers import keras_models as peers

    return Step(peers.running("TFXLMWithLMHeadModel", folder, texts(case), "logits"))


def _called(model: Any, case: Case) -> Step:
    from benchmarks.peers import torch_models as peers

    batch = peers.tensors(texts(case))
    return Step(peers.inferring(lambda: model(**batch).logits))


VARIANTS = {"ours": ours, "ours-tf": ours_in_tensorflow, "hf-eager": hugging_face, "hf5-eager": hugging_face}
