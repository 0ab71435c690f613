"""Weights for a model out of a folder, and into one: the part of `from_pretrained` that needs no framework."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import CheckpointError, FetchError, MissingWeights, ShapeMismatch, UnexpectedWeights, XLMWarning
from ..hub import Repository
from ..manifest import Weight
from . import safetensors, sharding, torch_pickle
from .base import FLOATS, Array, Checkpoint
from .names import Names, is_body, match

WEIGHT_FILES = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
"""What a folder is searched for, in this order."""

READERS = {".bin": torch_pickle.read, ".safetensors": safetensors.read}
FOREIGN_SUFFIXES = (".ckpt", ".h5", ".msgpack", ".onnx", ".pth")

CONFIG_FIELDS = (
    ("position_embeddings.", "max_position_embeddings", "emb_dim"),
    ("lang_embeddings.", "n_langs", "emb_dim"),
    ("embeddings.", "vocab_size", "emb_dim"),
    ("pred_layer.", "vocab_size", "emb_dim"),
    ("classifier.", "num_labels", "emb_dim"),
    ("logits_proj.", "num_labels", "num_labels"),
    ("qa_outputs.", "num_labels", "emb_dim"),
    ("sequence_summary.", "num_labels", "emb_dim"),
    ("", "emb_dim", "emb_dim"),
)
"""Start of a weight's name, and the config field behind each of its two axes."""

Mismatch = tuple[str, tuple[int, ...], tuple[int, ...]]


@dataclass(frozen=True)
class LoadingInfo(Mapping[str, tuple[Any, ...]]):
    """What became of the names of a file and of a model; also read by key, as in ``info["missing_keys"]``.

    ``mismatched_keys`` are (name, shape found, shape wanted); ``set_aside`` are heads of other tasks and names that
    old files carry for no use.
    """

    missing_keys: tuple[str, ...]
    unexpected_keys: tuple[str, ...]
    mismatched_keys: tuple[Mismatch, ...]
    set_aside: tuple[str, ...]

    def __getitem__(self, key: str) -> tuple[Any, ...]:
        if key not in set(self):
            raise KeyError(key)
        return tuple(getattr(self, key))

    def __iter__(self) -> Iterator[str]:
        return (field.name for field in fields(self))

    def __len__(self) -> int:
        return len(fields(self))


def load(
    files: Repository,
    wanted: Mapping[str, Weight],
    *,
    strict: bool = True,
    ignore_mismatched_sizes: bool = False,
    variant: str | None = None,
) -> tuple[Mapping[str, Array], LoadingInfo]:
    """The weights that a model wants, by the model's names, and what was done about the others.

    Weights of a head may be missing: a warning says so. ``strict=False`` turns unexpected names into a warning,
    ``ignore_mismatched_sizes`` leaves out weights of another shape. The arrays are read when they are looked up.

    Raises: MissingWeights, UnexpectedWeights, ShapeMismatch; CheckpointError for damaged files and numbers of the
    wrong kind; FetchError if there is no weight file.
    """
    checkpoint = open_weights(files, variant)
    names = match(checkpoint.path, checkpoint, wanted)
    weights = checkpoint.renamed(names.found)
    info = _compare(weights, wanted, names)
    _check_missing(weights.path, info.missing_keys, wanted)
    _check_unexpected(weights.path, info.unexpected_keys, strict)
    _check_shapes(weights.path, info.mismatched_keys, ignore_mismatched_sizes)
    _check_kinds(weights)
    mismatched = {name for name, _, _ in info.mismatched_keys}
    fitting = weights.renamed({name: name for name in weights if name not in mismatched})
    _check_numbers(fitting)
    return fitting, info


def save(
    folder: str | os.PathLike[str],
    arrays: Mapping[str, Array],
    max_shard_size: int | str = "5GB",
    dtype: str | None = None,
) -> None:
    """Write weights as `model.safetensors`, or in shards with an index where they are larger than a shard may be.

    ``dtype`` is the number format in the file, None leaves it as it is.

    Raises: FetchError if ``folder`` is a file, InputError for an unknown size or dtype.
    """
    path = Path(folder)
    if path.exists() and not path.is_dir():
        raise FetchError(f"`{path}` must be a folder to save to; it is a file. Choose another name.")
    path.mkdir(parents=True, exist_ok=True)
    sharding.write(path, arrays, max_shard_size, dtype)


def open_weights(files: Repository, variant: str | None = None) -> Checkpoint:
    """The weight file that the caller named, or the first of those a model may have.

    Raises: FetchError if there is none, CheckpointError if there are only formats that are not read.
    """
    if files.chosen is not None:
        return _open(files.file(files.chosen), files)
    filenames = [_with_variant(filename, variant) for filename in WEIGHT_FILES]
    if path := files.find(*filenames):
        return _open(path, files)
    _refuse_foreign(files)
    return _open(files.file(*filenames), files)


