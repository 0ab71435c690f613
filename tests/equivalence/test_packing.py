"""Batches without their padding give what the padded ones give, in both frameworks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import heads
import reference
import tiny
from frameworks import FRAMEWORKS, Framework
from tolerances import assert_close, assert_outputs_close

RAGGED = [case for case in tiny.CASES if case.padding != "none"][::5]
FIRST = [head for head in heads.HEADS if head.name in ("XLMForSequenceClassification", "XLMForMultipleChoice")]


def packing(framework: Framework, name: str, config: Any, mode: str) -> Any:
    model = framework.build(name, config)
    model.base_model.set_packing(mode)
    return model


@pytest.mark.parametrize("case", RAGGED, ids=str)
def test_language_model_equals_the_reference(framework: Framework, case: tiny.Case) -> None:
    """Each way to tell padding, both directions, with and without each input."""
    model = packing(framework, "XLMWithLMHeadModel", case.config, "sequences")
    expected = reference.language_model(case.config, tiny.weights(case.config, model.task), **case.inputs())

    assert_close(framework.run(model, **case.inputs())["logits"], expected["logits"], "states")


@pytest.mark.parametrize("causal", [False, True], ids=["both ways", "causal"])
def test_states_of_every_layer_equal_the_padded_ones(framework: Framework, causal: bool) -> None:
    """Texts of very different lengths, padded anywhere, one of them empty."""
    config = tiny.CONFIG.replace(causal=causal, max_position_embeddings=40)
    ids, mask = ragged()
    given = {"input_ids": ids, "attention_mask": mask, "output_hidden_states": True}

    padded, packed = (
        framework.run(packing(framework, "XLMModel", config, mode), **given) for mode in ("never", "sequences")
    )

    assert_outputs_close(packed, padded, "states")


def test_gradients_equal_the_padded_ones(framework: Framework) -> None:
    """Texts that learn together never see each other."""
    ids, mask = ragged()
    inputs = {"input_ids": ids, "attention_mask": mask, "labels": np.where(mask == 1, ids, -100)}
    config = tiny.CONFIG.replace(max_position_embeddings=40)

    padded, packed = (
        framework.gradients(packing(framework, "XLMWithLMHeadModel", config, mode), **inputs)
        for mode in ("never", "sequences")
    )

    assert padded.keys() == packed.keys()
    for name, gradient in padded.items():
        assert_close(packed[name], gradient, "gradients", name)


@pytest.mark.parametrize("mode", ["never", "sequences"])
@pytest.mark.parametrize("causal", [False, True], ids=["both ways", "causal"])
def test_states_at_some_positions_equal_those_of_all(framework: Framework, mode: str, causal: bool) -> None:
    """The last layer is computed for these alone, padding and repetitions among them."""
    config = tiny.CONFIG.replace(causal=causal, max_position_embeddings=40)
    model = packing(framework, "XLMModel", config, mode)
    ids, mask = ragged()
    positions = np.random.default_rng(1).integers(0, ids.shape[1], (len(ids), 3))
    given = {"input_ids": ids, "attention_mask": mask}
    all_states = framework.run(model, **given)["last_hidden_state"]

    tensors = {name: framework.tensor(x) for name, x in given.items()}
    states = framework.array(model.forward_at(framework.tensor(positions), **tensors).last_hidden_state)

    assert_close(states, np.take_along_axis(all_states, positions[..., None], axis=1), "states")


@pytest.mark.parametrize("mode", ["never", "sequences"])
@pytest.mark.parametrize("head", FIRST, ids=str)
def test_heads_that_read_the_first_token_equal_the_reference(framework: Framework, head: heads.Head, mode: str) -> None:
    case = heads.CASES[1]
    model = packing(framework, head.name, head.config, mode)
    inputs = head.inputs(case) | dict(head.labels)
    expected = head.reference(tiny.weights(head.config, model.task), case, inputs)

    actual = framework.run(model, **inputs)

    assert_outputs_close(actual, {name: expected[name] for name in actual}, "states")


def test_frameworks_pack_alike() -> None:
    """The same row of tokens, whichever framework lays it out."""
    ids, mask = ragged()
    rows = [
        framework.package.pack({"input_ids": framework.tensor(ids), "attention_mask": framework.tensor(mask)})
        for framework in FRAMEWORKS
    ]

    for framework, packed in zip(FRAMEWORKS, rows, strict=True):
        np.testing.assert_array_equal(framework.array(packed.inputs["input_ids"])[0], ids[mask == 1])
        np.testing.assert_array_equal(framework.array(packed.inputs["position_ids"])[0], np.nonzero(mask)[1])


def ragged() -> tuple[np.ndarray, np.ndarray]:
    """Ids and mask of nine texts: from none to all of 32 columns, some padded on the left or within."""
    source = np.random.default_rng(0)
    lengths = np.array([32, 30, 17, 16, 9, 5, 2, 1, 0])
    mask = (np.arange(32) < lengths[:, None]).astype(np.int64)
    mask[4] = mask[4, ::-1]
    mask[0, 11] = 0
    return source.integers(6, tiny.CONFIG.vocab_size, mask.shape), mask
