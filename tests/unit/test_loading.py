"""`xlm_core.formats.loading`: which file is read, what is refused, what is reported."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

from xlm_core.config import XLMConfig
from xlm_core.errors import (
    CheckpointError,
    FetchError,
    InputError,
    MissingWeights,
    ShapeMismatch,
    UnexpectedWeights,
    XLMWarning,
)
from xlm_core.formats import safetensors
from xlm_core.formats.loading import check_sums, load, open_weights, read_config, read_file, save
from xlm_core.hub import Folder, locate
from xlm_core.manifest import Weight, manifest

torch = pytest.importorskip("torch", reason="writes files with PyTorch to read them without")

CONFIG = XLMConfig(vocab_size=11, emb_dim=6, n_heads=2, n_layers=1, n_langs=3, max_position_embeddings=7)
BODY = manifest(CONFIG)
TASK = manifest(CONFIG, "language-modeling")
HEAD = "pred_layer.proj.bias"
DEMO = Path(__file__).resolve().parents[3] / "shared" / "checkpoints" / "xlm-mlm-tlm-demo-256"


def arrays_of(wanted: dict[str, Weight], **changed: np.ndarray | None) -> dict[str, np.ndarray]:
    """Arrays that are a function of their name; a change to None leaves one out (dots are written `__`)."""
    arrays = {name: np.full(weight.shape, len(name), np.float32) for name, weight in wanted.items()}
    arrays.update({name.replace("__", "."): array for name, array in changed.items()})
    return {name: array for name, array in arrays.items() if array is not None}


def folder_with(path: Path, arrays: dict[str, np.ndarray]) -> Folder:
    save(path, arrays)
    return Folder(path)


def test_a_whole_model_is_loaded_without_a_word(tmp_path):
    arrays, info = load(folder_with(tmp_path, arrays_of(TASK)), TASK)

    assert all(np.array_equal(arrays[name], array) for name, array in arrays_of(TASK).items())
    assert all(info[key] == () for key in info)


def test_arrays_come_in_the_order_of_the_model(tmp_path):
    arrays, _ = load(folder_with(tmp_path, dict(reversed(arrays_of(TASK).items()))), TASK)

    assert list(arrays) == list(TASK)


def test_a_task_model_is_loaded_as_a_body(tmp_path):
    arrays, info = load(folder_with(tmp_path, arrays_of(TASK)), BODY)

    assert (set(arrays), info.set_aside) == (set(BODY), (HEAD,))


def test_a_body_is_loaded_into_a_task_model_with_a_new_head(tmp_path):
    files = folder_with(tmp_path, arrays_of(BODY))

    with pytest.warns(XLMWarning, match=f"A new head was initialised: train it before use. .* lacks `{HEAD}`"):
        arrays, info = load(files, TASK)

    assert (set(arrays), info["missing_keys"]) == (set(TASK) - {HEAD}, (HEAD,))


def test_a_missing_weight_of_the_body_is_refused_by_name(tmp_path):
    files = folder_with(tmp_path, arrays_of(TASK, transformer__embeddings__weight=None))

    with pytest.raises(MissingWeights, match=r"every weight of the body; it lacks `transformer.embeddings.weight`. Is"):
        load(files, TASK)


def test_a_strange_model_is_refused(tmp_path):
    files = folder_with(tmp_path, {"bert.pooler.weight": np.zeros(2, np.float32)})

    with pytest.raises(MissingWeights, match=r"it holds `bert.pooler.weight` and no name that fits"):
        load(files, TASK)


def test_an_unexpected_weight_is_refused_by_name(tmp_path):
    files = folder_with(tmp_path, arrays_of(BODY, zzz=np.zeros(2, np.float32)))

    with pytest.raises(UnexpectedWeights, match=r"it also has `zzz`. Pass `strict=False`"):
        load(files, BODY)


def test_an_unexpected_weight_is_left_out_with_a_warning_when_not_strict(tmp_path):
    files = folder_with(tmp_path, arrays_of(BODY, zzz=np.zeros(2, np.float32)))

    with pytest.warns(XLMWarning, match="the model has no place for `zzz`"):
        _, info = load(files, BODY, strict=False)

    assert info.unexpected_keys == ("zzz",)


@pytest.mark.parametrize(
    ("name", "shape", "field"),
    [
        ("embeddings__weight", (12, 6), "`vocab_size`"),
        ("embeddings__weight", (11, 8), "`emb_dim`"),
        ("position_embeddings__weight", (5, 6), "`max_position_embeddings`"),
        ("lang_embeddings__weight", (5, 6), "`n_langs`"),
        ("ffns__0__lin1__weight", (32, 8), "`emb_dim`"),
        ("lang_embeddings__weight", (5,), "`n_langs`, `emb_dim`"),
    ],
)
def test_a_weight_of_another_shape_is_refused_with_the_field_at_fault(tmp_path, name, shape, field):
    files = folder_with(tmp_path, arrays_of(BODY, **{name: np.zeros(shape, np.float32)}))

    with pytest.raises(ShapeMismatch) as caught:
        load(files, BODY)

    weight = BODY[name.replace("__", ".")]
    assert f"`{weight.name}` must have shape {weight.shape}, as the config says; got {shape}" in str(caught.value)
    assert f"Correct {field} of the config" in str(caught.value)


def test_a_weight_of_another_shape_is_left_out_when_asked(tmp_path):
    files = folder_with(tmp_path, arrays_of(BODY, embeddings__weight=np.zeros((12, 6), np.float32)))

    with pytest.warns(XLMWarning, match="another shape were initialised anew: `embeddings.weight`"):
        arrays, info = load(files, BODY, ignore_mismatched_sizes=True)

    assert info.mismatched_keys == (("embeddings.weight", (12, 6), (11, 6)),)
    assert "embeddings.weight" not in arrays


@pytest.mark.parametrize("dtype", ["int64", "bool"])
def test_numbers_that_are_no_weights_are_refused(tmp_path, dtype):
    files = folder_with(tmp_path, arrays_of(BODY, layer_norm_emb__bias=np.zeros(6, dtype)))

    with pytest.raises(CheckpointError, match=f"`layer_norm_emb.bias` must hold floating-point numbers; got {dtype}"):
        load(files, BODY)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_weight_that_is_not_finite_is_reported_by_name(tmp_path, value):
    files = folder_with(tmp_path, arrays_of(BODY, layer_norm_emb__bias=np.array([1, 2, 3, 4, 5, value], np.float32)))

    with pytest.warns(XLMWarning, match="`layer_norm_emb.bias` of .* have NaN or infinity"):
        load(files, BODY)


def test_large_finite_weights_are_nothing_to_report(tmp_path):
    load(folder_with(tmp_path, arrays_of(BODY, layer_norm_emb__bias=np.full(6, 3e38, np.float32))), BODY)


def test_the_keys_of_the_report_are_those_of_hugging_face(tmp_path):
    _, info = load(folder_with(tmp_path, arrays_of(BODY)), BODY)

    assert {"missing_keys", "unexpected_keys", "mismatched_keys"} <= set(info)


def test_a_report_has_no_other_keys(tmp_path):
    _, info = load(folder_with(tmp_path, arrays_of(BODY)), BODY)

    with pytest.raises(KeyError):
        info["items"]


def test_safetensors_are_preferred(tmp_path):
    save(tmp_path, {"x": np.ones(1, np.float32)})
    torch.save({"x": torch.zeros(1)}, tmp_path / "pytorch_model.bin")

    assert open_weights(Folder(tmp_path))["x"] == 1


def test_a_single_file_may_be_named(tmp_path):
    save(tmp_path, {"x": np.ones(1, np.float32)})
    torch.save({"x": torch.zeros(1)}, tmp_path / "pytorch_model.bin")

    assert open_weights(locate(tmp_path / "pytorch_model.bin"))["x"] == 0


def test_an_index_may_be_named(tmp_path):
    save(tmp_path, arrays_of(BODY), max_shard_size=400)

    assert set(open_weights(locate(tmp_path / "model.safetensors.index.json"))) == set(BODY)


@pytest.mark.parametrize("filename", ["model.fp16.safetensors", "pytorch_model.fp16.bin"])
def test_a_variant_has_its_name_before_the_suffix(tmp_path, filename):
    if filename.endswith("bin"):
        torch.save({"x": torch.ones(1)}, tmp_path / filename)
    else:
        safetensors.write(tmp_path / filename, {"x": np.ones(1, np.float32)})

    assert open_weights(Folder(tmp_path), variant="fp16").path.name == filename


def test_an_absent_variant_is_refused(tmp_path):
    save(tmp_path, arrays_of(BODY))

    with pytest.raises(FetchError, match=r"must have `model.fp16.safetensors` or `model.safetensors.index.fp16.json`"):
        open_weights(Folder(tmp_path), variant="fp16")


@pytest.mark.parametrize("filename", ["flax_model.msgpack", "model.ckpt", "model.onnx"])
def test_a_folder_of_another_format_is_refused_with_the_formats_that_are_read(tmp_path, filename):
    (tmp_path / filename).touch()

    with pytest.raises(CheckpointError, match=f"model.safetensors, .* it has {filename}, which is not read"):
        open_weights(Folder(tmp_path))


def test_a_file_of_another_format_is_refused(tmp_path):
    (tmp_path / "flax_model.msgpack").touch()

    with pytest.raises(CheckpointError, match=r"must be a weight file, .bin or .h5 or .keras or .pt or .pth or"):
        open_weights(locate(tmp_path / "flax_model.msgpack"))


@pytest.mark.parametrize("filename", ["tf_model.h5", "mlm_en_2048.pth", "model.keras", "model.weights.h5", "model.pt"])
def test_an_empty_file_is_refused_by_name(tmp_path, filename):
    (tmp_path / filename).touch()

    with pytest.raises(CheckpointError, match=f"{filename}` must hold weights; it is empty"):
        open_weights(Folder(tmp_path))


@pytest.mark.parametrize("suffix", [".bin", ".h5", ".keras", ".pt", ".pth", ".safetensors"])
def test_a_file_of_anything_else_is_refused_by_name(tmp_path, suffix):
    (tmp_path / f"model{suffix}").write_bytes(b"nothing of the kind")

    with pytest.raises(CheckpointError, match=f"model{suffix}` must be a whole"):
        read_file(tmp_path / f"model{suffix}")


def test_a_folder_without_weights_is_refused_with_what_was_looked_for(tmp_path):
    (tmp_path / "config.json").touch()

    with pytest.raises(FetchError, match=r"`model.safetensors` or .* The folder has config.json"):
        open_weights(Folder(tmp_path))


def test_saving_makes_the_folder(tmp_path):
    save(tmp_path / "a" / "b", {"x": np.ones(1, np.float32)})

    assert (tmp_path / "a" / "b" / "model.safetensors").is_file()


def test_saving_onto_a_file_is_refused(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(FetchError, match="file` must be a folder to save to; it is a file"):
        save(tmp_path / "file", {"x": np.ones(1, np.float32)})


def test_an_impossible_shard_size_is_refused(tmp_path):
    with pytest.raises(InputError, match="`max_shard_size`"):
        save(tmp_path, {"x": np.ones(1, np.float32)}, max_shard_size="large")


@pytest.mark.skipif(not DEMO.is_dir(), reason="the shared demonstration checkpoint is not on this machine")
@pytest.mark.parametrize("other", ["pytorch_model.bin", "tf_model.h5", "sharded"])
@pytest.mark.parametrize("task", [None, "language-modeling"])
def test_every_layout_of_a_real_checkpoint_holds_the_same_numbers(other, task):
    wanted = manifest(XLMConfig.from_dict(json.loads((DEMO / "config.json").read_text())), task)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        expected, _ = load(Folder(DEMO), wanted)
        arrays, _ = load(locate(DEMO / other), wanted)

    assert all(np.array_equal(arrays[name], expected[name]) for name in wanted)


def test_tensorflows_safetensors_are_read_under_pytorchs_names(tmp_path):
    """Their file has the same name, and says so in its metadata or by its names."""
    kernel = np.arange(6, dtype=np.float32).reshape(2, 3)
    safetensors.write(tmp_path / "model.safetensors", {"transformer/ffns_._0/lin1/kernel:0": kernel}, {"format": "tf"})

    checkpoint = open_weights(Folder(tmp_path))

    assert np.array_equal(checkpoint["transformer.ffns.0.lin1.weight"], kernel.T)
    assert checkpoint.stored("transformer.ffns.0.lin1.weight").is_transposed


def test_a_plain_pth_is_read_like_any_weights(tmp_path):
    torch.save({"x": torch.ones(1)}, tmp_path / "mine.pth")

    assert open_weights(Folder(tmp_path))["x"] == 1


def test_two_files_of_any_name_are_refused(tmp_path):
    torch.save({"x": torch.ones(1)}, tmp_path / "a.pth")
    torch.save({"x": torch.ones(1)}, tmp_path / "b.pth")

    with pytest.raises(CheckpointError, match=r"must have one weight file; it has a.pth, b.pth. Name one"):
        open_weights(Folder(tmp_path))


def test_standard_names_win_over_files_of_any_name(tmp_path):
    save(tmp_path, {"x": np.ones(1, np.float32)})
    torch.save({"x": torch.zeros(1)}, tmp_path / "a.pth")
    torch.save({"x": torch.zeros(1)}, tmp_path / "b.pth")

    assert open_weights(Folder(tmp_path))["x"] == 1


def test_the_config_of_a_folder_is_its_config_json(tmp_path):
    CONFIG.save_pretrained(tmp_path)
    save(tmp_path, arrays_of(BODY))

    assert read_config(Folder(tmp_path), num_labels=3) == CONFIG.replace(num_labels=3)


def test_a_folder_without_any_config_is_refused(tmp_path):
    save(tmp_path, arrays_of(BODY))

    with pytest.raises(FetchError, match=r"must have `config.json`; there is none"):
        read_config(Folder(tmp_path))


def test_pytorchs_layout_is_written_when_asked(tmp_path):
    save(tmp_path, arrays_of(TASK), layout="torch", variant="fp16", dtype="float16")

    assert torch.load(tmp_path / "pytorch_model.fp16.bin")[HEAD].dtype == torch.float16


def test_an_unknown_layout_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"`layout` must be one of .*safetensors.*; got 'zip'"):
        save(tmp_path, arrays_of(TASK), layout="zip")


@pytest.mark.parametrize("layout", ["torch", "safetensors"])
def test_a_sound_file_has_the_right_checksums(tmp_path, layout):
    save(tmp_path, arrays_of(TASK), layout=layout)

    check_sums(next(tmp_path.iterdir()))


def test_a_changed_number_is_found_by_its_checksum(tmp_path):
    save(tmp_path, {"x": np.arange(64, dtype=np.float32)}, layout="torch")
    path = tmp_path / "pytorch_model.bin"
    path.write_bytes(path.read_bytes().replace(np.float32(7).tobytes(), np.float32(8).tobytes()))

    with pytest.raises(CheckpointError, match=r"must be as it was written; the checksum of its entry `archive/data/0`"):
        check_sums(path)


def test_a_zip_that_is_cut_has_no_checksums(tmp_path):
    save(tmp_path, arrays_of(TASK), layout="torch")
    path = tmp_path / "pytorch_model.bin"
    path.write_bytes(path.read_bytes()[:-40])

    with pytest.raises(CheckpointError, match="must be a whole zip"):
        check_sums(path)


def test_a_config_json_is_read_whatever_lies_beside_it(tmp_path):
    """Such as the optimizer's state and the random numbers' of a training."""
    CONFIG.save_pretrained(tmp_path)
    for name in ("optimizer.pt", "scheduler.pt", "rng_state.pth"):
        (tmp_path / name).touch()

    assert read_config(Folder(tmp_path)) == CONFIG
