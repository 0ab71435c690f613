"""Pruned, resized and adapted models give the numbers of Hugging Face 4.57, as `record_surgery.py` wrote them down."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tiny
from frameworks import Framework
from tolerances import assert_close

GOLDENS = Path(__file__).parent.parent / "goldens"
GOLDEN = dict(np.load(GOLDENS / "surgery.npz"))
CASE = tiny.Case("attention_mask", False, True, False, False, False)


@pytest.fixture
def model(framework: Framework) -> Any:
    return framework.build("XLMWithLMHeadModel")


def test_pruned_model_equals_hugging_face(framework: Framework, model: Any) -> None:
    """Heads pruned in two goes, some of them twice: the same loss, logits and probabilities."""
    model.prune_heads({0: [1]})
    model.prune_heads({0: [1], 1: [2, 0]})

    output = framework.run(model, **CASE.inputs(), labels=tiny.labels(), output_attentions=True)

    assert_close(output["loss"], GOLDEN["loss"], "loss")
    assert_close(output["logits"], GOLDEN["logits"], "states")
    for layer, probabilities in enumerate(output["attentions"]):
        assert_close(probabilities, GOLDEN[f"attentions.{layer}"], "states", f"layer {layer}")


def test_parameters_are_counted_as_in_hugging_face(model: Any) -> None:
    """Tied weights once, tables left out on request."""
    model.prune_heads({0: [1], 1: [2, 0]})

    assert model.num_parameters() == GOLDEN["parameters"]
    assert model.num_parameters(exclude_embeddings=True) == GOLDEN["others"]


def test_resized_tables_equal_hugging_faces_but_for_its_noise(model: Any) -> None:
    """Grown to a multiple of eight, then shrunk."""
    model.resize_token_embeddings(60, pad_to_multiple_of=8)
    grown = model.to_arrays()
    model.resize_token_embeddings(50)

    assert_close(grown["transformer.embeddings.weight"], GOLDEN["grown"], "noise")
    assert_close(grown["pred_layer.proj.bias"][:53], GOLDEN["grown_bias"][:53], "exact")
    assert_close(model.to_arrays()["transformer.embeddings.weight"], GOLDEN["shrunk"], "exact")


def test_adapters_of_peft_are_read(framework: Framework, model: Any) -> None:
    """An adapter that PEFT saved gives here what it gives there."""
    model.load_adapter(GOLDENS / "peft-adapter")

    assert_close(framework.run(model, **CASE.inputs())["logits"], GOLDEN["adapted"], "states")
