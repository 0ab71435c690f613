"""`xlm_core.outputs`: one value, reached by attribute, by name and by number."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from xlm_core.outputs import BaseModelOutput, LogitsOutput, ModelOutput

OUTPUT = LogitsOutput(logits="scores", attentions=("first", "second"))


def test_a_field_is_reached_by_attribute_name_and_number() -> None:
    assert OUTPUT.logits == OUTPUT["logits"] == OUTPUT[0] == "scores"


def test_fields_that_were_not_asked_for_are_left_out() -> None:
    assert OUTPUT.keys() == ("logits", "attentions")
    assert OUTPUT.values() == OUTPUT.to_tuple() == ("scores", ("first", "second"))
    assert OUTPUT.items() == (("logits", "scores"), ("attentions", ("first", "second")))


def test_a_field_that_was_not_asked_for_is_none_by_attribute() -> None:
    assert OUTPUT.loss is None


def test_a_field_that_was_not_asked_for_is_no_key() -> None:
    with pytest.raises(KeyError, match=r"loss"):
        _ = OUTPUT["loss"]


def test_the_loss_comes_first() -> None:
    assert LogitsOutput(loss="loss", logits="scores")[0] == "loss"


def test_a_slice_is_a_tuple() -> None:
    assert OUTPUT[:1] == ("scores",)


def test_it_is_iterated_by_name_as_a_dict() -> None:
    assert {**OUTPUT} == dict(OUTPUT.items()) == {"logits": "scores", "attentions": ("first", "second")}


def test_it_has_a_length_and_members() -> None:
    assert len(OUTPUT) == 2
    assert "logits" in OUTPUT
    assert "loss" not in OUTPUT


def test_get_has_a_default() -> None:
    assert (OUTPUT.get("logits"), OUTPUT.get("loss"), OUTPUT.get("loss", 0)) == ("scores", None, 0)


def test_it_does_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        OUTPUT.logits = "others"


def test_the_old_tuple_is_given_on_request() -> None:
    assert OUTPUT.as_asked(return_dict=False) == OUTPUT.to_tuple()
    assert OUTPUT.as_asked(return_dict=True) is OUTPUT


def test_a_task_takes_over_what_was_asked_of_the_body() -> None:
    body = BaseModelOutput("states", hidden_states=("one",), attentions=("two",))

    assert LogitsOutput.after(body, logits="scores").to_tuple() == ("scores", ("one",), ("two",))


def test_tensorflow_rebuilds_what_it_took_apart() -> None:
    metadata, components = OUTPUT.__tf_flatten__()

    assert LogitsOutput.__tf_unflatten__(metadata, components).items() == OUTPUT.items()


def test_every_class_is_known_to_the_frameworks() -> None:
    assert {BaseModelOutput, LogitsOutput} <= set(ModelOutput.every_class())
