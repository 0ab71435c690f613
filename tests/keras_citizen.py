"""What Keras promises its users of every model and layer: a list of checks for each, run by `unit/test_keras.py`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

import xlm_tf
from citizens import CASE
from frameworks import TF
from heads import Head
from tiny import BATCH, CONFIG, SIZE
from tolerances import assert_half_close, assert_outputs_close
from xlm_core.surgery.lora import LoraConfig
from xlm_tf.adapters import LoRA
from xlm_tf.adaptive_softmax import AdaptiveSoftmax
from xlm_tf.attention import MultiHeadAttention
from xlm_tf.feed_forward import FeedForward
from xlm_tf.layers import dense, embedding
from xlm_tf.precision import computing_in
from xlm_tf.span_head import AnswerClass, EndLogits, SpanHead, StartLogits
from xlm_tf.summary import SequenceSummary
from xlm_tf.tasks.language_modeling import PredLayer, TiedDense

Arrays = dict[str, Any]


class Candidate:
    """A model with what it is given and what it gave."""

    def __init__(self, head: Head, folder: Path) -> None:
        self.head, self.folder = head, folder
        self.inputs = head.inputs(CASE)
        self.labelled = self.inputs | dict(head.labels)
        self.model = TF().build(head.name, head.config)
        self.expected = arrays(self.model(self.inputs))

    def assert_same(self, model: Callable[[Arrays], Any]) -> None:
        """It gives what the model gave."""
        assert_outputs_close(arrays(model(tensors(self.inputs))), self.expected, "states")


def arrays(output: Any) -> Arrays:
    """The fields of an output, or of a dict, as arrays."""
    return {name: np.asarray(value) for name, value in output.items()}


def tensors(inputs: Arrays) -> Arrays:
    return {name: tf.constant(array) for name, array in inputs.items()}


def symbols(inputs: Arrays) -> Arrays:
    """Inputs of no known size for Keras' functional models."""
    return {name: keras.Input((None,) * (x.ndim - 1), dtype=x.dtype.name, name=name) for name, x in inputs.items()}


def specs(inputs: Arrays) -> Arrays:
    """The same for TensorFlow's graphs."""
    return {name: tf.TensorSpec((None,) * x.ndim, x.dtype) for name, x in inputs.items()}


def functional(candidate: Candidate) -> keras.Model:
    given = symbols(candidate.inputs)
    return keras.Model(given, candidate.model(given).flat())


def model_composes(candidate: Candidate) -> None:
    """A symbolic call makes a functional model, which Keras saves and loads like any other."""
    outer, path = functional(candidate), candidate.folder / "outer.keras"
    outer.save(path)

    candidate.assert_same(outer)
    candidate.assert_same(keras.saving.load_model(path))


def model_takes_tensors_by_name_or_in_a_dict(candidate: Candidate) -> None:
    candidate.assert_same(candidate.model)
    candidate.assert_same(lambda inputs: candidate.model(**inputs))


def model_trains(candidate: Candidate) -> None:
    """fit, evaluate and predict take dicts and tf.data, with a last batch that is smaller; the loss falls."""
    if candidate.head.labels:
        data = tf.data.Dataset.from_tensor_slices(candidate.labelled).batch(3)
        candidate.model.compile(optimizer=keras.optimizers.Adam(1e-3), jit_compile=False)
        before = candidate.model.evaluate(candidate.labelled, batch_size=3, verbose=0)
        candidate.model.fit(candidate.labelled, batch_size=3, shuffle=False, epochs=2, verbose=0)
        candidate.model.fit(data, shuffle=False, epochs=2, verbose=0)

        assert candidate.model.evaluate(data, verbose=0) < before


def model_predicts(candidate: Candidate) -> None:
    """predict gives the model's own output class, batches joined."""
    data = tf.data.Dataset.from_tensor_slices(candidate.inputs).batch(3)

    assert isinstance(candidate.model.predict(candidate.inputs, verbose=0), type(candidate.model(candidate.inputs)))
    candidate.assert_same(lambda inputs: candidate.model.predict(data, verbose=0))


def model_is_remade_from_its_config(candidate: Candidate) -> None:
    """get_config and from_config give the same architecture under the same name, in the same precision."""
    twin = type(candidate.model).from_config(candidate.model.get_config())
    twin.set_weights(candidate.model.get_weights())

    assert (twin.name, twin.dtype_policy) == (candidate.model.name, candidate.model.dtype_policy)
    candidate.assert_same(twin)


def model_is_saved_whole(candidate: Candidate) -> None:
    """A .keras file is loaded by Keras alone, without custom_objects."""
    candidate.model.save(candidate.folder / "model.keras")
    loaded = keras.saving.load_model(candidate.folder / "model.keras")

    assert type(loaded) is type(candidate.model)
    candidate.assert_same(loaded)


