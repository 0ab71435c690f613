"""What Keras' users do with a model besides calling it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tiny
from citizens import CITIZENS
from frameworks import TF
from heads import Head
from tolerances import assert_close
from xlm_core.errors import InputError

tf = pytest.importorskip("tensorflow")
keras = pytest.importorskip("keras")

from keras_citizen import LAYER_PROMISES, LAYERS, MODEL_PROMISES, Candidate, layer_classes  # noqa: E402  # needs Keras

INPUTS = tiny.CASES[8].inputs()
LABELLED = INPUTS | {"labels": tiny.labels()}
SLOW = ("model_trains", "model_trains_with_xla_in_mixed_precision", "model_is_exported")


@pytest.fixture
def model() -> Any:
    return TF().build("XLMWithLMHeadModel")


@pytest.mark.parametrize("head", CITIZENS, ids=str)
@pytest.mark.parametrize(
    "promise",
    [
        pytest.param(promise, id=promise.__name__, marks=[pytest.mark.slow] * (promise.__name__ in SLOW))
        for promise in MODEL_PROMISES
    ],
)
def test_model_is_a_good_citizen(head: Head, promise: Callable[[Candidate], None], tmp_path: Path) -> None:
    """Every promise of Keras holds for every model."""
    promise(Candidate(head, tmp_path))


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("promise", LAYER_PROMISES, ids=lambda promise: promise.__name__)
def test_layer_is_a_good_citizen(layer: str, promise: Callable[..., None], tmp_path: Path) -> None:
    """Every promise of Keras holds for every layer."""
    promise(LAYERS[layer], tmp_path)


def test_no_layer_is_left_out() -> None:
    """A new layer keeps the promises, too."""
    assert layer_classes() == LAYERS.keys()


def test_labels_apart_from_the_inputs_are_refused(model: Any) -> None:
    """The loss is the model's own, so that targets, weights and losses given to Keras would do nothing."""
    model.compile(optimizer="adam")
    for apart in ({"y": tiny.labels()}, {"y": tiny.labels(), "sample_weight": np.ones(4)}):
        with pytest.raises(InputError, match="must be left out"):
            model.fit(INPUTS, **apart, verbose=0)
    with pytest.raises(InputError, match="the inputs must have labels"):
        model.fit(INPUTS, verbose=0)

    model.compile(optimizer="adam", loss="mse")
    with pytest.raises(InputError, match="`loss` must be left out"):
        model.fit(LABELLED, verbose=0)


REPLICAS = """
import keras, tensorflow as tf, numpy as np
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import tiny
from frameworks import TF

data = tf.data.Dataset.from_tensor_slices(tiny.CASES[8].inputs() | {"labels": tiny.input_ids()}).batch(tiny.BATCH)

def trained(strategy):
    with strategy.scope():
        model = TF().build("XLMWithLMHeadModel")
        model.compile(optimizer=keras.optimizers.SGD(0.1))
    return model.fit(data, epochs=2, shuffle=False, verbose=0).history["loss"], model.to_arrays()

one, two = trained(tf.distribute.get_strategy()), trained(tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]))
print(max(abs(np.subtract(one[0], two[0]))), max(abs(one[1][name] - two[1][name]).max() for name in one[1]))
"""


@pytest.mark.slow
def test_replicas_learn_what_one_device_learns() -> None:
    """Under MirroredStrategy the loss is the mean of the replicas' losses, and so are the steps."""
    tests = Path(__file__).parents[1]

    done = subprocess.run([sys.executable, "-c", REPLICAS], cwd=tests, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    loss, weights = map(float, done.stdout.split())
    assert_close(loss, 0, "loss")
    assert_close(weights, 0, "steps")


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


def test_explicit_attention_is_finite_in_mixed_precision(model: Any) -> None:
    """No mask overflows where the probabilities are asked for: the logits are near the full ones."""
    keras.config.set_dtype_policy("mixed_float16")
    try:
        half = TF().build("XLMWithLMHeadModel")(**INPUTS, output_attentions=True).logits
    finally:
        keras.config.set_dtype_policy("float32")

    assert half.dtype == "float16"
    assert_close(tf.cast(half, "float32"), model(INPUTS).logits, "float16")


def test_takes_one_list(model: Any) -> None:
    """Inputs in Hugging Face's order in one list are the same as by name."""
    assert_close(
        model([INPUTS["input_ids"], INPUTS["attention_mask"], INPUTS["langs"]]).logits, model(**INPUTS).logits, "exact"
    )


def test_a_whole_checkpoint_is_loaded_without_drawing_values_for_it(
    model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model.save_pretrained(tmp_path)

    def draw(self: Any, shape: Any, dtype: Any = None) -> None:
        raise AssertionError(f"values of {shape} were drawn")

    monkeypatch.setattr(keras.initializers.RandomNormal, "__call__", draw)
    loaded = type(model).from_pretrained(tmp_path)

    assert all(np.array_equal(array, loaded.to_arrays()[name]) for name, array in model.to_arrays().items())
    with pytest.raises(AssertionError, match="drawn"):
        type(model)(model.config)
