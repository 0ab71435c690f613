"""Scores that nobody reads are not computed, and those that are stay what they were, in both frameworks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

import tiny
from frameworks import Framework
from tolerances import assert_close
from xlm_core.config import XLMConfig
from xlm_core.errors import InputError

NAME = "XLMWithLMHeadModel"
KINDS: dict[str, Mapping[str, Any]] = {
    "masked": {},
    "causal": {"causal": True},
    "own scores": {"tie_word_embeddings": False},
    "adaptive": {"asm": True, "asm_cutoffs": [10, 20], "asm_div_value": 2.0},
}
CASE = next(case for case in tiny.CASES if case.padding == "attention_mask")


@pytest.fixture(params=KINDS)
def config(request: pytest.FixtureRequest) -> XLMConfig:
    return tiny.CONFIG.replace(**KINDS[request.param])


def test_positions_choose_scores(framework: Framework, config: XLMConfig) -> None:
    model, inputs = framework.build(NAME, config), CASE.inputs()
    batch, size = tiny.input_ids().shape
    positions = np.random.default_rng(0).integers(0, size, (batch, 2))
    all_scores = framework.run(model, **inputs)["logits"]

    scores = framework.run(model, **inputs, positions=positions)["logits"]

    assert_close(scores, np.take_along_axis(all_scores, positions[..., None], axis=1), "states")


@pytest.mark.parametrize("count", [0, 1, 3])
def test_the_last_scores_alone(framework: Framework, config: XLMConfig, count: int) -> None:
    model = framework.build(NAME, config)
    all_scores = framework.run(model, **CASE.inputs())["logits"]

    scores = framework.run(model, **CASE.inputs(), logits_to_keep=count)["logits"]

    assert_close(scores, all_scores[:, -count:] if count else all_scores, "states")


@pytest.mark.parametrize("kept", [[3], [6, 0, 3], np.array([1, 2])], ids=["one", "many", "array"])
def test_the_same_scores_of_every_text(framework: Framework, config: XLMConfig, kept: Any) -> None:
    """As in Hugging Face's causal models, `logits_to_keep` may be a list of positions."""
    model = framework.build(NAME, config)
    all_scores = framework.run(model, **CASE.inputs())["logits"]

    scores = framework.run(model, **CASE.inputs(), logits_to_keep=kept)["logits"]

    assert_close(scores, all_scores[:, kept], "states")


@pytest.mark.parametrize("training", [False, True], ids=["evaluation", "training"])
@pytest.mark.parametrize("chunk", [1 << 26, 3 * tiny.CONFIG.vocab_size, 1], ids=["whole", "threes", "one by one"])
def test_loss_and_gradients_of_labelled_words(
    framework: Framework, config: XLMConfig, chunk: int, training: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether all words are scored or those with labels, at once or in parts: the same loss and the same gradients."""
    monkeypatch.setattr(f"{framework.package.__name__}.losses.CHUNK", chunk)
    model, inputs = framework.build(NAME, config), many(CASE.inputs() | {"labels": tiny.labels()})

    whole = framework.run(model, **inputs, skip_logits=False)
    part = framework.run(model, **inputs, skip_logits=True)
    expected = framework.gradients(model, **inputs, skip_logits=False)
    actual = framework.gradients(model, **inputs, training=training, skip_logits=True)

    assert "logits" not in part
    assert_close(part["loss"], whole["loss"], "states")
    assert actual.keys() == expected.keys()
    for name, gradient in expected.items():
        assert_close(actual[name], gradient, "gradients", name)


def many(inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Three times the texts, so that more words have labels than a state has numbers."""
    return {name: np.concatenate([array] * 3) for name, array in inputs.items()}


def test_no_labels_at_all_give_0(framework: Framework, config: XLMConfig) -> None:
    labels = np.full_like(tiny.input_ids(), -100)

    assert framework.run(framework.build(NAME, config), **CASE.inputs(), labels=labels, skip_logits=True)["loss"] == 0


def test_training_gives_no_logits_and_evaluation_does(framework: Framework) -> None:
    model, inputs = framework.build(NAME), CASE.inputs() | {"labels": tiny.labels()}

    assert framework.call(model, training=True, **inputs).logits is None
    assert framework.call(model, training=False, **inputs).logits is not None


def test_a_wrong_label_is_named(framework: Framework) -> None:
    labels = tiny.labels()
    labels[1, 2] = 10_000

    with pytest.raises(InputError, match=r"`labels` must be in .*; got 10000 at batch 1, position 2"):
        framework.run(framework.build(NAME), **CASE.inputs(), labels=labels, skip_logits=True)


BATCH, SIZE = tiny.input_ids().shape
BAD: dict[str, tuple[Mapping[str, Any], str]] = {
    "outside": (
        {"positions": np.full((BATCH, 1), SIZE)},
        rf"\[0, {SIZE}\), the positions of the text; got 7 at batch 0",
    ),
    "before the text": ({"positions": np.full((BATCH, 1), -1)}, rf"`positions` must be in \[0, {SIZE}\)"),
    "none": ({"positions": np.zeros((BATCH, 0), int)}, "at least one for each text; got none, .* Leave it out"),
    "one axis": ({"positions": np.zeros(BATCH, int)}, "`positions` must have the shape"),
    "another batch": ({"positions": np.zeros((BATCH + 1, 1), int)}, "`positions` must have the shape"),
    "real": ({"positions": np.zeros((BATCH, 1))}, "`positions` must hold whole numbers"),
    "both": ({"positions": np.zeros((BATCH, 1), int), "logits_to_keep": 1}, "both choose scores"),
    "labels": ({"logits_to_keep": 1, "labels": tiny.labels()}, "`logits_to_keep` must be left out with `labels`"),
    "kept outside": ({"logits_to_keep": [0, SIZE]}, rf"`positions` must be in \[0, {SIZE}\)"),
    "kept before the text": ({"logits_to_keep": [-1]}, rf"`positions` must be in \[0, {SIZE}\)"),
    "none kept": ({"logits_to_keep": []}, "`logits_to_keep` must choose at least one position"),
    "two axes kept": ({"logits_to_keep": np.zeros((BATCH, 1), int)}, "`logits_to_keep` must have the shape"),
    "real kept": ({"logits_to_keep": [1.0]}, "`logits_to_keep` must hold whole numbers"),
    "both lists": ({"positions": np.zeros((BATCH, 1), int), "logits_to_keep": [1]}, "both choose scores"),
    "kept and labels": ({"logits_to_keep": [1], "labels": tiny.labels()}, "`logits_to_keep` must be left out"),
    "less than none": ({"logits_to_keep": -1}, "`logits_to_keep` must be a whole number"),
    "nothing left": ({"skip_logits": True}, "`skip_logits` must be left out without `labels`"),
    "no flag": ({"skip_logits": "yes", "labels": tiny.labels()}, "`skip_logits` must be True, False or None"),
}


@pytest.mark.parametrize("wrong", BAD)
def test_an_impossible_choice_is_refused(framework: Framework, wrong: str) -> None:
    arguments, message = BAD[wrong]

    with pytest.raises(InputError, match=message):
        framework.run(framework.build(NAME), **CASE.inputs(), **arguments)
