"""Weights for a model out of a folder, and into one: the part of `from_pretrained` that needs no framework."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from ..config import XLMConfig
from ..errors import (
    CheckpointError,
    FetchError,
    InputError,
    MissingWeights,
    ShapeMismatch,
    UnexpectedWeights,
    XLMWarning,
)
from ..hub import Repository
from ..manifest import Weight
from . import hdf5, keras, numpy_pickle, original, safetensors, sharding, tensorflow, torch_pickle
from .base import FLOATS, Array, Checkpoint, StoredArray, damaged, mapped, widen
from .names import Names, is_body, match
from .zips import Zip

WEIGHT_FILES = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
    "tf_model.h5",
    "tf_model.h5.index.json",
)
"""What a folder is searched for, in this order."""

OTHER_WEIGHTS = (".keras", ".pt", ".pth", ".weights.h5")
"""Weight files of any name; a folder that has one and none of those above is read as that one."""

DESCRIBED = (".keras", ".pt", ".pth")
"""Weight files that may say themselves what model they hold."""

FOREIGN_SUFFIXES = (".ckpt", ".msgpack", ".onnx")
LAYOUTS = {"safetensors": sharding.SAFETENSORS, "torch": sharding.TORCH}

LOOKED_AT = 512
"""How many numbers at either end of a weight must be finite, rounded up to whole rows."""

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
) -> tuple[Checkpoint, LoadingInfo]:
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
    *,
    layout: str = "safetensors",
    variant: str | None = None,
) -> None:
    """Write weights as `model.safetensors`, or in shards with an index where they are larger than a shard may be.

    ``dtype`` is the number format in the file, None leaves it as it is; ``layout="torch"`` writes `pytorch_model.bin`
    instead; ``variant`` is put into the names (`model.fp16.safetensors`).

    Raises: FetchError if ``folder`` is a file or cannot be written to, InputError for an unknown size, dtype or layout.
    """
    if layout not in LAYOUTS:
        raise InputError(f"`layout` must be one of {list(LAYOUTS)}; got {layout!r}.")
    path = Path(folder)
    if path.exists() and not path.is_dir():
        raise FetchError(f"`{path}` must be a folder to save to; it is a file. Choose another name.")
    path.mkdir(parents=True, exist_ok=True)
    sharding.write(path, arrays, max_shard_size, dtype, LAYOUTS[layout], variant)


def read_config(files: Repository, *, hub_defaults: str = "mended", **overrides: Any) -> XLMConfig:
    """The config of a checkpoint: `config.json`, or what a file of the original or of Keras says itself.

    Such a file counts if the caller named it, or if there is no `config.json`, in which ``hub_defaults="as-is"`` keeps
    what is known to be wrong.

    Raises: FetchError if there is neither, ConfigError for an impossible model, CheckpointError for a damaged file.
    """
    config = open_weights(files).config if _describes_itself(files) else None
    if config is None:
        return XLMConfig.from_repository(files, hub_defaults=hub_defaults, **overrides)
    return config.replace(**overrides) if overrides else config


def _describes_itself(files: Repository) -> bool:
    """Whether the weight file is asked for the config."""
    if files.chosen is not None:
        return files.chosen.endswith(DESCRIBED)
    return files.find("config.json") is None and (_other_weights(files) or "").endswith(DESCRIBED)


def open_weights(files: Repository, variant: str | None = None) -> Checkpoint:
    """The weight file that the caller named, or the first of those a model may have.

    Raises: FetchError if there is none, CheckpointError if there are only formats that are not read.
    """
    if files.chosen is not None:
        return _open(files.file(files.chosen), files)
    filenames = [_with_variant(filename, variant) for filename in WEIGHT_FILES]
    if path := files.find(*filenames):
        return _open(path, files)
    if variant is None and (other := _other_weights(files)):
        return _open(files.file(other), files)
    _refuse_foreign(files)
    return _open(files.file(*filenames), files)


def read_file(path: Path) -> Checkpoint:
    """Open one weight file of any format, under PyTorch's names.

    Raises: CheckpointError if it is damaged, or of no known format; FetchError if it cannot be opened.
    """
    reader = READERS.get(path.suffix)
    if reader is None:
        raise CheckpointError(f"`{path}` must be a weight file, {' or '.join(READERS)}; convert it first.")
    return reader(path)


def check_sums(path: Path) -> None:
    """Compare the numbers in a zip, of PyTorch or Keras, with the checksums it keeps; other formats keep none.

    Reading leaves this out, for it takes as long as reading does.

    Raises: CheckpointError naming the entry that was changed, FetchError if the file cannot be opened.
    """
    data = mapped(path)
    try:
        name = Zip(data).archive.testzip() if Zip.signed(data) else None
    except Exception as error:  # a damaged zip fails in as many ways as it has bytes
        raise damaged(path, f"must be a whole zip; {str(error) or type(error).__name__}") from error
    if name is not None:
        raise damaged(path, f"must be as it was written; the checksum of its entry `{name:.80}` is another")


def _open(path: Path, files: Repository) -> Checkpoint:
    if path.name.endswith(".json"):
        return sharding.read(path, files.file, read_file)
    return read_file(path)


def _read_h5(path: Path) -> Checkpoint:
    """TensorFlow's weights of Hugging Face, or Keras 3's of this library."""
    stored = hdf5.read(path, memoryview(mapped(path)))
    return keras.translated(path, stored) if keras.is_keras(stored) else tensorflow.translated(Checkpoint(path, stored))


def _read_pth(path: Path) -> Checkpoint:
    """A file of the original's trainer, or any other that holds weights by name."""
    saved = torch_pickle.load(path, numpy_pickle.STAND_INS)
    return original.release(saved).weights if original.is_release(saved) else torch_pickle.checkpoint(saved)


