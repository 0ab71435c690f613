"""A stream of B texts through the sentence encoder of the demonstration checkpoint: nothing of them is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.sizes import Case
from benchmarks.steps import Step
from benchmarks.workloads.tokenizing import DEMO, SENTENCES

TASK = None
BLOCK = 512


def ours(case: Case, folder: Path) -> Step:
    from benchmarks.peers import torch_models as peers

    encoder = peers.ours("XLMSentenceEncoder", DEMO)

    def step() -> float:
        return float(sum(block.sum() for block in encoder.encode(stream(case.batch), lang="en", block=BLOCK)))

    return Step(step)


def stream(count: int) -> Iterator[str]:
    """Different texts, made one at a time."""
    return (f"{SENTENCES[number % len(SENTENCES)]} {number}" for number in range(count))


VARIANTS = {"ours": ours}