def _open(path: Path, files: Repository) -> Checkpoint:
    if path.name.endswith(".json"):
        return sharding.read(path, files.file, _read)
    return _read(path)


def _read(path: Path) -> Checkpoint:
    if path.suffix not in READERS:
        raise CheckpointError(f"`{path}` must be a weight file, {' or '.join(READERS)}; convert it first.")
    return READERS[path.suffix](path)


def _with_variant(filename: str, variant: str | None) -> str:
    """`model.safetensors` -> `model.fp16.safetensors`."""
    stem, suffix = filename.rsplit(".", 1)
    return filename if variant is None else f"{stem}.{variant}.{suffix}"


def _refuse_foreign(files: Repository) -> None:
    foreign = [name for name in files.listing() if name.endswith(FOREIGN_SUFFIXES)]
    if foreign:
        raise CheckpointError(
            f"`{files.name}` must have one of {', '.join(WEIGHT_FILES)}; it has {', '.join(foreign)}, which is not "
            "read. Save the model as safetensors."
        )


def _compare(weights: Checkpoint, wanted: Mapping[str, Weight], names: Names) -> LoadingInfo:
    shapes = ((name, weights.stored(name).shape, wanted[name].shape) for name in weights)
    return LoadingInfo(
        missing_keys=tuple(sorted(name for name in wanted if name not in weights)),
        unexpected_keys=names.unexpected,
        mismatched_keys=tuple(sorted(entry for entry in shapes if entry[1] != entry[2])),
        set_aside=names.set_aside,
    )


def _check_missing(path: Path, missing: tuple[str, ...], wanted: Mapping[str, Weight]) -> None:
    body = [name for name in missing if is_body(name, wanted)]
    if body:
        raise MissingWeights(
            f"`{path}` must hold every weight of the body; it lacks {_list(body)}. "
            "Is `config.json` the one it was saved with?"
        )
    if missing:
        _warn(f"A new head was initialised: train it before use. `{path}` lacks {_list(missing)}.")


def _check_unexpected(path: Path, unexpected: tuple[str, ...], strict: bool) -> None:
    if unexpected and strict:
        raise UnexpectedWeights(
            f"`{path}` must hold weights of the model only; it also has {_list(unexpected)}. "
            "Pass `strict=False` to leave them out."
        )
    if unexpected:
        _warn(f"Weights were left out: the model has no place for {_list(unexpected)} of `{path}`.")


def _check_shapes(path: Path, mismatched: tuple[Mismatch, ...], ignore: bool) -> None:
    if mismatched and not ignore:
        name, found, wanted = mismatched[0]
        raise ShapeMismatch(
            f"`{name}` must have shape {wanted}, as the config says; got {found} from `{path}`"
            f"{f', and {len(mismatched) - 1} more do not fit' if len(mismatched) > 1 else ''}. "
            f"Correct {_list(_fields_at_fault(name, found, wanted))} of the config, "
            "or pass `ignore_mismatched_sizes=True` to initialise what does not fit."
        )
    if mismatched:
        _warn(f"Weights of another shape were initialised anew: {_list(name for name, _, _ in mismatched)}.")


def _fields_at_fault(name: str, found: tuple[int, ...], wanted: tuple[int, ...]) -> list[str]:
    """The config fields behind the axes that differ."""
    bare = name.removeprefix("transformer.")
    axes = next(axes for start, *axes in CONFIG_FIELDS if bare.startswith(start))
    if len(found) != len(wanted):
        return list(dict.fromkeys(axes))
    differing = [axis for axis, left, right in zip(axes, found, wanted, strict=False) if left != right]
    return list(dict.fromkeys(differing))


def _check_kinds(weights: Checkpoint) -> None:
    for name in weights:
        if weights.stored(name).dtype not in FLOATS:
            raise CheckpointError(
                f"`{name}` must hold floating-point numbers; got {weights.stored(name).dtype} in `{weights.path}`. "
                "Save it as float32."
            )


def _check_numbers(weights: Checkpoint) -> None:
    """Warn of NaN and infinity; the sum shows them, so that sound weights are passed over once and nothing is kept."""
    with np.errstate(all="ignore"):
        suspects = [name for name, array in weights.items() if not np.isfinite(array.sum())]
    infinite = [name for name in suspects if not np.isfinite(weights[name]).all()]
    if infinite:
        _warn(f"Weights must be finite numbers; {_list(infinite)} of `{weights.path}` have NaN or infinity.")


def _list(names: Iterable[str]) -> str:
    """The first few of many names, and how many more there are."""
    every = list(names)
    shown = ", ".join(f"`{name}`" for name in islice(every, 5))
    return shown if len(every) <= 5 else f"{shown} and {len(every) - 5} more"


def _warn(message: str) -> None:
    """Warn at the line that called `from_pretrained`."""
    warnings.warn(message, XLMWarning, stacklevel=5)
