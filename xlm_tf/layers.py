"""Layers of known size, with this library's initial values. Mirror: xlm_torch/layers.py.

Source: the original draws embeddings from N(0, D^-0.5) and leaves linear layers to PyTorch; these are Hugging Face's
values, ``config.embed_init_std`` and ``config.init_std``, which fine-tuning recipes were made for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Self

import keras
import tensorflow as tf
from keras import ops

from xlm_core.config import XLMConfig
from xlm_core.sinusoids import sinusoids

from .precision import computing_in
from .tensors import Tensor, has_accelerator


class Layer(keras.layers.Layer):
    """A layer whose sublayers are built as they are made, so that it has nothing left to build.

    ``made_of`` are the arguments that Keras' `get_config` writes down, to make the layer again: numbers and words.
    """

    def __init__(self, *, made_of: Mapping[str, Any], **options: Any) -> None:
        super().__init__(**options)
        self.made_of = dict(made_of)
        self.built = True

    def __init_subclass__(cls, **options: Any) -> None:
        """Keras finds the class by its name when it loads a model."""
        super().__init_subclass__(**options)
        keras.saving.register_keras_serializable("xlm")(cls)

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        return {"name": self.name, "dtype": self.dtype_policy.name, **self.made_of}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """A new layer from `get_config`."""
        arguments = {name: value for name, value in config.items() if name != "dtype"}
        with computing_in(config["dtype"]):
            return cls(**arguments)


class ConfiguredLayer(Layer):
    """A layer that the config of a model describes, with arguments of its own if it has any."""

    def __init__(self, config: XLMConfig, *, name: str, **arguments: Any) -> None:
        super().__init__(name=name, made_of={"config": config.to_dict(), **arguments})

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """A new layer from `get_config`."""
        return super().from_config({**config, "config": XLMConfig.from_dict(config["config"])})


class Embedding(Layer):
    """A look-up table, (…) -> (…, D), that refuses an id it has no row for, as far as the device does.

    No look-up gives the row of padding a gradient.

    Differs: `keras.layers.Embedding` counts negative ids from the end, and gives a gradient in slices, of which Keras'
        Adam squares each on its own where an id occurs twice, rather than their sum as PyTorch does.
    """

    def __init__(self, values: Tensor, *, padding_idx: int | None = None, trainable: bool = True, name: str) -> None:
        made_of = {"rows": values.shape[0], "dim": values.shape[1], "padding_idx": padding_idx, "trainable": trainable}
        super().__init__(name=name, autocast=False, made_of=made_of)
        self.padding_idx = padding_idx
        self.embeddings = self.add_weight(
            shape=values.shape,
            initializer=lambda shape, dtype: ops.cast(values, dtype),
            trainable=trainable,
            name="embeddings",
        )

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """A new table from `get_config`, of zeros."""
        arguments = {name: value for name, value in config.items() if name not in ("rows", "dim")}
        return super().from_config(arguments | {"values": ops.zeros((config["rows"], config["dim"]))})

    def call(self, ids: Tensor) -> Tensor:
        """ids (…) -> (…, D)."""
        table = tf.convert_to_tensor(self.embeddings.value)
        return ops.cast(_look_up(table, ids, self.padding_idx), self.compute_dtype)


def _look_up(table: Tensor, ids: Tensor, padding_idx: int | None) -> Tensor:
    """table (rows, D), ids (…) -> (…, D), with a dense gradient that leaves the row of padding out."""

    @tf.custom_gradient
    def gather(table: Tensor) -> tuple[Tensor, Any]:
        def gradient(upstream: Tensor) -> Tensor:
            dropped = tf.constant(-1, ids.dtype)
            counted = ids if padding_idx is None else tf.where(ids == padding_idx, dropped, ids)
            return tf.math.unsorted_segment_sum(upstream, counted, tf.shape(table)[0])

        return tf.gather(table, ids), gradient

    return gather(table)


@keras.saving.register_keras_serializable("xlm")
class Dense(keras.layers.Dense):
    """A linear layer, (…, in_dim) -> (…, out_dim), of which a graph makes few kernels."""

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        """inputs (…, in_dim) -> (…, out_dim)."""
        rows = super().call(as_rows(inputs), training=training)
        return rows if inputs.shape.rank == 2 else tf.reshape(rows, (*ops.shape(inputs)[:-1], self.units))


def as_rows(x: Tensor) -> Tensor:
    """(…, D) -> (n, D), so that a graph makes one kernel of a product, its bias and an activation."""
    return x if x.shape.rank == 2 else tf.reshape(x, (-1, x.shape[-1]))


@keras.saving.register_keras_serializable("xlm")
class LayerNormalization(keras.layers.LayerNormalization):
    """Layer normalisation, (…, D) -> (…, D), in fewer steps than Keras takes.

    Training, other precisions than float32 and accelerators are left to Keras.
    """

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        """inputs (…, D) -> (…, D)."""
        if training or inputs.dtype != "float32" or has_accelerator():
            return super().call(inputs)
        is_large = tf.size(inputs) > LARGE
        normal = tf.cond(is_large, lambda: self._in_one(inputs), lambda: self._in_steps(inputs))
        return tf.ensure_shape(normal, inputs.shape)

    def _in_one(self, x: Tensor) -> Tensor:
        """By the one kernel that a graph makes of a batch normalisation whose channels are the rows."""
        rows = tf.size(x) // x.shape[-1]
        normal, *_ = tf.raw_ops.FusedBatchNormV3(
            x=tf.reshape(x, (1, rows, x.shape[-1], 1)),
            scale=tf.ones((rows,)),
            offset=tf.zeros((rows,)),
            mean=tf.zeros((0,)),
            variance=tf.zeros((0,)),
            epsilon=self.epsilon,
            data_format="NCHW",
            is_training=True,
        )
        return tf.reshape(normal, tf.shape(x)) * self.gamma + self.beta

    def _in_steps(self, x: Tensor) -> Tensor:
        """By the definition."""
        centred = x - tf.reduce_mean(x, axis=-1, keepdims=True)
        variance = tf.reduce_mean(tf.square(centred), axis=-1, keepdims=True)
        return centred * (tf.math.rsqrt(variance + self.epsilon) * self.gamma) + self.beta


LARGE = 2**16
"""Of more numbers than these a norm is faster in one kernel, which takes longer to start.

