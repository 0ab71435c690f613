"""Keras reads what was written without it, and what Keras writes is read without it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tiny
from xlm_core.config import XLMConfig
from xlm_core.formats import keras as files
from xlm_core.formats.loading import read_file

keras = pytest.importorskip("keras", reason="needs Keras")
xlm_tf = pytest.importorskip("xlm_tf", reason="needs TensorFlow")

CONFIG = tiny.CONFIG.replace(n_layers=3)
CASES = [
    *((task, {}) for task in files.CLASSES),
    ("language-modeling", {"tie_word_embeddings": False}),
    ("language-modeling", {"asm": True, "asm_cutoffs": [20, 40]}),
]
every_model = pytest.mark.parametrize(("task", "changes"), CASES, ids=str)


def built(task: str | None, changes: dict[str, Any]) -> tuple[XLMConfig, Any, dict[str, np.ndarray]]:
    """A config, its Keras model with new weights, and those of the tests."""
    config = CONFIG.replace(**changes)
    return config, getattr(xlm_tf, files.CLASSES[task])(config), tiny.weights(config, task)


def assert_equal(found: Any, expected: dict[str, np.ndarray]) -> None:
    assert set(found) == set(expected)
    assert all(np.array_equal(found[name], array) for name, array in expected.items())


@every_model
@pytest.mark.parametrize("filename", ["model.weights.h5", "model.keras"])
def test_what_keras_saves_is_read(tmp_path: Path, task: str | None, changes: dict[str, Any], filename: str) -> None:
    config, model, arrays = built(task, changes)
    model.load_arrays(arrays)
    (model.save if filename.endswith("keras") else model.save_weights)(tmp_path / filename)

    read = read_file(tmp_path / filename)

    assert_equal(read, arrays)
    assert read.config == (config if filename.endswith("keras") else None)


@every_model
def test_keras_loads_weights_of_ours(tmp_path: Path, task: str | None, changes: dict[str, Any]) -> None:
    config, model, arrays = built(task, changes)
    files.write_weights(tmp_path / "model.weights.h5", arrays, config, task)

    model.load_weights(tmp_path / "model.weights.h5")

    assert_equal(model.to_arrays(), arrays)


@every_model
def test_keras_loads_a_model_of_ours(tmp_path: Path, task: str | None, changes: dict[str, Any]) -> None:
    config, model, arrays = built(task, changes)
    files.write_model(tmp_path / "model.keras", arrays, config, task)

    loaded = keras.models.load_model(tmp_path / "model.keras")

    assert (type(loaded), loaded.config) == (type(model), config)
    assert_equal(loaded.to_arrays(), arrays)


def test_a_trained_model_is_read_without_its_optimizer(tmp_path: Path) -> None:
    _, model, _ = built("language-modeling", {})
    model.compile(optimizer="adam")
    inputs = {"input_ids": tiny.input_ids(), "labels": tiny.labels(), "langs": np.ones_like(tiny.input_ids())}
    model.fit(inputs, epochs=1, batch_size=4, verbose=0)
    model.save(tmp_path / "model.keras")

    assert_equal(read_file(tmp_path / "model.keras"), model.to_arrays())
