"""Teach Keras that our outputs are containers, so that predict, fit and symbolic calls take them.

Mirror: xlm_torch/containers.py.

Keras walks structures with optree, in the namespace "keras"; that name is the one thing borrowed from its insides.
"""

from __future__ import annotations

from typing import Any

import optree

from xlm_core.outputs import ModelOutput


def register_outputs() -> None:
    """Register every output class, once per process."""
    for cls in ModelOutput.every_class():
        optree.register_pytree_node(cls, _flatten, _rebuild(cls), namespace="keras")


def _flatten(output: ModelOutput[Any]) -> tuple[tuple[Any, ...], tuple[str, ...]]:
    return output.values(), output.keys()


def _rebuild(cls: type[ModelOutput[Any]]) -> Any:
    return lambda names, values: cls(**dict(zip(names, values, strict=True)))
