"""PyTorch and TensorFlow learn the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tiny
from frameworks import FRAMEWORKS, Framework
from tolerances import ABSOLUTE, assert_close

pytestmark = pytest.mark.skipif(len(FRAMEWORKS) < 2, reason="compares two frameworks, and one is not installed")

CASES = [case for case in tiny.CASES if not case.positions]
STEPS = 10


def without_effect(name: str) -> bool:
    """A key's bias shifts all scores of a query alike: its gradient is 0, and what is computed of it is noise."""
    return name.endswith("k_lin.bias")


def both(config: Any) -> list[tuple[Framework, Any]]:
    return [(framework, framework.build("XLMWithLMHeadModel", config)) for framework in FRAMEWORKS]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_gradients_of_every_weight_are_equal(case: tiny.Case) -> None:
    """Each weight gets the same gradient from both frameworks."""
    inputs = case.inputs() | {"labels": tiny.labels()}

    one, other = [framework.gradients(model, **inputs) for framework, model in both(case.config)]

    assert one.keys() == other.keys()
    for name in one:
        assert_close(one[name], other[name], "gradients", name)


def test_gradients_are_not_all_small() -> None:
    """The comparison of gradients can fail: those of the other weights are a thousand tolerances and more."""
    framework, model = both(tiny.CONFIG)[0]

    gradients = framework.gradients(model, **tiny.CASES[4].inputs(), langs=tiny.labels() % 5, labels=tiny.labels())

    largest = {name: np.abs(gradient).max() for name, gradient in gradients.items() if not without_effect(name)}
    assert min(largest.values()) > 1000 * ABSOLUTE["gradients"], largest


@pytest.mark.parametrize("causal", [False, True])
def test_ten_adamw_steps_stay_together(causal: bool) -> None:
    """After ten steps of AdamW the weights of both frameworks are the same, and far from where they started."""
    config = tiny.CONFIG.replace(causal=causal)
    inputs = tiny.Case("attention_mask", causal, True, False, False, False).inputs() | {"labels": tiny.labels()}
    models = both(config)

    losses = [framework.train(model, STEPS, **inputs) for framework, model in models]

    one, other = [model.to_arrays() for _, model in models]
    start = tiny.weights(config, "language-modeling")
    for name in start:
        assert_close(one[name], other[name], "steps", name)
        moved = np.abs(one[name] - start[name]).max()
        assert without_effect(name) or moved > 10 * ABSOLUTE["steps"], name
    assert_close(losses[0], losses[1], "steps")
    assert losses[0][-1] < losses[0][0]
