"""Products of matrices: `ceiling` is the fastest of PyTorch's libraries, for the share of the limit in each round.

The others are one library each, at `options["shape"]` (M, K, N) in `options["dtype"]`; `benchmarks/ceiling.py` makes
the table of them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.sizes import Case
from benchmarks.steps import Step, silent

TASK = None


def best(case: Case, folder: Path) -> Step:
    from benchmarks.products import fastest

    found = fastest()
    return Step(silent(found.run), note={"gflop": found.work, "kind": found.kind})


def by_torch(case: Case, folder: Path, *, kind: str) -> Step:
    from benchmarks.products import product

    return Step(silent(product(kind, case.options["shape"], case.options["dtype"]).run))


def by_numpy(case: Case, folder: Path) -> Step:
    """With OpenBLAS, the weight stored as (K, N)."""
    _refuse_all_but_float32(case)
    x, weight = _arrays(case)
    return Step(silent(lambda: x @ weight))


def by_tensorflow(case: Case, folder: Path) -> Step:
    import tensorflow as tf

    from benchmarks.peers import keras_models

    x, weight = (tf.cast(keras_models.tf.constant(array), case.options["dtype"]) for array in _arrays(case))
    return Step(silent(lambda: tf.matmul(x, weight).numpy()))


def _arrays(case: Case) -> tuple[np.ndarray, np.ndarray]:
    rows, inner, outer = case.options["shape"]
    draw = np.random.default_rng(0)
    return draw.standard_normal((rows, inner), np.float32), draw.standard_normal((inner, outer), np.float32)


def _refuse_all_but_float32(case: Case) -> None:
    if case.options["dtype"] != "float32":
        raise ValueError(f"numpy has no products in {case.options['dtype']}")


def _torch(kind: str) -> Callable[[Case, Path], Step]:
    return partial(by_torch, kind=kind)


VARIANTS = {
    "ceiling": best,
    "product-plain": _torch("plain"),
    "product-unpacked": _torch("unpacked"),
    "product-packed": _torch("packed"),
    "product-integers": _torch("integers"),
    "product-numpy": by_numpy,
    "product-tensorflow": by_tensorflow,
}
