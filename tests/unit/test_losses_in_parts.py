"""Losses of many words, which are computed in parts, in the ways that TensorFlow computes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import tiny
from frameworks import TF
from tolerances import assert_close
from xlm_core.errors import InputError

tf = pytest.importorskip("tensorflow")
keras = pytest.importorskip("keras")

from xlm_tf import losses  # noqa: E402  # needs TensorFlow

KINDS: dict[str, Mapping[str, Any]] = {
    "masked": {},
    "causal": {"causal": True},
    "own scores": {"tie_word_embeddings": False},
    "adaptive": {"asm": True, "asm_cutoffs": [10, 20], "asm_div_value": 2.0},
}
INPUTS = {
    name: np.concatenate([array] * 3) for name, array in {**tiny.CASES[8].inputs(), "labels": tiny.labels()}.items()
}
"""So many texts that more words have labels than a state has numbers."""
SIGNATURE = [{name: tf.TensorSpec((None,) * array.ndim, array.dtype) for name, array in INPUTS.items()}]
WRAPPED: dict[str, Callable[[Any], Any]] = {
    "eager": lambda function: function,
    "graph of any size": lambda function: tf.function(function, input_signature=SIGNATURE),
    "graph of one size": lambda function: tf.function(function, autograph=False),
    "XLA": lambda function: tf.function(function, jit_compile=True),
}


OPTIONS = [
    pytest.param({}, id="graph"),
    pytest.param({"run_eagerly": True}, id="eager"),
    pytest.param({"jit_compile": True}, id="XLA", marks=pytest.mark.slow),
]


@pytest.fixture(params=KINDS)
def model(request: pytest.FixtureRequest) -> Any:
    return TF().build("XLMWithLMHeadModel", tiny.CONFIG.replace(**KINDS[request.param]))


@pytest.fixture
def in_threes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts are of three words."""
    monkeypatch.setattr(losses, "CHUNK", 3 * tiny.CONFIG.vocab_size)