def model_saves_its_weights(candidate: Candidate) -> None:
    """A .weights.h5 file fits a new model that has not been called."""
    candidate.model.save_weights(candidate.folder / "model.weights.h5")
    twin = type(candidate.model)(candidate.head.config)
    twin.load_weights(candidate.folder / "model.weights.h5")

    candidate.assert_same(twin)


def model_traces_for_any_size(candidate: Candidate) -> None:
    """One graph serves batches and texts of every size, with labels and without."""
    plain = tf.function(candidate.model, input_signature=[specs(candidate.inputs)])
    labelled = tf.function(candidate.model, input_signature=[specs(candidate.labelled)])

    candidate.assert_same(plain)
    expected = arrays(candidate.model(candidate.labelled))
    assert_outputs_close(arrays(labelled(tensors(candidate.labelled))), expected, "states")


def model_compiles_with_xla(candidate: Candidate) -> None:
    """jit_compile=True changes nothing."""
    candidate.assert_same(tf.function(candidate.model, jit_compile=True))


def model_computes_in_mixed_precision(candidate: Candidate) -> None:
    """Under both policies, with padding, weights stay whole, and the output and the loss are near."""
    expected = arrays(candidate.model(candidate.labelled))
    for dtype in ("float16", "bfloat16"):
        twin = mixed(candidate.model, dtype)

        assert {weight.dtype for weight in twin.weights} == {"float32"}
        assert_half_close(arrays(twin(candidate.labelled)), expected, dtype)


def mixed(model: keras.Model, dtype: str) -> keras.Model:
    """The same model under a mixed policy."""
    twin = type(model).from_config(model.get_config() | {"dtype": f"mixed_{dtype}"})
    twin.set_weights(model.get_weights())
    return twin


def model_trains_with_xla_in_mixed_precision(candidate: Candidate) -> None:
    """fit takes jit_compile=True and scales the loss by itself under mixed_float16; the loss falls."""
    if candidate.head.labels:
        with computing_in("mixed_float16"):
            twin = TF().build(candidate.head.name, candidate.head.config.replace(n_layers=1))
        twin.compile(optimizer=keras.optimizers.Adam(1e-3), jit_compile=True)
        losses = twin.fit(candidate.labelled, batch_size=2, epochs=2, shuffle=False, verbose=0).history["loss"]
        assert losses[-1] < losses[0]


def model_is_exported(candidate: Candidate) -> None:
    """A SavedModel takes languages, batches and texts of any size, and names its outputs."""
    candidate.model.export(candidate.folder / "saved", verbose=False)
    served = tf.saved_model.load(os.fspath(candidate.folder / "saved")).signatures["serving_default"]

    assert served.structured_input_signature[1].keys() == {"input_ids", "attention_mask", "langs"}
    candidate.assert_same(lambda inputs: in_order(served(**inputs), candidate.expected))
    smaller = tensors({name: x[:2, ..., :5] for name, x in candidate.inputs.items()})
    expected = arrays(candidate.model(smaller))
    assert_outputs_close(arrays(in_order(served(**smaller), expected)), expected, "states")


def in_order(output: Arrays, names: Arrays) -> Arrays:
    """A SavedModel sorts its outputs by name."""
    assert output.keys() == names.keys()
    return {name: output[name] for name in names}


MODEL_PROMISES = [
    model_composes,
    model_takes_tensors_by_name_or_in_a_dict,
    model_trains,
    model_predicts,
    model_is_remade_from_its_config,
    model_is_saved_whole,
    model_saves_its_weights,
    model_traces_for_any_size,
    model_compiles_with_xla,
    model_computes_in_mixed_precision,
    model_trains_with_xla_in_mixed_precision,
    model_is_exported,
]

_DRAW = np.random.default_rng(0)
IDS = _DRAW.integers(0, CONFIG.vocab_size, (BATCH, SIZE))
PADDING = np.arange(SIZE) < np.array([7, 4, 6, 3])[:, None]
STATES = _DRAW.standard_normal((BATCH, SIZE, CONFIG.emb_dim)).astype("float32")
VISIBLE = PADDING[:, None, None]
RARE = CONFIG.replace(asm=True, asm_cutoffs=[11, 30], asm_div_value=2.0)
LORA = LoraConfig(rank=3, alpha=6.0, targets=("q_lin",))


class Given(NamedTuple):
    """How to make a layer, and what it takes."""

    make: Callable[[], keras.layers.Layer]
    tensors: tuple[np.ndarray, ...]
    options: Mapping[str, Any] = MappingProxyType({})

    def called(self, layer: keras.layers.Layer, *tensors: Any) -> list[Any]:
        """What the layer returns, one tensor or several."""
        return tf.nest.flatten(layer(*(tensors or self.tensors), **self.options))


