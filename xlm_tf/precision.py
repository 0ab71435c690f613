"""The number formats that models are kept and computed in. Mirror: xlm_torch/precision.py."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras

from xlm_core.formats.base import FLOATS
from xlm_core.inputs import check_dtype

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
