"""PyTorch = TensorFlow = float64, in every field, over the grid of inputs."""

from __future__ import annotations

from typing import Any

import pytest

import reference
import tiny
from frameworks import Framework
from tolerances import assert_close, assert_outputs_close

EVERYTHING: dict[str, Any] = {"output_hidden_states": True, "output_attentions": True}


@pytest.fixture(scope="module", params=tiny.CASES, ids=str)
def case(request: pytest.FixtureRequest) -> tiny.Case:
    return request.param


def test_body_equals_the_reference(framework: Framework, case: tiny.Case) -> None:
    """The body's states and probabilities are those of the formulae, whichever framework computes them."""
    expected = reference.body(case.config, tiny.weights(case.config), **case.inputs())

    actual = framework.run(framework.build("XLMModel", case.config), **case.inputs(), **EVERYTHING)

    assert_outputs_close(actual, expected, "states")


def test_language_model_equals_the_reference(framework: Framework, case: tiny.Case) -> None:
    """Loss, logits, states and probabilities of the language model are those of the formulae."""
    inputs = case.inputs() | {"labels": tiny.labels()}
    expected = reference.language_model(case.config, tiny.weights(case.config, "language-modeling"), **inputs)

    actual = framework.run(framework.build("XLMWithLMHeadModel", case.config), **inputs, **EVERYTHING)

    assert_outputs_close(actual, expected, "states")


def test_fused_kernel_equals_the_explicit_one(framework: Framework, case: tiny.Case) -> None:
    """Asking for the probabilities, which takes the explicit kernel, does not change the states."""
    model = framework.build("XLMModel", case.config)

    fused = framework.run(model, **case.inputs())
    explicit = framework.run(model, **case.inputs(), output_attentions=True)

    assert_close(fused["last_hidden_state"], explicit["last_hidden_state"], "states")
    assert fused.keys() == {"last_hidden_state"}


def test_without_labels_there_is_no_loss(framework: Framework) -> None:
    """A call without labels gives logits alone."""
    output = framework.run(framework.build("XLMWithLMHeadModel"), **tiny.CASES[0].inputs())

    assert output.keys() == {"logits"}