def words() -> Any:
    return embedding(CONFIG, CONFIG.vocab_size, "words", padding_idx=CONFIG.pad_index)


LAYERS: dict[str, Given] = {
    "AdaptiveSoftmax": Given(lambda: AdaptiveSoftmax(RARE, name="layer"), (STATES,)),
    "AnswerClass": Given(lambda: AnswerClass(CONFIG, name="layer"), (STATES[:, 0], STATES[:, 1])),
    "Embedding": Given(words, (IDS,)),
    "EndLogits": Given(lambda: EndLogits(CONFIG, name="layer"), (STATES, STATES[:, :5])),
    "FeedForward": Given(lambda: FeedForward(CONFIG, name="layer"), (STATES,)),
    "LoRA": Given(lambda: LoRA(dense(CONFIG, 7, CONFIG.emb_dim, "dense"), LORA), (STATES,)),
    "MultiHeadAttention": Given(
        lambda: MultiHeadAttention(CONFIG, 0, name="layer"), (STATES, VISIBLE), {"need_weights": True}
    ),
    "PredLayer": Given(lambda: PredLayer(CONFIG, words(), name="layer"), (STATES,)),
    "SequenceSummary": Given(lambda: SequenceSummary(CONFIG, name="layer"), (STATES, PADDING)),
    "SpanHead": Given(lambda: SpanHead(CONFIG, name="layer"), (STATES, PADDING)),
    "StartLogits": Given(lambda: StartLogits(CONFIG, name="layer"), (STATES,)),
    "TiedDense": Given(lambda: TiedDense(words(), name="layer"), (STATES,)),
}


def numbered(tensors: list[Any]) -> Arrays:
    return {f"{number}": np.asarray(tensor) for number, tensor in enumerate(tensors)}


def layer_composes(given: Given, folder: Path) -> None:
    """A symbolic call makes a functional model, whose weights a file keeps."""
    layer, twin = given.make(), given.make()
    inputs = [keras.Input((None,) * (x.ndim - 2) + x.shape[-1:], dtype=x.dtype.name) for x in given.tensors]
    outer, other = (keras.Model(inputs, given.called(each, *inputs)) for each in (layer, twin))
    outer.save_weights(folder / "layer.weights.h5")
    other.load_weights(folder / "layer.weights.h5")

    for model in (outer, other):
        actual = tf.nest.flatten(model(list(given.tensors)))
        assert_outputs_close(numbered(actual), numbered(given.called(layer)), "states")


def layer_survives_a_file(given: Given, folder: Path) -> None:
    """A `.keras` file brings a model of it back without being told what it is, and its config makes it again."""
    layer = given.make()
    inputs = [keras.Input((None,) * (x.ndim - 2) + x.shape[-1:], dtype=x.dtype.name) for x in given.tensors]
    keras.Model(inputs, given.called(layer, *inputs)).save(folder / "layer.keras")

    loaded = keras.models.load_model(folder / "layer.keras")
    twin = type(layer).from_config(layer.get_config())
    twin.set_weights(layer.get_weights())

    actual = tf.nest.flatten(loaded(list(given.tensors)))
    assert_outputs_close(numbered(actual), numbered(given.called(layer)), "states")
    assert_outputs_close(numbered(given.called(twin)), numbered(given.called(layer)), "exact")
    assert twin.get_config() == layer.get_config()


def layer_compiles(given: Given, folder: Path) -> None:
    """A graph for any batch, and XLA, change nothing."""
    layer = given.make()
    signature = [tf.TensorSpec((None, *x.shape[1:]), x.dtype) for x in given.tensors]

    def called(*tensors: Any) -> list[Any]:
        return given.called(layer, *tensors)

    for traced in (tf.function(called, input_signature=signature), tf.function(called, jit_compile=True)):
        actual = traced(*map(tf.constant, given.tensors))
        assert_outputs_close(numbered(actual), numbered(given.called(layer)), "states")


def layer_computes_in_mixed_precision(given: Given, folder: Path) -> None:
    """Its numbers are half, its weights are whole, and what it gives is near."""
    layer = given.make()
    for dtype in ("float16", "bfloat16"):
        with computing_in(f"mixed_{dtype}"):
            twin = given.make()
        twin.set_weights(layer.get_weights())

        assert given.called(twin)[0].dtype == dtype
        assert_half_close(numbered(given.called(twin)), numbered(given.called(layer)), dtype)


LAYER_PROMISES = [layer_composes, layer_survives_a_file, layer_compiles, layer_computes_in_mixed_precision]


def layer_classes(base: type = xlm_tf.layers.Layer) -> set[str]:
    """Every class of layer that the library has."""
    own = {each.__name__ for each in base.__subclasses__()}
    return own.union(*(layer_classes(each) for each in base.__subclasses__())) - {"ConfiguredLayer"}
