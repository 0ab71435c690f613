"""One step of masked language modelling: loss at 15 % of the words, gradients, AdamW. Dropout is as the config says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.sizes import Case, body_work, labelled_texts, positions, score_work
from benchmarks.steps import Step

TASK = "language-modeling"


def work(case: Case) -> float:
    """Forward once, backward twice as much."""
    scores = score_work(case.model, positions(case).size)
    return 3 * (body_work(case.model, case.batch * case.length, case.length) + scores)


def ours(case: Case, folder: Path) -> Step:
    from benchmarks.peers import torch_models as peers

    return _trained(peers.ours("XLMWithLMHeadModel", folder), case, fused=True)


def in_bfloat16(case: Case, folder: Path) -> Step:
    """Products in bfloat16, weights and their gradients in float32."""
    import torch

    from benchmarks.peers import torch_models as peers

    step = _trained(peers.ours("XLMWithLMHeadModel", folder), case, fused=True)
    return replace(step, run=torch.autocast("cpu", torch.bfloat16)(step.run))


def checkpointed(case: Case, folder: Path) -> Step:
    """Layers computed twice and kept once."""
    from benchmarks.peers import torch_models as peers

    model = peers.ours("XLMWithLMHeadModel", folder)
    model.gradient_checkpointing_enable()
    return _trained(model, case, fused=True)


def hugging_face(case: Case, folder: Path, fused: bool | None = None) -> Step:
    from benchmarks.peers import torch_models as peers

    return _trained(peers.hugging_face("XLMWithLMHeadModel", folder), case, fused)


def with_fused_optimizer(case: Case, folder: Path) -> Step:
    return hugging_face(case, folder, fused=True)


def _trained(model: Any, case: Case, fused: bool | None) -> Step:
    import torch

    from benchmarks.peers import torch_models as peers

    model.train()
    batch = peers.tensors(labelled_texts(case))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=fused)

    def step() -> None:
        optimizer.zero_grad()
        model(**batch).loss.backward()
        optimizer.step()

    return Step(step, note={"AdamW": "fused" if fused else "PyTorch's choice"})


VARIANTS = {
    "ours": ours,
    "ours-bf16": in_bfloat16,
    "ours-checkpointed": checkpointed,
    "hf-eager": hugging_face,
    "hf5-eager": hugging_face,
    "hf-fused": with_fused_optimizer,
}
