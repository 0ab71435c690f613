"""PyTorch = TensorFlow = float64 for every task model, in every field, with every kind of labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import heads
import tiny
from frameworks import Framework
from tolerances import assert_close, assert_outputs_close

EVERYTHING: dict[str, Any] = {"output_hidden_states": True, "output_attentions": True}


@pytest.fixture(scope="module", params=heads.HEADS, ids=str)
def head(request: pytest.FixtureRequest) -> heads.Head:
    return request.param


@pytest.fixture(scope="module", params=heads.CASES, ids=str)
def case(request: pytest.FixtureRequest) -> tiny.Case:
    return request.param


def build(framework: Framework, head: heads.Head, causal: bool = False) -> Any:
    return framework.build(head.name, head.config.replace(causal=causal))


def weights(head: heads.Head, framework: Framework, causal: bool = False) -> dict[str, np.ndarray]:
    return tiny.weights(head.config.replace(causal=causal), framework.model_class(head.name).task)


def test_head_equals_the_reference(framework: Framework, head: heads.Head, case: tiny.Case) -> None:
    """Every field with labels is that of the formulae, whichever framework computes it."""
    inputs = head.inputs(case) | dict(head.labels)
    expected = head.reference(weights(head, framework, case.causal), case, inputs)

    actual = framework.run(build(framework, head, case.causal), **inputs, **EVERYTHING)

    assert_outputs_close(actual, expected, "states")


def test_head_without_labels_equals_the_reference(framework: Framework, head: heads.Head) -> None:
    """Without labels there is no loss, and the rest is the same."""
    inputs = head.inputs(heads.CASES[1])
    expected = head.reference(weights(head, framework), heads.CASES[1], inputs)

    actual = framework.run(build(framework, head), **inputs, **EVERYTHING)

    assert "loss" not in actual
    assert_outputs_close(actual, expected, "states")


@pytest.mark.parametrize("head", [head for head in heads.HEADS if head.title != "span outside"], ids=str)
def test_more_padding_changes_nothing(framework: Framework, head: heads.Head) -> None:
    """A text reads the same however much padding follows it; a position behind it is another matter."""
    model, inputs = build(framework, head), head.inputs(heads.CASES[1]) | dict(head.labels)

    short, long = framework.run(model, **inputs), framework.run(model, **longer(inputs, by=4))

    for name, values in short.items():
        has_positions = name in ("start_logits", "end_logits") or (name == "logits" and values.ndim == 3)
        assert_close(long[name][:, : values.shape[1]] if has_positions else long[name], values, "states", name)


def test_the_order_of_the_batch_changes_nothing(framework: Framework, head: heads.Head) -> None:
    """Texts do not see each other: turned about, they give the same, turned about."""
    model, inputs = build(framework, head), head.inputs(heads.CASES[1])

    straight = framework.run(model, **inputs)
    turned = framework.run(model, **{name: array[::-1].copy() for name, array in inputs.items()})

    for name, values in straight.items():
        assert_close(turned[name][::-1], values, "states", name)


def test_a_text_alone_is_as_in_the_batch(framework: Framework, head: heads.Head) -> None:
    """One text gives the same with others beside it and without."""
    model, inputs = build(framework, head), head.inputs(heads.CASES[1])

    together = framework.run(model, **inputs)
    alone = framework.run(model, **{name: array[1:2] for name, array in inputs.items()})

    for name, values in alone.items():
        assert_close(values, together[name][1:2], "states", name)


def test_nothing_given_is_changed(framework: Framework, head: heads.Head) -> None:
    """A call writes neither into the caller's tensors nor into the config."""
    model, given = build(framework, head), head.inputs(heads.CASES[1]) | dict(head.labels)
    tensors, config = {name: framework.tensor(array) for name, array in given.items()}, model.config

    framework.call(model, **tensors)

    assert model.config is config
    assert config == head.config
    for name, tensor in tensors.items():
        assert_close(framework.array(tensor), given[name], "exact", name)


def longer(inputs: dict[str, np.ndarray], by: int) -> dict[str, np.ndarray]:
    """The same texts with more padding behind."""
    fillings = {"input_ids": tiny.CONFIG.pad_index, "attention_mask": 0, "langs": 0, "p_mask": 0, "labels": -100}
    ids = inputs["input_ids"]
    return {
        name: np.concatenate([x, np.full((*x.shape[:-1], by), fillings[name], x.dtype)], axis=-1)
        if name in fillings and x.shape == ids.shape
        else x
        for name, x in inputs.items()
    }


def test_adaptive_softmax_is_pytorchs_own(framework: Framework) -> None:
    """Logarithms and loss are those of torch.nn.AdaptiveLogSoftmaxWithLoss with the same weights."""
    torch = pytest.importorskip("torch")
    head = next(head for head in heads.HEADS if head.config.asm)
    inputs = head.inputs(heads.CASES[1]) | dict(head.labels)
    arrays = weights(head, framework)
    config = head.config
    own = torch.nn.AdaptiveLogSoftmaxWithLoss(
        config.emb_dim, config.vocab_size, config.asm_cutoffs, config.asm_div_value, head_bias=True
    )
    prefix = "pred_layer.proj."
    own.load_state_dict({k.removeprefix(prefix): torch.tensor(v) for k, v in arrays.items() if k.startswith(prefix)})

    output = framework.run(build(framework, head), **inputs, output_hidden_states=True)

    states = torch.tensor(output["hidden_states"][-1]).flatten(0, 1)
    labels = torch.tensor(inputs["labels"]).flatten()
    counted = labels != -100
    assert_close(output["logits"].reshape(-1, config.vocab_size), own.log_prob(states).detach(), "states")
    assert_close(output["loss"], own(states[counted], labels[counted]).loss.detach(), "loss")


@pytest.mark.parametrize("chunk", [1, 3, 7, 50])
@pytest.mark.parametrize("causal", [False, True])
def test_feeding_forward_in_chunks_changes_nothing(framework: Framework, chunk: int, causal: bool) -> None:
    """Whatever the chunk, dividing the text or not, the states are the same."""
    config = tiny.CONFIG.replace(causal=causal, chunk_size_feed_forward=chunk)
    inputs = heads.CASES[1].inputs()

    chunked = framework.run(framework.build("XLMModel", config), **inputs)
    whole = framework.run(framework.build("XLMModel", config.replace(chunk_size_feed_forward=0)), **inputs)

    assert_close(chunked["last_hidden_state"], whole["last_hidden_state"], "states")
