"""Models of TensorFlow, ours and Hugging Face's, loaded and called as users do."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

THREADS = int(os.environ["XLM_BENCH_THREADS"])
tf.config.threading.set_intra_op_parallelism_threads(THREADS)
tf.config.threading.set_inter_op_parallelism_threads(THREADS)


def ours(name: str, folder: Path, **options: Any) -> Any:
    """A model of `xlm_tf`."""
    import xlm_tf

    return getattr(xlm_tf, name).from_pretrained(folder, **options)


def running(name: str, folder: Path, batch: Mapping[str, np.ndarray], output: str) -> Callable[[], np.ndarray]:
    """A model of `xlm_tf` as the pipelines call it, arrays in and an array out."""
    from xlm_tf.pipelines import Runner

    run = Runner(ours(name, folder))
    return lambda: run(batch)[output]


def hugging_face(name: str, folder: Path) -> Any:
    """The model of transformers; ``from_pt`` is the only way in which 4.57 reads this file."""
    import transformers

    transformers.logging.set_verbosity_error()
    return getattr(transformers, name).from_pretrained(folder, from_pt=True)


def tensors(batch: Mapping[str, np.ndarray]) -> dict[str, tf.Tensor]:
    """A batch as TensorFlow has it."""
    return {name: tf.constant(array) for name, array in batch.items()}