def learnt(model: Any, wrapped: Callable[[Any], Any], **flags: Any) -> list[Any]:
    """The loss and the gradients of all variables."""

    def function(inputs: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = model(inputs, **flags).loss
        return loss, tape.gradient(loss, [variable.value for variable in model.trainable_variables])

    loss, gradients = wrapped(function)({name: tf.constant(array) for name, array in INPUTS.items()})
    return [loss, *map(tf.convert_to_tensor, gradients)]


@pytest.mark.usefixtures("in_threes")
@pytest.mark.parametrize("training", [False, True], ids=["evaluation", "training"])
@pytest.mark.parametrize("way", [pytest.param(way, marks=[pytest.mark.slow] * (way == "XLA")) for way in WRAPPED])
def test_the_loss_and_its_gradients_are_those_of_all_scores(model: Any, way: str, training: bool) -> None:
    expected = learnt(model, WRAPPED["eager"], skip_logits=False)

    actual = learnt(model, WRAPPED[way], skip_logits=True, training=training)

    for one, other in zip(actual, expected, strict=True):
        assert_close(one, other, "gradients")


@pytest.mark.usefixtures("in_threes")
@pytest.mark.parametrize("way", ["eager", "graph of any size"])
@pytest.mark.parametrize("frozen", ["pred_layer", "transformer"])
def test_what_is_frozen_takes_no_gradient(model: Any, frozen: str, way: str) -> None:
    getattr(model, frozen).trainable = False
    expected = learnt(model, WRAPPED["eager"], skip_logits=False)

    actual = learnt(model, WRAPPED[way], training=True)

    assert 1 < len(actual) == len(expected)
    for one, other in zip(actual, expected, strict=True):
        assert_close(one, other, "gradients")


@pytest.mark.usefixtures("in_threes")
@pytest.mark.parametrize("options", OPTIONS)
def test_fit_learns_what_all_scores_would_teach(model: Any, options: Mapping[str, Any]) -> None:
    """One step of gradient descent, in Keras' own loop, is the gradient of the loss of all scores."""
    before = [weight.numpy() for weight in model.trainable_variables]
    loss, *gradients = learnt(model, WRAPPED["eager"], skip_logits=False)
    model.compile(optimizer=keras.optimizers.SGD(1.0), **options)

    history = model.fit(INPUTS, batch_size=len(INPUTS["labels"]), verbose=0).history

    assert_close(history["loss"][0], loss, "states")
    for weight, old, gradient in zip(model.trainable_variables, before, gradients, strict=True):
        assert_close(old - weight.numpy(), gradient, "gradients")


@pytest.mark.usefixtures("in_threes")
@pytest.mark.parametrize("training", [False, True], ids=["evaluation", "training"])
def test_a_graph_scores_no_more_words_at_once_than_a_part_has(
    model: Any, training: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    most, score = tf.Variable(0, trainable=False), model.pred_layer.proj.call

    def counted(states: Any, *arguments: Any, **named: Any) -> Any:
        most.assign(tf.maximum(most, tf.shape(states)[0]))
        return score(states, *arguments, **named)

    monkeypatch.setattr(model.pred_layer.proj, "call", counted)

    learnt(model, WRAPPED["graph of any size"], skip_logits=True, training=training)

    assert most.numpy() == 3


def test_few_words_are_scored_at_once(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the gradients of a second part would take more memory than the scores of its words."""
    monkeypatch.setattr(losses, "CHUNK", (np.sum(INPUTS["labels"] != -100) - tiny.CONFIG.emb_dim) * 53)
    rows = []
    monkeypatch.setattr(losses, "_total", lambda score, states, *others: rows.append(len(states)) or tf.constant(1.0))

    model(INPUTS, skip_logits=True)

    assert len(rows) == 1


@pytest.mark.usefixtures("in_threes")
def test_evaluate_scores_labelled_words_alone(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = model(INPUTS, skip_logits=False).loss
    monkeypatch.setattr(model, "criterion", None)  # what takes the scores of all words
    model.compile()

    actual = model.evaluate(INPUTS, batch_size=len(INPUTS["labels"]), verbose=0)

    assert_close(actual, expected, "states")


def test_a_thread_beside_evaluate_has_its_logits(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As has a call after it was interrupted."""

    def interrupted(*_: Any, **__: Any) -> None:
        with ThreadPoolExecutor(1) as thread:
            assert thread.submit(model, INPUTS).result().logits is not None
        raise KeyboardInterrupt

    monkeypatch.setattr(model, "compute_metrics", interrupted)
    model.compile(run_eagerly=True)

    with pytest.raises(KeyboardInterrupt):
        model.evaluate(INPUTS, verbose=0)

    assert model(INPUTS).logits is not None


def test_evaluate_without_labels_is_refused(model: Any) -> None:
    model.compile()

    with pytest.raises(InputError, match="the inputs must have labels"):
        model.evaluate({name: array for name, array in INPUTS.items() if name != "labels"}, verbose=0)


@pytest.mark.usefixtures("in_threes")
def test_a_second_derivative_is_refused_rather_than_wrong(model: Any) -> None:
    bias = model.pred_layer.trainable_variables[0].value

    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            loss = model(INPUTS, training=True).loss
        norm = tf.reduce_sum(tf.square(inner.gradient(loss, bias)))

    with pytest.raises(InputError, match=r"no second derivatives.*skip_logits=False"):
        outer.gradient(norm, bias)


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_learns_whole_gradients(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The parts are added up in float32, near what all scores at once give."""
    model = TF().build("XLMWithLMHeadModel")
    mixed = type(model).from_config(model.get_config() | {"dtype": dtype})
    mixed.set_weights(model.get_weights())
    expected = learnt(mixed, WRAPPED["graph of any size"], training=True)

    monkeypatch.setattr(losses, "CHUNK", 3 * tiny.CONFIG.vocab_size)
    actual = learnt(mixed, WRAPPED["graph of any size"], training=True)

    assert {gradient.dtype for gradient in actual} == {tf.float32}
    for one, other in zip(actual, expected, strict=True):
        assert_close(one, other, dtype.removeprefix("mixed_"))
