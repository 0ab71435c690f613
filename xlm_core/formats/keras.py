"""Keras 3's `.weights.h5` and `.keras` of this library's own models, without Keras.

Keras names a weight after the attributes that lead to it, in alphabetical order: what sorts behind ``layers`` is found
there first, under the name of its class. Lists number their members' classes. A layer's weights are ``vars/0``, its
kernel, table or scale, and ``vars/1``, its bias or shift.

Source: keras/src/saving/saving_lib.py, `_save_state` and `_save_container_state`.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..config import XLMConfig
from ..errors import ConfigError
from ..manifest import Kind, Weight, manifest
from . import hdf5
from .base import Array, Checkpoint, StoredArray, damaged, kept_dtype, mapped, numbers, source, writing
from .zips import Zip

LISTS = {
    "attentions": "multi_head_attention",
    "container": "dense",
    "ffns": "feed_forward",
    "layer_norm1": "layer_normalization",
    "layer_norm2": "layer_normalization",
    "tail": "container",
}
"""A list of layers -> what its first member is called; the others have their number behind it."""

BEHIND_LAYERS = {
    "layers/embedding": "position_embeddings",
    "layers/pred_layer": "pred_layer",
    "layers/sequence_summary": "sequence_summary",
    "layers/span_head": "qa_outputs",
    "layers/tfxlm_model": "transformer",
}
DENSE = "layers/dense"
SUMMARY = "layers/sequence_summary/"
NOT_WEIGHTS = re.compile(r"(optimizer|metrics|compile_metrics|loss_tracker)/|(.*/)?seed_generator/")
VARIABLE = re.compile(r"(?P<layer>.*)/vars/(?P<number>[01])")

CLASSES = {
    None: "TFXLMModel",
    "language-modeling": "TFXLMWithLMHeadModel",
    "sequence-classification": "TFXLMForSequenceClassification",
    "multiple-choice": "TFXLMForMultipleChoice",
    "token-classification": "TFXLMForTokenClassification",
    "question-answering-simple": "TFXLMForQuestionAnsweringSimple",
    "question-answering": "TFXLMForQuestionAnswering",
}
WEIGHTS, SETTINGS, ABOUT = "model.weights.h5", "config.json", "metadata.json"
MAX_PACKED = 2**26
MAX_SETTINGS = 2**20


def is_keras(names: Mapping[str, Any]) -> bool:
    """Whether the arrays of an HDF5 file are named as Keras 3 does."""
    return any(VARIABLE.fullmatch(name) for name in names)


def read_weights(path: Path) -> Checkpoint:
    """Open a `.weights.h5` under PyTorch's names; its arrays are views of the mapped file.

    Raises: CheckpointError if the file is damaged, or points to elsewhere; FetchError if it cannot be opened.
    """
    return translated(path, hdf5.read(path, memoryview(mapped(path))))


def read_model(path: Path) -> Checkpoint:
    """Open a `.keras` file under PyTorch's names; its ``config`` is that of the model.

    Raises: CheckpointError if the file is damaged or another library's; FetchError if it cannot be opened.
    """
    data = mapped(path)
    try:
        archive = Zip(data)
        settings = json.loads(bytes(archive.entry(SETTINGS, MAX_SETTINGS)))
        weights = archive.entry(WEIGHTS, MAX_PACKED)
    except Exception as error:  # a damaged zip fails in as many ways as it has bytes
        raise damaged(path, f"must be a whole Keras file; {str(error) or type(error).__name__}") from error
    return translated(path, hdf5.read(path, weights), _config(path, settings))


def write_weights(
    path: Path, arrays: Mapping[str, Array], config: XLMConfig, task: str | None = None, dtype: str | None = None
) -> None:
    """Write a `.weights.h5` that `load_weights` of this library's Keras model reads.

    ``arrays`` are named as in the manifest; ``dtype`` is the format of the numbers, None keeps each as it is.

    Raises: FetchError if the file cannot be written; InputError for an unknown dtype.
    """
    weights = manifest(config, task)
    with hdf5.created(path) as file:
        for weight in weights.values():
            array = source(arrays, weight.name)
            kept = kept_dtype(array, dtype)
            values = numbers(weight.name, array, kept)
            hdf5.store(file, keras_path(weight, weights), values.T if weight.kind is Kind.LINEAR else values, kept)


def write_model(
    path: Path, arrays: Mapping[str, Array], config: XLMConfig, task: str | None = None, dtype: str | None = None
) -> None:
    """Write a `.keras` file that `keras.models.load_model` reads once `xlm_tf` is imported.

    Raises: as `write_weights` does.
    """
    inner = path.with_name(f"{path.name}.{WEIGHTS}")
    settings = {
        "module": "xlm_tf",
        "class_name": CLASSES[task],
        "config": {"config": config.to_dict(), "name": CLASSES[task].lower(), "dtype": dtype or "float32"},
        "registered_name": f"xlm>{CLASSES[task]}",
    }
    about = {"keras_version": "3.10.0", "date_saved": datetime.now(UTC).strftime("%Y-%m-%d@%H:%M:%S")}
    try:
        write_weights(inner, arrays, config, task, dtype)
        with writing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
            archive.writestr(ABOUT, json.dumps(about))
            archive.writestr(SETTINGS, json.dumps(settings))
            archive.write(inner, WEIGHTS)
    finally:
        inner.unlink(missing_ok=True)


def translated(path: Path, stored: Mapping[str, StoredArray], config: XLMConfig | None = None) -> Checkpoint:
    """The weights of a file under PyTorch's names, kernels the other way round; an optimizer's are left out.

    Raises: CheckpointError if two arrays have one name.
    """
    arrays: dict[str, StoredArray] = {}
    for name, array in stored.items():
        if NOT_WEIGHTS.match(name):
            continue
        own, is_kernel = _canonical(name, array, stored)
        if own in arrays:
            raise damaged(path, f"must hold each weight once; `{arrays[own].origin}` and `{name}` are both `{own}`")
        arrays[own] = array.renamed(name).transposed() if is_kernel else array.renamed(name)
    return Checkpoint(path, arrays, config=config)


def _canonical(name: str, array: StoredArray, stored: Mapping[str, StoredArray]) -> tuple[str, bool]:
    """PyTorch's name for one of Keras', and whether it is a kernel; a name that no XLM has stays as it is."""
    variable = VARIABLE.fullmatch(name)
    if variable is None:
        return name, False
    layer = _layer(variable["layer"], stored)
    is_alone_and_flat = len(array.shape) == 1 and f"{variable['layer']}/vars/1" not in stored
    leaf = "bias" if variable["number"] == "1" or is_alone_and_flat else "weight"
    return f"{layer}.{leaf}", len(array.shape) == 2 and not layer.endswith("embeddings")


def _layer(path: str, stored: Mapping[str, StoredArray]) -> str:
    """The attribute path of a layer."""
    for keras, own in BEHIND_LAYERS.items():
        path = re.sub(rf"(^|/){keras}(/|$)", rf"\g<1>{own}\g<2>", path)
    has_summary = any(name.startswith(SUMMARY) for name in stored)
    path = re.sub(rf"^{DENSE}$", "logits_proj" if has_summary else "qa_outputs", path)
    parts: list[str] = []
    for before, part in zip(("", *path.split("/")), path.split("/"), strict=False):
        member = LISTS.get(re.sub(r"_\d+$", "", before) if before.startswith("container") else before)
        number = re.fullmatch(rf"{member}(?:_(\d+))?", part)
        parts.append(part if member is None or number is None else number[1] or "0")
    return ".".join(parts)


def keras_path(weight: Weight, weights: Mapping[str, Weight]) -> str:
    """Where Keras puts a weight of a manifest."""
    layer, _, leaf = weight.name.rpartition(".")
    has_weight = f"{layer}.weight" in weights
    parts: list[str] = []
    for part in layer.split("."):
        member = LISTS.get(re.sub(r"_\d+$", "", parts[-1]) if parts and part.isdecimal() else "")
        parts.append(part if member is None else member if part == "0" else f"{member}_{part}")
    path = "/".join(parts)
    for keras, own in BEHIND_LAYERS.items():
        path = re.sub(rf"(^|/){own}(/|$)", rf"\g<1>{keras}\g<2>", path)
    path = re.sub(r"^(logits_proj|layers/span_head)$", DENSE, path)
    return f"{path}/vars/{int(leaf == 'bias' and has_weight)}"


def _config(path: Path, settings: Any) -> XLMConfig:
    """The config among the settings of a model."""
    match settings:
        case {"class_name": str(name), "config": {"config": dict(values)}} if name in CLASSES.values():
            pass
        case {"class_name": str(name)}:
            raise damaged(
                path, f"must hold one of this library's models; it is a {name:.80}", "Save its weights alone."
            )
        case _:
            raise damaged(path, "must describe its model; it does not")
    try:
        return XLMConfig.from_dict(values)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"in `{path}`: {error}") from error
