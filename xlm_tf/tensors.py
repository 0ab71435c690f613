"""What can be said of a tensor before computing with it. Mirror: xlm_torch/tensors.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf

from xlm_core.errors import InputError
from xlm_core.inputs import Given

Tensor: TypeAlias = tf.Tensor


def is_traced() -> bool:
    """Whether a graph is being made rather than values computed."""
    return not tf.executing_eagerly()


def described(name: str, tensor: Any) -> Given:
    """Shape and kind of an argument; sizes that a graph leaves open are None.

    Raises: InputError if it is no tensor.
    """
    if not tf.is_tensor(tensor):
        raise InputError(f"`{name}` must be a tensor; got {type(tensor).__name__}. Wrap it: tf.constant(…).")
    if tensor.shape.rank is None:
        raise InputError(f"`{name}` must have a known number of axes; got a tensor of unknown rank.")
    return Given(tuple(tensor.shape), tensor.dtype.name)


def visible_values(tensors: Mapping[str, Tensor | None]) -> dict[str, np.ndarray]:
    """The values that can be read without waiting for a device: those of eager tensors on the CPU."""
    if is_traced():
        return {}
    return {name: x.numpy() for name, x in tensors.items() if x is not None and "CPU" in x.device}


def check_device(device: str | None) -> str | None:
    """A device, once it is known to be there; None leaves the choice to the framework.

    Raises: InputError.
    """
    if device is None:
        return None
    here = tf.config.list_logical_devices()
    try:
        asked = tf.DeviceSpec.from_string(device if device.startswith("/") else f"/{device}")
    except (ValueError, AttributeError):
        asked = tf.DeviceSpec()
    if (asked.device_type, asked.device_index or 0) not in {_type_and_number(each.name) for each in here}:
        raise InputError(
            f"`device` must be a device of this machine; got {device!r}. There are {[each.name for each in here]}."
        )
    return device


def has_accelerator() -> bool:
    """Whether TensorFlow computes elsewhere than on the CPU unless it is told to."""
    return bool(tf.config.list_logical_devices("GPU"))


def _type_and_number(name: str) -> tuple[str, int]:
    """GPU and 0, of "/device:GPU:0"."""
    device = tf.DeviceSpec.from_string(name)
    return device.device_type, device.device_index
