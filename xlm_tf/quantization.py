"""Models in whole numbers of eight bits. Mirror: xlm_torch/quantization.py."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from xlm_core.quantization import (
    PrecisionReport,
    check_precision,
    check_quantizable,
    refuse_precision,
    seconds,
    speed_ratio,
    warn_if_slow,
)

from .adapters import refuse_adapters
from .precision import measured_product
from .weights import forget_graphs


class Quantization:
    """What a model must refuse once it has been quantised; the body knows, ``base_model.precision``."""

    precision: str | None = None


def quantize(model: Any, precision: str = "int8", *, report: bool = False) -> Any:
    """Round a model's linear layers to int8, in place: the model itself, whose weights take less memory.

    Rounded are the layers of the body and those that score the vocabulary, each output of a weight by a scale of its
    own, now, and each token's state by a scale of its own, when it is computed. The other layers of a head, tables,
    norms and attention stay float32; so do scores tied to the table of words in TensorFlow.

    The model computes, encodes and generates as before, with other numbers. The float weights are given back; copy the
    model first if they are still needed. It can no longer be trained, saved, resized or adapted: save the float model,
    and quantise what was loaded. Where int8 is slower than float32, a warning says by how much, once.

    ``report`` gives a pair, the model and a `PrecisionReport`.

    Raises: InputError for a precision other than "int8", and for a model that trains, has adapters, is not float32, is
        not on the CPU, or has been quantised.
    """
    check_precision(precision)
    dtype = model.dtype_policy.name
    check_quantizable(model.base_model.precision, dtype, _device(), training=False)
    refuse_adapters(model, "`quantize`")
    _warn_of_int8()
    before = _measured(model) if report else None
    for layer in linear_layers(model):
        layer.quantize(precision, type_check=False)  # Keras leaves subclasses of its Dense alone otherwise
    model.base_model.precision = precision
    forget_graphs(model)
    return model if before is None else (model, _reported(precision, before, _measured(model)))


def refuse_quantized(model: Any, action: str) -> None:
    """Refuse what needs weights in float.

    Raises: InputError if the model has been quantised.
    """
    refuse_precision(model.base_model.precision, action)


def linear_layers(model: Any) -> list[Any]:
    """Those that are quantised."""
    parts = [model.base_model, *([model.pred_layer] if hasattr(model, "pred_layer") else [])]
    layers = [layer for part in parts for layer in part._flatten_layers()]  # noqa: SLF001  # as Keras' own `quantize`
    return [layer for layer in layers if isinstance(layer, keras.layers.Dense)]


def _warn_of_int8() -> None:
    """Say so, once, where int8 is slower than float32."""
    warn_if_slow("tf", "int8", _ADVICE, measured_speed)


def measured_speed() -> float:
    """How many times as fast as in float32 a product is in int8, here."""
    x, weight = measured_product()
    int8 = keras.layers.Dense(weight.shape[1], use_bias=False, kernel_initializer="ones", dtype="float32")
    int8.build(weight.shape)
    int8.quantize("int8")
    return speed_ratio(lambda: tf.matmul(x, weight).numpy(), lambda: int8(x).numpy(), rounds=1)


def _measured(model: Any) -> tuple[float, int]:
    """What one text of up to 128 tokens takes, in seconds, and what the weights do, in bytes."""
    ids = tf.fill((1, min(128, model.config.max_position_embeddings)), model.config.unk_index)
    run = tf.function(lambda: model.base_model(ids).last_hidden_state)
    return seconds(lambda: run().numpy()), model.get_memory_footprint()


def _reported(precision: str, before: tuple[float, int], after: tuple[float, int]) -> PrecisionReport:
    """What changed between two of `_measured`."""
    return PrecisionReport(precision, before[0] / after[0], before[1], after[1])


def _device() -> str:
    """Where TensorFlow computes."""
    return "gpu" if tf.config.list_physical_devices("GPU") else "cpu"


_ADVICE = (
    "Keep the model float32, or take int8 from PyTorch: `xlm_torch.quantize`, or a file for ONNX Runtime that"
    " `xlm_torch.onnx.export_onnx` writes."
)
"""What to do where int8 is slow."""
