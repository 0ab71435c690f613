"""What a model computes, in each framework that is installed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

import numpy as np

from xlm_core.config import XLMConfig
from xlm_core.formats.base import Array

from .comparing import difference
from .models import CLASSES
from .sources import Source

TEXTS, LENGTH, CHOICES = 2, 12, 3
STDERR = 2


@dataclass(frozen=True)
class Framework:
    """A framework: its library, our package for it, and what comes before our names of classes."""

    title: str
    library: str
    package: str
    prefix: str

    @property
    def is_installed(self) -> bool:
        """Whether its library can be imported."""
        return find_spec(self.library) is not None

    def outputs(self, source: Source, batch: Mapping[str, Array]) -> dict[str, Array]:
        """What the model makes of a batch in float32; ranks of candidates are left out, which ties may swap."""
        with _silence():
            package = import_module(self.package)
        model_class = getattr(package, self.prefix + CLASSES[source.task])
        model = model_class.from_pretrained(source.path, config=source.config, dtype="float32")
        found = import_module(f"{self.package}.pipelines").Runner(model)(batch)
        return {name: array for name, array in found.items() if not name.endswith("_index")}


FRAMEWORKS = (
    Framework("PyTorch", "torch", "xlm_torch", ""),
    Framework("TensorFlow", "tensorflow", "xlm_tf", "TF"),
)


def fixed_batch(config: XLMConfig, task: str | None) -> dict[str, Array]:
    """The same texts every time, one of them padded, in several languages if the model has them.

    (B, T), for multiple choice (B, K, T).
    """
    leading = (TEXTS, CHOICES) if task == "multiple-choice" else (TEXTS,)
    shape = (*leading, min(LENGTH, config.max_position_embeddings))
    ids = (11 + 7 * np.arange(np.prod(shape)).reshape(shape)) % config.vocab_size
    mask = np.ones(shape, np.int64)
    mask[-1, ..., shape[-1] // 2 :] = 0
    batch = {"input_ids": np.where(mask == 0, config.pad_index, ids).astype(np.int64), "attention_mask": mask}
    if config.has_lang_embeddings:
        batch["langs"] = np.broadcast_to(np.arange(shape[-1]) % config.n_langs, shape).astype(np.int64)
    return batch


def largest_difference(first: Mapping[str, Array], second: Mapping[str, Array]) -> float:
    """Between two models' outputs; infinite if they have different ones."""
    shapes = [{name: array.shape for name, array in each.items()} for each in (first, second)]
    if shapes[0] != shapes[1]:
        return float("inf")
    return max(difference(first[name], second[name]) for name in first)


def largest(outputs: Mapping[str, Array]) -> float:
    """The largest of a model's outputs, whatever its sign."""
    return float(max(np.abs(array).max() for array in outputs.values()))


@contextmanager
def _silence() -> Iterator[None]:
    """Nothing on standard error: TensorFlow 2.21 writes about its start straight there, past every setting."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    errors, nowhere = os.dup(STDERR), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, STDERR)
    try:
        yield
    finally:
        os.dup2(errors, STDERR)
        os.close(errors)
        os.close(nowhere)
