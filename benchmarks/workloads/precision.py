"""The body in fewer bits, beside float32."""

from __future__ import annotations

from pathlib import Path

from benchmarks.sizes import Case
from benchmarks.steps import Step
from benchmarks.workloads import forward

TASK = "language-modeling"


def work(case: Case) -> None:
    """The ceiling is that of float32."""


def in_bfloat16(case: Case, folder: Path) -> Step:
    return forward.ours(case, folder, dtype="bfloat16")


def in_int8(case: Case, folder: Path) -> Step:
    import xlm_torch
    from benchmarks.peers import torch_models as peers

    model = xlm_torch.quantize(peers.ours("XLMModel", folder), "int8")
    return forward.called(model, case)


VARIANTS = {
    "ours": forward.ours,
    "ours-bf16": in_bfloat16,
    "ours-int8": in_int8,
    "hf-eager": forward.hugging_face,
}
