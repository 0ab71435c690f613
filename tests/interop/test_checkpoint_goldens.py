"""Weight files that Hugging Face 4.57 saved, read without it; and ours, laid out as theirs are."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path

import h5py
import numpy as np
import pytest

import tiny
from citizens import CITIZENS
from heads import Head
from xlm_core.formats import tensorflow
from xlm_core.formats.loading import load
from xlm_core.formats.names import TIED
from xlm_core.hub import Folder, locate
from xlm_core.manifest import manifest

GOLDENS = Path(__file__).parent.parent / "goldens" / "checkpoints.zip"
TASKS = {
    "XLMModel": None,
    "XLMWithLMHeadModel": "language-modeling",
    "XLMForSequenceClassification": "sequence-classification",
    "XLMForMultipleChoice": "multiple-choice",
    "XLMForTokenClassification": "token-classification",
    "XLMForQuestionAnsweringSimple": "question-answering-simple",
    "XLMForQuestionAnswering": "question-answering",
}
LANGUAGE_MODEL = next(head for head in CITIZENS if head.name == "XLMWithLMHeadModel")
every_head = pytest.mark.parametrize("head", CITIZENS, ids=lambda head: head.name)
every_tensorflow_head = pytest.mark.parametrize(
    "head", [head for head in CITIZENS if TASKS[head.name] in tensorflow.MODELS], ids=lambda head: head.name
)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of `record_checkpoints.py`."""
    folder = tmp_path_factory.mktemp("recorded")
    with zipfile.ZipFile(GOLDENS) as archive:
        archive.extractall(folder)
    return folder


def assert_equal(files: Folder, head: Head) -> None:
    """Every weight of the model is there, and nothing else is reported."""
    task = TASKS[head.name]
    arrays, info = load(files, manifest(head.config, task))

    assert all(np.array_equal(arrays[name], x) for name, x in tiny.weights(head.config, task).items())
    assert not any(info[key] for key in info)


@every_head
def test_what_pytorch_saved_is_read(recorded: Path, head: Head) -> None:
    assert_equal(locate(recorded / head.name / "pytorch_model.bin"), head)


@every_tensorflow_head
def test_what_tensorflow_saved_is_read(recorded: Path, head: Head) -> None:
    assert_equal(locate(recorded / head.name / "tf_model.h5"), head)


@pytest.mark.parametrize("layout", ["shards", "tensorflow-shards", "tensorflow-safetensors"])
def test_other_layouts_of_the_language_model_are_read(recorded: Path, layout: str) -> None:
    assert_equal(locate(recorded / LANGUAGE_MODEL.name / layout), LANGUAGE_MODEL)


@every_tensorflow_head
def test_a_body_is_read_from_every_task_model(recorded: Path, head: Head) -> None:
    wanted = manifest(head.config)
    arrays, info = load(locate(recorded / head.name / "tf_model.h5"), wanted)

    assert set(arrays) == set(wanted)
    assert not info.unexpected_keys


def layout(path: Path) -> dict[str, object]:
    """Shapes and number formats of all arrays, and the attributes that Keras reads."""
    found: dict[str, object] = {}
    with h5py.File(path) as file:
        found |= entries(file)
        found["layer_names"] = texts(file.attrs["layer_names"])
        found["backend"] = texts([file.attrs["backend"]])
        for group in file:
            found[f"{group}'s names"] = texts(file[group].attrs["weight_names"])
    return found


def entries(group: h5py.Group) -> dict[str, object]:
    """Everything below a group; an array with two names counts twice."""
    found: dict[str, object] = {entry.name: getattr(entry, "shape", "group") for entry in group.values()}
    below = [entry for entry in group.values() if isinstance(entry, h5py.Group)]
    return found | {name: value for entry in below for name, value in entries(entry).items()}


def texts(values: Iterable[bytes | str]) -> list[str]:
    """Texts of either of HDF5's kinds, sorted."""
    return sorted(value.decode() if isinstance(value, bytes) else value for value in values)


def in_layers_with_weights(found: dict[str, object]) -> dict[str, object]:
    """Keras lists layers without weights, too, and numbers them; and a model loaded before another is `…_1`."""
    listed = [name for name in found["layer_names"] if not name.startswith("dropout")]
    kept = {key: value for key, value in found.items() if not key.removeprefix("/").startswith("dropout")}
    return kept | {"layer_names": listed}


@every_tensorflow_head
def test_our_files_are_laid_out_as_theirs(recorded: Path, head: Head, tmp_path: Path) -> None:
    task = TASKS[head.name]
    tensorflow.write(tmp_path / "tf_model.h5", tiny.weights(head.config, task), head.config, task)

    theirs = in_layers_with_weights(layout(recorded / head.name / "tf_model.h5"))
    assert in_layers_with_weights(layout(tmp_path / "tf_model.h5")) == theirs


@every_tensorflow_head
def test_our_numbers_are_theirs(recorded: Path, head: Head, tmp_path: Path) -> None:
    task = TASKS[head.name]
    tensorflow.write(tmp_path / "tf_model.h5", tiny.weights(head.config, task), head.config, task)

    ours, theirs = tensorflow.read(tmp_path / "tf_model.h5"), tensorflow.read(recorded / head.name / "tf_model.h5")
    assert set(ours) == set(theirs)
    assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)


def test_the_table_that_writes_is_that_of_the_words(recorded: Path) -> None:
    read = tensorflow.read(recorded / LANGUAGE_MODEL.name / "tf_model.h5")

    assert np.array_equal(read[TIED], read["transformer.embeddings.weight"])
