"""`tf_model.h5` as Hugging Face's TensorFlow classes wrote it, and the names they give to weights.

A linear weight is called ``kernel`` and stored the other way round; ``gamma`` and ``beta`` are scale and shift; an
index is glued to its list's name by ``_._``.

Source: transformers 4.57, modeling_tf_utils.py and modeling_tf_pytorch_utils.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..config import XLMConfig
from ..errors import CheckpointError, InputError
from ..manifest import Kind, Weight, manifest
from . import hdf5
from .base import Array, Checkpoint, StoredArray, damaged, kept_dtype, mapped, numbers, source
from .names import BODY, TIED

ROOTS = ("transformer", "pred_layer_._proj", "sequence_summary", "logits_proj", "classifier", "qa_outputs")
LEAVES = {
    "beta": "bias",
    "bias": "bias",
    "embeddings": "weight",
    "gamma": "weight",
    "kernel": "weight",
    "weight": "weight",
}
MODELS = {
    None: "tfxlm_model",
    "language-modeling": "tfxlm_with_lm_head_model",
    "sequence-classification": "tfxlm_for_sequence_classification",
    "multiple-choice": "tfxlm_for_multiple_choice",
    "token-classification": "tfxlm_for_token_classification",
    "question-answering-simple": "tfxlm_for_question_answering_simple",
}
"""Task -> what Keras calls the model, the first part of its weights' names."""

WORDS = "transformer/embeddings/weight:0"
WRITER = "pred_layer_._proj"
MAX_ATTRIBUTE = 64_512
"""Bytes that fit into an attribute; Keras spreads a longer list over several."""


def read(path: Path) -> Checkpoint:
    """Open a `tf_model.h5`, or a shard of one, under PyTorch's names; its arrays are views of the mapped file.

    Raises: CheckpointError if the file is damaged, or points to elsewhere; FetchError if it cannot be opened.
    """
    return translated(Checkpoint(path, hdf5.read(path, memoryview(mapped(path)))))


def translated(checkpoint: Checkpoint) -> Checkpoint:
    """Arrays with TensorFlow's names under PyTorch's, kernels the other way round.

    Raises: CheckpointError if two arrays have one name.
    """
    arrays: dict[str, StoredArray] = {}
    for name in checkpoint:
        own = canonical(name)
        if own in arrays:
            raise damaged(
                checkpoint.path, f"must hold each weight once; `{arrays[own].origin}` and `{name}` are both `{own}`"
            )
        stored = checkpoint.stored(name).renamed(name)
        arrays[own] = stored.transposed() if is_kernel(name) else stored
    return Checkpoint(checkpoint.path, arrays, checkpoint.metadata, checkpoint.config)


def canonical(name: str) -> str:
    """PyTorch's name for one of TensorFlow's; one that no XLM has stays as it is.

    What comes before the last part that a model begins with is the model's own name and the group in the file.
    """
    parts = name.removesuffix(":0").split("/")
    starts = [index for index, part in enumerate(parts[:-1]) if part in ROOTS]
    if not starts or parts[-1] not in LEAVES:
        return name
    if parts[0] == WRITER and parts[starts[-1] :] == ["transformer", "embeddings", "weight"]:
        return TIED
    return ".".join([*parts[starts[-1] : -1], LEAVES[parts[-1]]]).replace("_._", ".")


def is_kernel(name: str) -> bool:
    """Whether TensorFlow stores a weight the other way round."""
    return name.removesuffix(":0").endswith("/kernel")


def is_foreign(name: str) -> bool:
    """Whether a name is TensorFlow's; PyTorch's have no slashes."""
    return "/" in name


def tensorflow_name(weight: Weight) -> str:
    """TensorFlow's name for a weight of the manifest, without that of the model."""
    name = weight.name if weight.name.startswith((BODY, *_heads())) else BODY + weight.name
    *path, _ = name.split(".")
    joined = "/".join(path).replace("pred_layer/proj", WRITER)
    for part in [part for part in path if part.isdecimal()]:
        joined = joined.replace(f"/{part}", f"_._{part}")
    leaf = "weight" if joined == "transformer/embeddings" else weight.kind.value
    return f"{joined}/{leaf}:0"


def write(
    path: Path, arrays: Mapping[str, Array], config: XLMConfig, task: str | None = None, dtype: str | None = None
) -> None:
    """Write the weights of a model as a `tf_model.h5` that Hugging Face's TensorFlow class loads.

    ``arrays`` are named as in the manifest; ``dtype`` is the format of the numbers, None keeps each as it is.

    Raises: CheckpointError if Hugging Face has no TensorFlow class for such a model; FetchError if the file cannot be
    written; InputError for an unknown dtype.
    """
    _check_class(config, task)
    if dtype == "bfloat16":
        raise InputError("`dtype` must be float16, float32 or float64 in a `tf_model.h5`; got 'bfloat16'.")
    with hdf5.created(path) as file:
        groups: dict[str, list[str]] = {}
        for weight in manifest(config, task).values():
            name = tensorflow_name(weight)
            group, full = name.split("/")[0], f"{MODELS[task]}/{name}"
            array = source(arrays, weight.name)
            kept = kept_dtype(array, dtype)
            hdf5.store(file, f"{group}/{full}", _turned(numbers(weight.name, array, kept), weight), kept)
            groups.setdefault(group, []).append(full)
        if WRITER in groups:  # the layer that writes has the table of words, too
            full = f"{MODELS[task]}/{WORDS}"
            file[f"{WRITER}/{full}"] = file[f"transformer/{full}"]
            groups[WRITER].append(full)
        _describe(file, groups)


def _turned(array: Array, weight: Weight) -> Array:
    return array.T if weight.kind is Kind.LINEAR else array


def _describe(file: Any, groups: Mapping[str, list[str]]) -> None:
    """The attributes by which Keras finds its way."""
    _list(file, "layer_names", list(groups))
    file.attrs["backend"] = np.bytes_("tensorflow")
    file.attrs["keras_version"] = np.bytes_("2.15.0")
    for group, names in groups.items():
        _list(file[group], "weight_names", names)
    _list(file.create_group("top_level_model_weights"), "weight_names", [])


def _list(group: Any, name: str, values: list[str]) -> None:
    """A list of names as an attribute, or as several numbered ones where it is too long for one."""
    array = np.array([value.encode() for value in values], dtype=None if values else "S1")
    pieces = -(-array.nbytes // MAX_ATTRIBUTE) or 1
    for number, piece in enumerate(np.array_split(array, pieces)):
        group.attrs[name if pieces == 1 else f"{name}{number}"] = piece


def _check_class(config: XLMConfig, task: str | None) -> None:
    impossible = {
        "the beam search of answers": task not in MODELS,
        "an adaptive softmax": config.asm,
        "sinusoidal positions": config.sinusoidal_embeddings,
        "pruned heads": bool(config.pruned_heads),
        "an output table of its own": task == "language-modeling" and not config.tie_word_embeddings,
    }
    for feature in (feature for feature, is_there in impossible.items() if is_there):
        raise CheckpointError(f"Hugging Face's TensorFlow classes have no {feature}; save the model as safetensors.")


def _heads() -> Iterator[str]:
    return (root.replace("_._", ".") + "." for root in ROOTS)