Source: measured with D = 256 and 1024; the kernel starts in 0.2 ms, and takes a fifth of the time of the steps.
"""


@keras.saving.register_keras_serializable("xlm")
class Normal(keras.initializers.RandomNormal):
    """N(0, stddev); inside `undrawn` whatever was in the memory."""

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Tensor:
        """shape () -> values of that shape."""
        if not _is_undrawn.get():
            return super().__call__(shape, dtype)
        return tf.raw_ops.Empty(shape=shape, dtype=keras.backend.standardize_dtype(dtype))


_is_undrawn: ContextVar[bool] = ContextVar("is_undrawn", default=False)


@contextmanager
def undrawn() -> Iterator[None]:
    """Layers made inside have no initial values yet: all of them are to be written."""
    token = _is_undrawn.set(True)
    try:
        yield
    finally:
        _is_undrawn.reset(token)


def dense(config: XLMConfig, out_dim: int, in_dim: int, name: str, *, bias: bool = True) -> keras.layers.Dense:
    """(…, in_dim) -> (…, out_dim); N(0, init_std), bias 0."""
    layer = Dense(out_dim, use_bias=bias, kernel_initializer=Normal(stddev=config.init_std), name=name)
    layer.build((None, in_dim))
    return layer


def layer_norm(config: XLMConfig, name: str) -> keras.layers.LayerNormalization:
    """(…, D) -> (…, D); scale 1, shift 0."""
    layer = LayerNormalization(epsilon=config.layer_norm_eps, name=name)
    layer.build((None, config.emb_dim))
    return layer


def embedding(config: XLMConfig, rows: int, name: str, *, padding_idx: int | None = None) -> Embedding:
    """(…) -> (…, D); N(0, embed_init_std). The row of padding starts at 0 and no look-up gives it a gradient."""
    values = Normal(stddev=config.embed_init_std)((rows, config.emb_dim))
    if padding_idx is not None and not _is_undrawn.get():
        values = ops.where(ops.arange(rows)[:, None] == padding_idx, 0.0, values)
    return Embedding(values, padding_idx=padding_idx, name=name)


def positions(config: XLMConfig, name: str) -> Embedding:
    """(…) -> (…, D); learnt, or sines and cosines that do not learn."""
    if config.sinusoidal_embeddings:
        values = ops.convert_to_tensor(sinusoids(config.max_position_embeddings, config.emb_dim))
        return Embedding(values, trainable=False, name=name)
    return embedding(config, config.max_position_embeddings, name)
