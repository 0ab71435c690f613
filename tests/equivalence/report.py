"""Print how far apart the frameworks, float64 and Hugging Face are, for every task model and field.

    python -m tests.equivalence.report

The table is kept in docs/explanation/numerics.md; a test sees that every head is in it. The tests themselves compare
more (the whole grid of inputs, gradients, training) and only ask whether the tolerance holds.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

import heads
import tiny
from frameworks import FRAMEWORKS
from tolerances import ABSOLUTE

GOLDENS = Path(__file__).parents[1] / "goldens" / "heads.npz"
CASE = heads.CASES[1]
EVERYTHING = {"output_hidden_states": True, "output_attentions": True}
TITLES = [
    "model",
    "labels",
    "field",
    "PyTorch – TensorFlow",
    "PyTorch – float64",
    "TensorFlow – float64",
    "PyTorch – Hugging Face",
    "tolerance",
]


def main() -> None:
    """Write the table to standard output, in Markdown."""
    sys.stdout.writelines("| " + " | ".join(row) + " |\n" for row in table())


def table() -> Iterator[list[str]]:
    """Titles, the line below them, and a row for each field of each task model."""
    yield TITLES
    yield ["---"] * len(TITLES)
    for head in heads.HEADS:
        yield from measured(head)


def measured(head: heads.Head) -> Iterator[list[str]]:
    """A row for each field of one task model."""
    given = head.inputs(CASE, padded=not head.sees_padding) | dict(head.labels)
    outputs = [
        framework.run(
            framework.build(head.name, head.config), **given, output_hidden_states=True, output_attentions=True
        )
        for framework in FRAMEWORKS
    ]
    weights = tiny.weights(head.config, FRAMEWORKS[0].model_class(head.name).task)
    exact = head.reference(weights, CASE, given)
    theirs = recorded(head)
    for name, values in outputs[0].items():
        others = [(values, outputs[1][name]), (values, exact[name]), (outputs[1][name], exact[name])]
        distances = [distance(one, other) for one, other in others]
        last = distance(values, theirs[name]) if name in theirs else "–"
        yield [f"`{head.name}`", head.title, f"`{name}`", *distances, last, f"{ABSOLUTE['states']:.0e}"]


def recorded(head: heads.Head) -> dict[str, np.ndarray]:
    """What Hugging Face computed of the same inputs with labels, if it could."""
    prefix = f"{head}/False/"
    goldens = np.load(GOLDENS)
    return {name.removeprefix(prefix): goldens[name] for name in goldens.files if name.startswith(prefix)}


def distance(one: Any, other: Any) -> str:
    """The largest absolute difference of two fields, layers stacked."""
    pair = [np.stack(x) if isinstance(x, tuple) else np.asarray(x) for x in (one, other)]
    return f"{np.abs(pair[0].astype(np.float64) - pair[1]).max():.1e}"


if __name__ == "__main__":
    main()
