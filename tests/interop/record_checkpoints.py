"""Record the weight files that Hugging Face's XLM saves, as a golden that is read without it.

Run from the repository's root in an environment of its own with transformers 4.57, torch, tensorflow and tf-keras:

    PYTHONPATH=.:tests TF_USE_LEGACY_KERAS=1 python tests/interop/record_checkpoints.py \
        record tests/goldens/checkpoints.zip
    PYTHONPATH=.:tests TF_USE_LEGACY_KERAS=1 python tests/interop/record_checkpoints.py check FOLDER

``record`` saves every task model of `tests/citizens.py`, with the weights of `tests/tiny.py`, by its PyTorch class and
by its TensorFlow class where there is one: `PyTorch's class/pytorch_model.bin`, `…/tf_model.h5`; the language model in
shards and as TensorFlow's safetensors, too. ``check`` loads folders of these names that this library wrote, with
Hugging Face's classes, and says for each whether all weights are there and equal.
"""

from __future__ import annotations

import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

import tiny
from citizens import CITIZENS
from heads import Head
from xlm_core.formats import tensorflow
from xlm_core.manifest import manifest

TASKS = {
    "XLMModel": None,
    "XLMWithLMHeadModel": "language-modeling",
    "XLMForSequenceClassification": "sequence-classification",
    "XLMForMultipleChoice": "multiple-choice",
    "XLMForTokenClassification": "token-classification",
    "XLMForQuestionAnsweringSimple": "question-answering-simple",
    "XLMForQuestionAnswering": "question-answering",
}
DATE = (1980, 1, 1, 0, 0, 0)
KEPT = ("pytorch_model*.bin", "pytorch_model.bin.index.json", "tf_model*.h5", "tf_model.h5.index.json", "*.safetensors")


def torch_model(head: Head) -> Any:
    """Their PyTorch model with our tiny weights."""
    fields = {name: value for name, value in head.config.to_dict().items() if value is not None}
    config = transformers.XLMConfig(**fields, initializer_range=0.02)  # TFXLMForMultipleChoice asks for it
    model = getattr(transformers, head.name)(config).eval()
    arrays = tiny.weights(head.config, TASKS[head.name])
    missing, unexpected = model.load_state_dict({k: torch.tensor(v) for k, v in arrays.items()}, strict=False)
    assert set(missing) <= {"pred_layer.proj.weight"}, missing
    assert not unexpected, unexpected
    return model


def save(head: Head, folder: Path) -> None:
    """All files of a task model."""
    torch_model(head).save_pretrained(folder, safe_serialization=False)
    if TASKS[head.name] not in tensorflow.MODELS:
        return
    model = getattr(transformers, f"TF{head.name}").from_pretrained(folder, from_pt=True)
    model.save_pretrained(folder)
    if head.name == "XLMWithLMHeadModel":
        model.save_pretrained(folder / "tensorflow-safetensors", safe_serialization=True)
        model.save_pretrained(folder / "tensorflow-shards", max_shard_size="20KB")
        torch_model(head).save_pretrained(folder / "shards", safe_serialization=False, max_shard_size="20KB")


def record(target: Path) -> None:
    """Save everything into one zip."""
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for head in CITIZENS:
            save(head, Path(folder, head.name))
        for path in sorted(path for pattern in KEPT for path in Path(folder).rglob(pattern)):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), DATE)
            archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)


def checked(folder: Path, name: str) -> Iterator[str]:
    """What Hugging Face's classes make of the files in a folder."""
    head = next(head for head in CITIZENS if head.name == name)
    expected = tiny.weights(head.config, TASKS[name])
    for kind, options in (("", {"from_tf": False}), ("TF", {})):
        files = [path.name for path in folder.iterdir()]
        if (kind == "" and "pytorch_model.bin" in files) or (kind == "TF" and "tf_model.h5" in files):
            model, info = getattr(transformers, kind + name).from_pretrained(
                folder, output_loading_info=True, **options
            )
            found = arrays_of(model, head) if kind else {n: x.numpy() for n, x in model.state_dict().items()}
            equal = all(np.array_equal(found[n], array) for n, array in expected.items())
            reported = [key for keys in info.values() for key in keys if not str(key).startswith("dropout")]
            silent = not reported  # TensorFlow misses layers without weights, whose names are numbered
            yield f"{kind}{name}: {'equal' if equal and silent else f'different: {info}'}"


def arrays_of(model: Any, head: Head) -> dict[str, np.ndarray]:
    """The weights of a TensorFlow model under PyTorch's names."""
    found = {tensorflow.canonical(weight.name): weight for weight in model.weights}
    arrays = {
        name: weight.numpy().T if tensorflow.is_kernel(weight.name) else weight.numpy()
        for name, weight in found.items()
    }
    body = {name.removeprefix("transformer."): array for name, array in arrays.items()}
    return body if manifest(head.config, TASKS[head.name]).keys() == body.keys() else arrays


if __name__ == "__main__":
    if sys.argv[1] == "record":
        record(Path(sys.argv[2]))
    else:
        for model in sorted(Path(sys.argv[2]).iterdir()):
            print(*checked(model, model.name), sep="\n")  # noqa: T201
