"""What Keras' users do with a model besides calling it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tiny
from frameworks import TF
from tolerances import assert_close

tf = pytest.importorskip("tensorflow")
keras = pytest.importorskip("keras")

INPUTS = tiny.CASES[8].inputs()
LABELLED = INPUTS | {"labels": tiny.labels()}


@pytest.fixture
def model() -> Any:
    return TF().build("XLMWithLMHeadModel")


def test_takes_one_dict(model: Any) -> None:
    """All inputs in a dict are the same as by name."""
    assert_close(model(INPUTS).logits, model(**INPUTS).logits, "exact")


@pytest.mark.parametrize("jit", [False, True], ids=["graph", "xla"])
def test_traces(model: Any, jit: bool) -> None:
    """tf.function takes the model, compiled or not, and changes nothing."""
    traced = tf.function(lambda **tensors: model(**tensors).logits, jit_compile=jit)

    assert_close(traced(**TF()._tensors(INPUTS)), model(**INPUTS).logits, "states")


def test_a_graph_of_unknown_size_takes_every_size(model: Any) -> None:
    """One trace serves batches and texts of any size."""
    spec = tf.TensorSpec((None, None), "int64")
    traced = tf.function(lambda ids: model(ids).logits, input_signature=[spec])

    assert_close(traced(INPUTS["input_ids"][:2, :5]), model(INPUTS["input_ids"][:2, :5]).logits, "states")


def test_learns_with_labels_among_the_inputs(model: Any) -> None:
    """compile and fit need no loss: the model's own falls."""
    model.compile(optimizer=keras.optimizers.Adam(1e-2))

    losses = model.fit(LABELLED, epochs=5, batch_size=2, verbose=0).history["loss"]

    assert losses[-1] < losses[0]
    assert model.evaluate(LABELLED, verbose=0) < losses[0]


def test_predict_returns_outputs(model: Any) -> None:
    """predict gives the model's own output class, batches joined."""
    output = model.predict(INPUTS, batch_size=3, verbose=0)

    assert_close(output.logits, model(INPUTS).logits, "states")


def test_composes(model: Any) -> None:
    """A symbolic call makes a functional model."""
    ids = keras.Input((None,), dtype="int64")
    outer = keras.Model(ids, model(ids).logits)

    assert_close(outer(INPUTS["input_ids"]), model(INPUTS["input_ids"]).logits, "states")


def test_embeddings_instead_of_ids(model: Any) -> None:
    """inputs_embeds alone are enough."""
    words = model.transformer.embeddings(INPUTS["input_ids"])

    assert_close(
        model(inputs_embeds=words, lengths=INPUTS["input_ids"].astype(bool).sum(1)).logits.shape, (4, 7, 53), "exact"
    )


def test_a_word_that_occurs_twice_gets_one_gradient(model: Any) -> None:
    """Look-ups give dense gradients: Keras' Adam would square the parts of a sparse one."""
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(model.transformer.lang_embeddings(np.array([1, 1, 3])))
    gradient = tape.gradient(total, model.transformer.lang_embeddings.embeddings.value)

    assert isinstance(gradient, tf.Tensor)
    assert_close(gradient[:, 0], [0, 2, 0, 1, 0], "exact")


@pytest.mark.parametrize("attentions", [False, True], ids=["fused", "explicit"])
def test_mixed_precision_is_finite_with_padding(attentions: bool) -> None:
    """No mask overflows: the logits under mixed_float16 are finite and near the full ones."""
    full = TF().build("XLMWithLMHeadModel")(INPUTS).logits
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        half = TF().build("XLMWithLMHeadModel")(**INPUTS, output_attentions=attentions).logits
    finally:
        keras.mixed_precision.set_global_policy("float32")

    assert half.dtype == "float16"
    assert_close(tf.cast(half, "float32"), full, "float16")
