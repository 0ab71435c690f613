"""`xlm_core.formats.safetensors`: what it reads, what it refuses, what it writes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from xlm_core.errors import CheckpointError, FetchError, InputError
from xlm_core.formats import safetensors as files

torch = pytest.importorskip("torch", reason="compares with the library's own files for PyTorch")
theirs = pytest.importorskip("safetensors.torch")


def numbers(*shape: int) -> np.ndarray:
    return np.random.default_rng(shape).standard_normal(shape).astype(np.float32)


def raw_file(path: Path, header: object, data: bytes = b"") -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


ARRAYS = {"b.weight": numbers(3, 4), "a.bias": numbers(5), "scalar": numbers(), "empty": numbers(0, 2)}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "model.safetensors"


def test_what_is_written_is_read_again(path):
    files.write(path, ARRAYS)

    read = files.read(path)

    assert set(read) == set(ARRAYS)
    assert all(np.array_equal(read[name], ARRAYS[name]) for name in ARRAYS)


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int16", "uint16", "int32", "int64", "uint64", "float64"])
def test_numbers_other_than_half_precision_are_read_as_they_are(path, dtype):
    files.write(path, {"x": np.array([0, 1, 1], dtype)})

    assert files.read(path)["x"].dtype == dtype


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_widened_to_the_same_numbers(path, dtype):
    tensor = torch.tensor([0.0, -0.0, 1.5, -3.1, 6e-8, 65504.0, torch.inf, torch.nan]).to(dtype)
    theirs.save_file({"x": tensor}, path)

    array = files.read(path)["x"]

    np.testing.assert_array_equal(array, tensor.float().numpy())
    assert array.dtype == np.float32


def test_shape_and_dtype_are_known_without_reading(path):
    theirs.save_file({"x": torch.ones(2, 3, dtype=torch.bfloat16)}, path)

    stored = files.read(path).stored("x")

    assert (stored.shape, stored.dtype) == ((2, 3), "bfloat16")


def test_arrays_cannot_be_written_into(path):
    files.write(path, ARRAYS)

    with pytest.raises(ValueError, match="read-only"):
        files.read(path)["a.bias"][0] = 1


def test_arrays_outlive_the_file_they_were_read_from(path):
    files.write(path, ARRAYS)
    read = files.read(path)

    files.write(path, {name: read[name] for name in read})

    assert np.array_equal(read["b.weight"], ARRAYS["b.weight"])


def test_the_file_is_the_one_that_the_library_writes(path):
    tensors = {name: torch.from_numpy(array.copy()) for name, array in ARRAYS.items()}
    tensors["ids"] = torch.arange(3, dtype=torch.int16)

    files.write(path, {name: tensor.numpy() for name, tensor in tensors.items()})

    assert path.read_bytes() == theirs.save(tensors, {"format": "pt"})


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_numbers_are_rounded_as_pytorch_rounds_them(path, dtype):
    array = np.concatenate(
        [numbers(1000), np.array([np.inf, -np.inf, np.nan, -0.0, 1.00390625, 1.01171875], np.float32)]
    )

    files.write(path, {"x": array}, dtype=dtype)

    expected = torch.from_numpy(array).to(getattr(torch, dtype))
    assert torch.equal(theirs.load_file(path)["x"].nan_to_num(7), expected.nan_to_num(7))


def test_integers_keep_their_type_when_numbers_are_narrowed(path):
    files.write(path, {"ids": np.arange(3)}, dtype="float16")

    assert files.read(path)["ids"].dtype == np.int64


def test_a_number_that_half_precision_cannot_hold_is_refused_by_name(path):
    with pytest.raises(CheckpointError, match=r"`x`: numbers must fit float16; got 70000.0. Use bfloat16"):
        files.write(path, {"x": np.array([7e4], np.float32)}, dtype="float16")


def test_a_failed_write_leaves_the_old_file_and_nothing_else(path):
    files.write(path, ARRAYS)
    before = path.read_bytes()

    with pytest.raises(CheckpointError):
        files.write(path, {"x": np.array([7e4], np.float32)}, dtype="float16")

    assert (path.read_bytes(), list(path.parent.iterdir())) == (before, [path])


def test_an_unknown_dtype_is_refused(path):
    with pytest.raises(InputError, match=r"`dtype` must be one of .*; got 'fp16'"):
        files.write(path, ARRAYS, dtype="fp16")


def test_text_cannot_be_stored(path):
    with pytest.raises(CheckpointError, match=r"`x` must hold numbers of type .*; got str"):
        files.write(path, {"x": np.array(["a"])})


def test_a_truncated_file_is_refused_by_name(path):
    files.write(path, ARRAYS)
    path.write_bytes(path.read_bytes()[:-1])

    with pytest.raises(CheckpointError, match=r"model.safetensors` must be a whole safetensors file; .* Download"):
        files.read(path)


def test_an_empty_file_is_refused(path):
    path.touch()

    with pytest.raises(CheckpointError, match="must hold weights; it is empty"):
        files.read(path)


def test_a_header_longer_than_the_file_is_refused(path):
    path.write_bytes((2**62).to_bytes(8, "little") + b"{}")

    with pytest.raises(CheckpointError, match="header too large"):
        files.read(path)


def test_overlapping_arrays_are_refused(path):
    entry = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}

    with pytest.raises(CheckpointError, match="invalid offset"):
        files.read(raw_file(path, {"a": entry, "b": entry}, bytes(8)))


def test_an_unknown_number_format_is_refused_by_name(path):
    entry = {"dtype": "F8_E4M3", "shape": [2], "data_offsets": [0, 2]}

    with pytest.raises(CheckpointError, match="`a` is F8_E4M3"):
        files.read(raw_file(path, {"a": entry}, bytes(2)))


def test_a_git_lfs_pointer_is_recognised(path):
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")

    with pytest.raises(CheckpointError, match=r"it is a Git LFS pointer to them. Run `git lfs pull`"):
        files.read(path)


def test_a_missing_file_is_refused(path):
    with pytest.raises(FetchError, match="must be a readable file; got No such file"):
        files.read(path)
