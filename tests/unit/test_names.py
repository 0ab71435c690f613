"""`xlm_core.formats.names`: what becomes of every name of a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from xlm_core.errors import CheckpointError, MissingWeights
from xlm_core.formats.names import Names, is_body, match

BODY = ("embeddings.weight", "layer_norm_emb.bias")
TASK = ("transformer.embeddings.weight", "transformer.layer_norm_emb.bias")
PATH = Path("model.safetensors")


def test_equal_names_are_found_in_the_order_of_the_model():
    assert list(match(PATH, BODY[::-1], BODY).found) == list(BODY)


def test_a_body_is_found_by_a_task_model():
    assert match(PATH, BODY, (*TASK, "classifier.bias")).found == dict(zip(TASK, BODY, strict=True))


def test_the_body_of_a_task_model_is_found():
    assert match(PATH, TASK, BODY).found == dict(zip(BODY, TASK, strict=True))


@pytest.mark.parametrize("name", ["position_ids", "transformer.position_ids"])
def test_old_position_ids_are_set_aside(name):
    assert match(PATH, (*BODY, name), BODY).set_aside == (name,)


@pytest.mark.parametrize(
    "name",
    [
        "classifier.weight",
        "logits_proj.bias",
        "pred_layer.proj.bias",
        "qa_outputs.start_logits.dense.weight",
        "sequence_summary.summary.weight",
    ],
)
def test_the_head_of_another_task_is_set_aside(name):
    assert match(PATH, (*TASK, name), TASK).set_aside == (name,)


def test_the_copy_of_a_tied_weight_is_dropped_in_silence():
    wanted = (*TASK, "pred_layer.proj.bias")

    names = match(PATH, (*wanted, "pred_layer.proj.weight"), wanted)

    assert names == Names(found={name: name for name in wanted}, set_aside=(), unexpected=())


def test_an_untied_weight_is_found():
    wanted = (*TASK, "pred_layer.proj.weight")

    assert "pred_layer.proj.weight" in match(PATH, wanted, wanted).found


def test_a_name_of_no_model_is_unexpected():
    assert match(PATH, (*BODY, "adapter.weight"), BODY).unexpected == ("adapter.weight",)


def test_a_file_without_a_fitting_name_is_refused_with_examples():
    stored = [f"module.{name}" for name in (*BODY, "c", "d")]

    with pytest.raises(MissingWeights) as caught:
        match(PATH, stored, BODY)

    assert str(caught.value) == (
        "`model.safetensors` must hold weights of an XLM model such as `embeddings.weight`, `layer_norm_emb.bias`; "
        "it holds `module.embeddings.weight`, `module.layer_norm_emb.bias`, `module.c` and no name that fits. "
        "Is it another model's, or are its names prefixed?"
    )


def test_a_file_without_arrays_is_refused():
    with pytest.raises(MissingWeights, match="it holds nothing and no name that fits"):
        match(PATH, (), BODY)


def test_two_arrays_for_one_weight_are_refused():
    with pytest.raises(CheckpointError, match=r"`embeddings.weight` and `transformer.embeddings.weight` are both"):
        match(PATH, (BODY[0], TASK[0]), BODY)


@pytest.mark.parametrize(("name", "answer"), [(TASK[0], True), ("classifier.bias", False)])
def test_the_body_of_a_task_model_is_told_by_its_prefix(name, answer):
    assert is_body(name, (*TASK, "classifier.bias")) is answer


def test_all_of_a_bare_model_is_body():
    assert is_body("embeddings.weight", BODY)
