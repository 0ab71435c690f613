"""PyTorch and TensorFlow learn the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import heads
import tiny
from frameworks import FRAMEWORKS, Framework
from tolerances import ABSOLUTE, assert_close

pytestmark = pytest.mark.skipif(len(FRAMEWORKS) < 2, reason="compares two frameworks, and one is not installed")

CASES = [case for case in tiny.CASES if not case.positions]
LEARNING = [head for head in heads.HEADS if head.labels]
STEPS = 10
STEP = 1e-6


def without_effect(name: str) -> bool:
    """A key's bias shifts all scores of a query alike: its gradient is 0, and what is computed of it is noise."""
    return name.endswith("k_lin.bias")


def both(config: Any, name: str = "XLMWithLMHeadModel") -> list[tuple[Framework, Any]]:
    return [(framework, framework.build(name, config)) for framework in FRAMEWORKS]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_gradients_of_every_weight_are_equal(case: tiny.Case) -> None:
    """Each weight gets the same gradient from both frameworks."""
    inputs = case.inputs() | {"labels": tiny.labels()}

    one, other = [framework.gradients(model, **inputs) for framework, model in both(case.config)]

    assert one.keys() == other.keys()
    for name in one:
        assert_close(one[name], other[name], "gradients", name)


@pytest.mark.parametrize("head", LEARNING, ids=str)
def test_gradients_of_every_head_are_equal(head: heads.Head) -> None:
    """Each weight of a task model gets the same gradient from both frameworks, and the head's own get one."""
    inputs = head.inputs(heads.CASES[1]) | dict(head.labels)

    one, other = [framework.gradients(model, **inputs) for framework, model in both(head.config, head.name)]

    assert one.keys() == other.keys()
    for name in one:
        assert_close(one[name], other[name], "gradients", name)
    own = [np.abs(gradient).max() for name, gradient in one.items() if not name.startswith("transformer.")]
    assert head.config.summary_use_proj is False or max(own) > 100 * ABSOLUTE["gradients"]


@pytest.mark.parametrize("head", LEARNING, ids=str)
def test_ten_adamw_steps_of_every_head_stay_together(head: heads.Head) -> None:
    """After ten steps of AdamW a task model's weights are the same in both frameworks, and its loss is lower."""
    inputs = head.inputs(heads.CASES[1]) | dict(head.labels)
    models = both(head.config, head.name)

    losses = [framework.train(model, STEPS, **inputs) for framework, model in models]

    one, other = [model.to_arrays() for _, model in models]
    for name in one:
        assert_close(one[name], other[name], "steps", name)
    assert_close(losses[0], losses[1], "steps")
    assert losses[0][-1] < losses[0][0]


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


@pytest.mark.parametrize("head", LEARNING, ids=str)
def test_gradients_are_those_of_the_formulae(head: heads.Head) -> None:
    """Along a random direction the loss of the float64 reference rises as the gradient says."""
    framework, model = both(head.config, head.name)[0]
    case = heads.CASES[1]
    inputs = head.inputs(case) | dict(head.labels)
    gradients = framework.gradients(model, **inputs)
    start = {name: array.astype(np.float64) for name, array in tiny.weights(head.config, model.task).items()}
    draw = np.random.default_rng(5)
    direction = {name: draw.standard_normal(array.shape) for name, array in start.items()}
    direction["transformer.embeddings.weight"][tiny.CONFIG.pad_index] = 0  # no look-up gives padding a gradient

    def loss(step: float) -> float:
        weights = {name: array + step * direction[name] for name, array in start.items()}
        return float(head.reference(weights, case, inputs)["loss"])

    risen = (loss(STEP) - loss(-STEP)) / (2 * STEP)
    assert_close(sum((gradients[name] * direction[name]).sum() for name in gradients), risen, "slope")
