"""The number formats that models are kept and computed in. Mirror: xlm_torch/precision.py."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras
import tensorflow as tf

from xlm_core.formats.base import FLOATS
from xlm_core.inputs import check_dtype
from xlm_core.quantization import ADVICE, HALVES, ROWS, WIDTH, speed_ratio, warn_if_slow

from .tensors import Tensor

POLICIES = (*FLOATS, "mixed_float16", "mixed_bfloat16")


def precision(dtype: str | keras.DTypePolicy | None) -> str:
    """What a caller means by a name or by the framework's own; None is what the framework is set to.

    Raises: InputError for what models do not compute in.
    """
    policy = keras.config.dtype_policy() if dtype is None else dtype
    return check_dtype(getattr(policy, "name", policy), POLICIES)


@contextmanager
def computing_in(policy: str) -> Iterator[None]:
    """Layers made inside follow a Keras policy; afterwards Keras is set as it was."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def warn_of_half(dtype: str) -> None:
    """Say so, once, where half precision is slower than float32: on a CPU, never on an accelerator."""
    name = dtype.removeprefix("mixed_")
    if name in HALVES and not tf.config.list_physical_devices("GPU"):
        warn_if_slow("tf", name, ADVICE, lambda: half_speed(name))


def half_speed(dtype: str) -> float:
    """How many times as fast as in float32 a product is in half precision, here."""
    x, weight = measured_product()
    half = tf.cast(x, dtype), tf.cast(weight, dtype)
    return speed_ratio(lambda: tf.matmul(x, weight).numpy(), lambda: tf.matmul(*half).numpy())


def measured_product() -> tuple[Tensor, Tensor]:
    """What speed is measured with, (ROWS, WIDTH) and (WIDTH, WIDTH): the numbers themselves do not matter."""
    return tf.ones((ROWS, WIDTH)), tf.ones((WIDTH, WIDTH))
