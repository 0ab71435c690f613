"""The formats that can be written: their files, their names for weights, and who writes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from xlm_core.config import XLMConfig
from xlm_core.errors import CheckpointError, InputError
from xlm_core.formats import keras, original, sharding, tensorflow
from xlm_core.formats.base import Checkpoint, kept_dtype
from xlm_core.formats.loading import save
from xlm_core.formats.names import BODY, TIED
from xlm_core.manifest import Kind, Weight, manifest
from xlm_core.tokenizer.vocabularies.release import Release

from .comparing import WORDS
from .weights import Entry, entries

SHARD_SIZE = "5GB"


@dataclass(frozen=True)
class Job:
    """What is to be written: weights under the names of the manifest, their config and task, and how.

    ``dtype`` is the number format in the file, None keeps each as it is. ``release`` is the vocabulary, for the format
    that has it in the weight file.
    """

    weights: Checkpoint
    config: XLMConfig
    task: str | None
    dtype: str | None = None
    max_shard_size: str | None = None
    release: Release | None = None

    @property
    def manifest(self) -> dict[str, Weight]:
        """Every weight of the model."""
        return manifest(self.config, self.task)

    @property
    def is_tied(self) -> bool:
        """Whether the model writes words with the table that it reads them with."""
        has_head = self.task == "language-modeling"
        return has_head and self.config.tie_word_embeddings and not self.config.asm

    def with_config(self, config: XLMConfig) -> Job:
        """The same with another config."""
        return replace(self, config=config)

    def kept(self) -> list[Entry]:
        """The weights as they will lie in the file, in its number format."""
        dtypes = {name: kept_dtype(self.weights.stored(name), self.dtype) for name in self.weights}
        return [entry.in_dtype(dtypes[entry.name]) for entry in entries(self.weights)]

    def n_bytes(self) -> int:
        """What the numbers will take."""
        return sum(entry.n_bytes for entry in self.kept())


@dataclass(frozen=True)
class Target:
    """A format that can be written.

    ``files`` and ``write`` are its weight files, the one that is opened first coming last, and what writes them into a
    folder; ``place`` is what it calls a weight; ``is_own`` whether a file of some name is one of its weight files.
    """

    title: str
    files: Callable[[Job], list[str]]
    write: Callable[[Path, Job], None]
    is_own: Callable[[str], bool]
    place: Callable[[Weight, Job], str] = lambda weight, job: weight.name
    turns_kernels: bool = False
    has_shards: bool = False

    def turns(self, weight: Weight) -> bool:
        """Whether the format has a weight the other way round."""
        return self.turns_kernels and weight.kind is Kind.LINEAR


def _single(name: str) -> Callable[[Job], list[str]]:
    return lambda job: [name]


def _sharded(layout: sharding.Layout) -> Callable[[Job], list[str]]:
    def files(job: Job) -> list[str]:
        sizes = {entry.name: entry.n_bytes for entry in job.kept()}
        shards = sharding.split(sizes, sharding.parse_size(job.max_shard_size or SHARD_SIZE))
        names = list(sharding.name_shards(shards, layout))
        return names if len(names) == 1 else [*names, layout.index()]

    return files


def _write_safetensors(folder: Path, job: Job) -> None:
    save(folder, job.weights, job.max_shard_size or SHARD_SIZE, job.dtype)


def _write_torch(folder: Path, job: Job) -> None:
    """A single file has the tied table under both names, as Hugging Face's has; it is stored once."""
    limit: int | str = job.max_shard_size or SHARD_SIZE
    names = {name: name for name in job.weights}
    if job.is_tied and TORCH.files(job) == [sharding.TORCH.single()]:
        names[TIED] = WORDS
        limit = 2 * job.n_bytes()  # the table must not count twice
    save(folder, job.weights.renamed(names), limit, job.dtype, layout="torch")


def _write_tf(folder: Path, job: Job) -> None:
    tensorflow.write(folder / TF_FILE, job.weights, job.config, job.task, job.dtype)


def _write_keras(folder: Path, job: Job) -> None:
    keras.write_weights(folder / KERAS_FILE, job.weights, job.config, job.task, job.dtype)


def _write_original(folder: Path, job: Job) -> None:
    if job.task != "language-modeling":
        raise CheckpointError("the original holds language models only; this model has another head, or none.")
    if job.release is None:
        raise InputError("the original holds its vocabulary in the weight file; this model comes without one.")
    words = job.release.words
    counts = dict(zip(words, job.release.counts.values(), strict=True))
    original.write(folder / ORIGINAL_FILE, job.weights, job.config, words, counts, dtype=job.dtype)


TF_FILE, KERAS_FILE, ORIGINAL_FILE = "tf_model.h5", "model.weights.h5", "model.pth"

SAFETENSORS = Target(
    "safetensors, for both frameworks",
    _sharded(sharding.SAFETENSORS),
    _write_safetensors,
    sharding.SAFETENSORS.is_own,
    has_shards=True,
)
TORCH = Target(
    "pytorch_model.bin of PyTorch", _sharded(sharding.TORCH), _write_torch, sharding.TORCH.is_own, has_shards=True
)
TF = Target(
    "tf_model.h5 of Hugging Face's TensorFlow classes",
    _single(TF_FILE),
    _write_tf,
    lambda name: name.startswith("tf_model") and name.endswith((".h5", ".h5.index.json")),
    lambda weight, job: f"{tensorflow.MODELS.get(job.task)}/{tensorflow.tensorflow_name(weight)}",
    turns_kernels=True,
)
KERAS = Target(
    "model.weights.h5 of this library's Keras models",
    _single(KERAS_FILE),
    _write_keras,
    lambda name: name.endswith((".weights.h5", ".keras")),
    lambda weight, job: keras.keras_path(weight, job.manifest),
    turns_kernels=True,
)
ORIGINAL = Target(
    "model.pth, codes and vocab of the original",
    _single(ORIGINAL_FILE),
    _write_original,
    lambda name: name.endswith((".pth", ".pt")),
    lambda weight, job: weight.name.removeprefix(BODY),
)
TARGETS: Mapping[str, Target] = MappingProxyType(
    {"safetensors": SAFETENSORS, "torch": TORCH, "tf": TF, "keras": KERAS, "original": ORIGINAL}
)


def is_weight_file(name: str) -> bool:
    """Whether a file of this name is a weight file of any format."""
    return any(target.is_own(name) for target in TARGETS.values())
