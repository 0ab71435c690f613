"""Whichever kernel computes PyTorch's linear layers, the numbers are the reference's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import reference
import tiny
from citizens import CASE, CITIZENS
from frameworks import Torch
from heads import Head
from tolerances import assert_close, assert_outputs_close

torch = pytest.importorskip("torch")

from kernel_cases import FAST  # noqa: E402  # there may be no PyTorch
from xlm_torch.kernels import CHOICES  # noqa: E402  # there may be no PyTorch
from xlm_torch.packed import find_onednn  # noqa: E402  # the same

pytestmark = pytest.mark.skipif(find_onednn() is None, reason="this PyTorch was built without oneDNN")


@pytest.fixture(params=["plain", *FAST])
def kernels(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each kernel in turn; what it was chosen for is forgotten afterwards."""
    known = dict(CHOICES)
    yield request.param
    CHOICES.clear()
    CHOICES.update(known)


def outputs(model: Any, inputs: dict[str, Any]) -> dict[str, Any]:
    tensors = {name: torch.tensor(x) for name, x in inputs.items()}
    with torch.inference_mode():
        return {name: value.numpy() for name, value in model(**tensors).items()}


@pytest.mark.parametrize("case", tiny.CASES[::7], ids=str)
def test_language_model_equals_the_reference(kernels: str, case: tiny.Case) -> None:
    """A seventh of the grid: each way to tell padding, and each input, several times."""
    model = Torch().build("XLMWithLMHeadModel", case.config).eval()
    model.set_kernels(kernels)
    expected = reference.language_model(case.config, tiny.weights(case.config, model.task), **case.inputs())

    assert_close(outputs(model, case.inputs())["logits"], expected["logits"], "states")


@pytest.mark.parametrize("head", CITIZENS, ids=str)
def test_every_head_equals_the_reference(kernels: str, head: Head) -> None:
    model = Torch().build(head.name, head.config).eval()
    model.set_kernels(kernels)
    inputs = head.inputs(CASE) | dict(head.labels)
    expected = head.reference(tiny.weights(head.config, model.task), CASE, inputs)

    actual = outputs(model, inputs)

    assert_outputs_close(actual, {name: expected[name] for name in actual}, "states")


def test_training_equals_the_plain_kernel(kernels: str) -> None:
    """Losses and gradients of a model that trains."""
    results = []
    for mode in ("plain", kernels):
        model = Torch().build("XLMWithLMHeadModel").train()
        model.set_kernels(mode)
        model(torch.tensor(tiny.input_ids()), labels=torch.tensor(tiny.labels())).loss.backward()
        results.append({name: weight.grad for name, weight in model.named_parameters() if weight.grad is not None})

    plain, other = results
    assert plain.keys() == other.keys()
    for name, gradient in plain.items():
        assert_close(other[name], gradient, "gradients", name)
