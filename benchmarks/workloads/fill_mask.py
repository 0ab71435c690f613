"""The scores of the words at the masks. Hugging Face computes them everywhere and keeps these, as its pipeline does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.sizes import Case, body_work, masked_texts, score_work
from benchmarks.steps import Step

TASK = "language-modeling"


def work(case: Case) -> float:
    _, places = masked_texts(case)
    return body_work(case.model, case.batch * case.length, case.length) + score_work(case.model, places.size)


def ours(case: Case, folder: Path) -> Step:
    from benchmarks.peers import torch_models as peers

    model = peers.ours("XLMWithLMHeadModel", folder)
    arrays, places = masked_texts(case)
    batch = peers.tensors({**arrays, "positions": places})
    return Step(peers.inferring(lambda: model(**batch).logits))


def hugging_face(case: Case, folder: Path) -> Step:
    from benchmarks.peers import torch_models as peers

    return _everywhere(peers.hugging_face("XLMWithLMHeadModel", folder), case)


def compiled(case: Case, folder: Path) -> Step:
    import torch

    from benchmarks.peers import torch_models as peers

    return _everywhere(torch.compile(peers.hugging_face("XLMWithLMHeadModel", folder)), case)


def _everywhere(model: Any, case: Case) -> Step:
    import torch

    from benchmarks.peers import torch_models as peers

    arrays, places = masked_texts(case)
    batch, columns = peers.tensors(arrays), torch.from_numpy(places)
    rows = torch.arange(case.batch)[:, None]
    return Step(peers.inferring(lambda: model(**batch).logits[rows, columns]))


VARIANTS = {"ours": ours, "hf-eager": hugging_face, "hf5-eager": hugging_face, "hf-compile": compiled}