def _read_safetensors(path: Path) -> Checkpoint:
    """PyTorch's weights, or TensorFlow's, which have the same file name."""
    checkpoint = safetensors.read(path)
    is_foreign = checkpoint.metadata.get("format") == "tf" or any(map(tensorflow.is_foreign, checkpoint))
    return tensorflow.translated(checkpoint) if is_foreign else checkpoint


READERS: dict[str, Callable[[Path], Checkpoint]] = {
    ".bin": torch_pickle.read,
    ".h5": _read_h5,
    ".keras": keras.read_model,
    ".pt": _read_pth,
    ".pth": _read_pth,
    ".safetensors": _read_safetensors,
}


def _other_weights(files: Repository) -> str | None:
    """The one weight file of a folder that may have any name; None if there is none.

    Raises: CheckpointError if there are several.
    """
    found = [] if files.chosen else [name for name in files.listing() if name.endswith(OTHER_WEIGHTS)]
    if len(found) > 1 and not any(name in WEIGHT_FILES for name in files.listing()):
        raise CheckpointError(f"`{files.name}` must have one weight file; it has {', '.join(found)}. Name one of them.")
    return found[0] if len(found) == 1 else None


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
    """Warn of NaN and infinity in small weights and at both ends of large ones: failed training leaves them everywhere.

    A large file is not read for this: it is mapped, and what is not needed need not be read.
    """
    infinite = [name for name in weights if not np.isfinite(_ends(weights.stored(name))).all()]
    if infinite:
        _warn(f"Weights must be finite numbers; {_list(infinite)} of `{weights.path}` have NaN or infinity.")


def _ends(stored: StoredArray) -> Array:
    """The first and the last rows of an array, or all of a small one."""
    array = stored.read()
    n_rows = math.ceil(LOOKED_AT / max(1, math.prod(stored.shape[1:])))
    rows = array if len(array) <= 2 * n_rows else np.concatenate([array[:n_rows], array[-n_rows:]])
    return widen(rows, stored.dtype)


def _list(names: Iterable[str]) -> str:
    """The first few of many names, and how many more there are."""
    every = list(names)
    shown = ", ".join(f"`{name}`" for name in islice(every, 5))
    return shown if len(every) <= 5 else f"{shown} and {len(every) - 5} more"


def _warn(message: str) -> None:
    """Warn at the line that called `from_pretrained`."""
    warnings.warn(message, XLMWarning, stacklevel=5)
