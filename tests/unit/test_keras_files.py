"""`xlm_core.formats.keras`: where Keras puts a weight, and files of ours that need no Keras."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

import tiny
from xlm_core.config import XLMConfig
from xlm_core.errors import CheckpointError, ConfigError
from xlm_core.formats import keras
from xlm_core.formats.loading import load, read_config, read_file
from xlm_core.hub import Folder, locate
from xlm_core.manifest import Kind, Weight, manifest

CONFIG = tiny.CONFIG.replace(n_layers=12)
CHANGES = [{}, {"tie_word_embeddings": False}, {"asm": True, "asm_cutoffs": [20, 40]}, {"n_langs": 1, "lang2id": None}]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "model.weights.h5"


@pytest.mark.parametrize("task", keras.CLASSES)
@pytest.mark.parametrize("changes", CHANGES, ids=str)
def test_what_is_written_is_read_again_to_the_bit(path, task, changes):
    config = CONFIG.replace(**changes)
    arrays = tiny.weights(config, task)
    keras.write_weights(path, arrays, config, task)

    read = read_file(path)

    assert set(read) == set(arrays)
    assert all(np.array_equal(read[name], array) for name, array in arrays.items())


@pytest.mark.parametrize("task", keras.CLASSES)
def test_a_whole_model_is_read_again(tmp_path, task):
    arrays = tiny.weights(CONFIG, task)
    keras.write_model(tmp_path / "model.keras", arrays, CONFIG, task)

    found, info = load(locate(tmp_path / "model.keras"), manifest(CONFIG, task))

    assert read_config(Folder(tmp_path)) == CONFIG
    assert all(np.array_equal(found[name], array) for name, array in arrays.items())
    assert not any(info[key] for key in info)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("transformer.attentions.0.q_lin.weight", "layers/tfxlm_model/attentions/multi_head_attention/q_lin/vars/0"),
        ("attentions.11.q_lin.bias", "attentions/multi_head_attention_11/q_lin/vars/1"),
        ("transformer.layer_norm1.2.bias", "layers/tfxlm_model/layer_norm1/layer_normalization_2/vars/1"),
        ("transformer.position_embeddings.weight", "layers/tfxlm_model/layers/embedding/vars/0"),
        ("transformer.lang_embeddings.weight", "layers/tfxlm_model/lang_embeddings/vars/0"),
        ("pred_layer.proj.weight", "layers/pred_layer/proj/vars/0"),
        ("pred_layer.proj.tail.1.0.weight", "layers/pred_layer/proj/tail/container_1/dense/vars/0"),
        ("logits_proj.bias", "layers/dense/vars/1"),
        ("classifier.weight", "classifier/vars/0"),
        ("qa_outputs.answer_class.dense_1.weight", "layers/span_head/answer_class/dense_1/vars/0"),
    ],
)
def test_a_weight_lies_where_keras_puts_it(name, path):
    layer = name.rpartition(".")[0]
    weights = {f"{layer}.{leaf}": Weight(f"{layer}.{leaf}", (1, 1), Kind.LINEAR) for leaf in ("weight", "bias")}

    assert keras.keras_path(weights[name], weights) == path


def test_the_bias_of_tied_words_is_alone(path):
    keras.write_weights(path, tiny.weights(CONFIG, "language-modeling"), CONFIG, "language-modeling")

    with h5py.File(path) as file:
        assert file["layers/pred_layer/proj/vars/0"].shape == (CONFIG.vocab_size,)


def test_bfloat16_is_marked_as_keras_does(path):
    keras.write_weights(path, tiny.weights(CONFIG), CONFIG, dtype="bfloat16")

    assert read_file(path).stored("embeddings.weight").dtype == "bfloat16"
    np.testing.assert_allclose(
        read_file(path)["embeddings.weight"], tiny.weights(CONFIG)["embeddings.weight"], rtol=0.01
    )


def test_an_optimizer_and_its_like_are_left_out(path):
    keras.write_weights(path, tiny.weights(CONFIG), CONFIG)
    with h5py.File(path, "a") as file:
        for name in ("optimizer/vars/0", "dropout/seed_generator/vars/0", "metrics/mean/vars/0"):
            file[name] = np.ones(2)

    assert set(read_file(path)) == set(manifest(CONFIG))


def test_a_layer_of_others_is_left_to_the_reader_of_names(path):
    keras.write_weights(path, tiny.weights(CONFIG), CONFIG)
    with h5py.File(path, "a") as file:
        file["mine/vars/0"] = np.ones((2, 2))

    assert "mine.weight" in read_file(path)


def edited(tmp_path: Path, **entries: bytes | None) -> Path:
    """A `.keras` file with entries changed, left out if None."""
    source, target = tmp_path / "source.keras", tmp_path / "model.keras"
    keras.write_model(source, tiny.weights(CONFIG), CONFIG)
    with zipfile.ZipFile(source) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in (content | {key.replace("_", "."): data for key, data in entries.items()}).items():
            if data is not None:
                archive.writestr(name, data)
    return target


@pytest.mark.parametrize(
    ("settings", "kind", "problem"),
    [
        (None, CheckpointError, r"must be a whole Keras file; it is a zip without `config.json`"),
        (b"{", CheckpointError, "must be a whole Keras file"),
        (b"[" * 100_000, CheckpointError, "must be a whole Keras file"),
        (b"[]", CheckpointError, "must describe its model; it does not"),
        (b'{"class_name": "Functional"}', CheckpointError, "one of this library's models; it is a Functional"),
        (b'{"class_name": "TFXLMModel", "config": {"config": {"n_heads": 3}}}', ConfigError, "`n_heads` must divide"),
    ],
)
def test_a_model_that_is_not_described_is_refused(tmp_path, settings, kind, problem):
    with pytest.raises(kind, match=problem):
        read_file(edited(tmp_path, config_json=settings))


def test_a_model_without_weights_is_refused(tmp_path):
    source = edited(tmp_path)
    with zipfile.ZipFile(source) as archive, zipfile.ZipFile(tmp_path / "other.keras", "w") as other:
        other.writestr("config.json", archive.read("config.json"))

    with pytest.raises(CheckpointError, match=r"it is a zip without `model.weights.h5`"):
        read_file(tmp_path / "other.keras")


def test_packed_weights_are_read_up_to_a_limit(tmp_path, monkeypatch):
    with zipfile.ZipFile(edited(tmp_path)) as archive, zipfile.ZipFile(tmp_path / "packed.keras", "w", 8) as packed:
        for name in archive.namelist():
            packed.writestr(name, archive.read(name))

    assert set(read_file(tmp_path / "packed.keras")) == set(manifest(CONFIG))
    monkeypatch.setattr(keras, "MAX_PACKED", 1000)
    with pytest.raises(CheckpointError, match=r"`model.weights.h5` must have 1000 bytes; unpacked it has"):
        read_file(tmp_path / "packed.keras")


def test_settings_are_those_that_keras_looks_for(tmp_path):
    keras.write_model(tmp_path / "model.keras", tiny.weights(CONFIG), CONFIG)

    with zipfile.ZipFile(io.BytesIO((tmp_path / "model.keras").read_bytes())) as archive:
        settings, about = (json.loads(archive.read(name)) for name in ("config.json", "metadata.json"))
    assert (settings["class_name"], settings["registered_name"]) == ("TFXLMModel", "xlm>TFXLMModel")
    assert XLMConfig.from_dict(settings["config"]["config"]) == CONFIG
    assert set(about) == {"keras_version", "date_saved"}
    assert [path.name for path in tmp_path.iterdir()] == ["model.keras"]
