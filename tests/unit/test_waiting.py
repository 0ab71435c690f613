"""A forward of PyTorch never waits for its device: it reads no value of a tensor on the host."""

from __future__ import annotations

from typing import Any

import pytest

from citizens import CASE, CITIZENS
from frameworks import Torch
from heads import Head

torch = pytest.importorskip("torch")

from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402  # there may be no PyTorch

WAITING = ("_local_scalar_dense", "nonzero", "masked_select", "_unique2", "equal")


class Refusing(TorchDispatchMode):
    """Fails where the host would have to wait for a value or for a size that depends on values."""

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = function.overloadpacket.__name__
        assert name not in WAITING, name
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize("training", [False, True], ids=["inference", "training"])
@pytest.mark.parametrize("head", CITIZENS, ids=str)
def test_no_head_waits(head: Head, training: bool) -> None:
    """On the padded path; packing, and losses of labelled words, must know how many tokens there are."""
    framework = Torch()
    model = framework.build(head.name, head.config).train(training)
    tensors = {name: framework.tensor(x) for name, x in head.inputs(CASE).items()}

    with Refusing(), torch.set_grad_enabled(training):
        model(**tensors)


@pytest.mark.parametrize("training", [False, True], ids=["inference", "training"])
@pytest.mark.parametrize("head", CITIZENS, ids=str)
def test_no_loss_waits(head: Head, training: bool) -> None:
    """But that of a language model in training, which must know how many words are labelled."""
    if training and head.name == "XLMWithLMHeadModel":
        pytest.skip("scores the labelled words alone")
    framework = Torch()
    model = framework.build(head.name, head.config).train(training)
    tensors = {name: framework.tensor(x) for name, x in (head.inputs(CASE) | dict(head.labels)).items()}

    with Refusing():
        output = model(**tensors)
        if "loss" in output:
            output.loss.backward()


@pytest.mark.parametrize("training", [False, True], ids=["inference", "training"])
@pytest.mark.parametrize("head", CITIZENS, ids=str)
def test_no_head_reads_what_is_on_a_device(head: Head, training: bool) -> None:
    """The meta device has no values at all; what a model reads of a batch on the CPU it does not need elsewhere."""
    framework = Torch()
    model = framework.build(head.name, head.config).to("meta").train(training)
    tensors = {name: framework.tensor(x).to("meta") for name, x in (head.inputs(CASE) | dict(head.labels)).items()}

    with torch.set_grad_enabled(training):
        output = model(**tensors)

    assert all(tensor.is_meta for tensor in output.values())


def test_the_refusal_works() -> None:
    with pytest.raises(AssertionError, match="_local_scalar_dense"), Refusing():
        torch.ones(1).item()
