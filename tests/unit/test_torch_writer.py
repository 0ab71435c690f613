"""`xlm_core.formats.torch_writer`: files that PyTorch loads, written without it."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from xlm_core.errors import CheckpointError, InputError
from xlm_core.formats import torch_pickle, torch_writer

torch = pytest.importorskip("torch", reason="reads with PyTorch what was written without")

TABLE = np.arange(12, dtype=np.float32).reshape(3, 4)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pytorch_model.bin"


@pytest.mark.parametrize(
    "array",
    [
        TABLE,
        TABLE.T,
        TABLE[::2, 1:],
        np.array(3, np.float32),
        np.zeros((0, 3), np.float32),
        np.arange(5),
        np.array([True, False]),
        TABLE.astype(np.float16),
        TABLE.astype(">f4"),
        np.array([1 + 2j], np.complex64),
    ],
    ids=["table", "turned", "part", "number", "empty", "whole", "truth", "half", "big endian", "complex"],
)
@pytest.mark.parametrize("is_mapped", [False, True])
def test_pytorch_loads_every_array_without_trust(path, array, is_mapped):
    torch_writer.write(path, {"x": array})

    loaded = torch.load(path, weights_only=True, mmap=is_mapped)["x"]

    assert loaded.is_contiguous()
    np.testing.assert_array_equal(loaded.numpy(), array.astype(array.dtype.newbyteorder("=")), strict=True)


def test_the_same_memory_is_stored_once(path):
    torch_writer.write(path, {"embeddings": TABLE, "proj": TABLE, "equal": TABLE.copy()})

    loaded = torch.load(path, weights_only=True)
    assert loaded["embeddings"].data_ptr() == loaded["proj"].data_ptr() != loaded["equal"].data_ptr()


@pytest.mark.parametrize(("dtype", "expected"), [("bfloat16", torch.bfloat16), ("float16", torch.float16)])
def test_numbers_are_narrowed_when_asked(path, dtype, expected):
    torch_writer.write(path, {"x": TABLE}, dtype)

    assert torch.equal(torch.load(path)["x"], torch.from_numpy(TABLE).to(expected))


def test_numbers_that_do_not_fit_are_refused_and_nothing_is_left(path):
    with pytest.raises(CheckpointError, match="numbers must fit float16"):
        torch_writer.write(path, {"x": np.full(3, 1e9, np.float32)}, "float16")

    assert not list(path.parent.iterdir())


def test_plain_values_are_kept(path):
    value = {"a": [1, -1, 2**40, -(2**70), 2.5, None, True, False, "ä", "", [], (), {}, (1, (2,))], 3: {"b": "c"}}

    torch_writer.write(path, value)

    assert torch.load(path, weights_only=True) == value
    assert torch_pickle.load(path).value == value


def test_long_tables_are_kept(path):
    value = {number: str(number) for number in range(3001)}

    torch_writer.write(path, value)

    assert torch.load(path, weights_only=True) == value


@pytest.mark.parametrize("value", [{1, 2}, b"bytes", object(), np.float32(3)])
def test_other_values_are_refused(path, value):
    with pytest.raises(InputError, match="must hold arrays and plain values; got a"):
        torch_writer.write(path, {"x": value})


def test_numbers_that_pytorch_has_not_are_refused(path):
    with pytest.raises(InputError, match=r"must hold numbers of type bfloat16, .*; got str32"):
        torch_writer.write(path, {"x": np.array("a")})


def test_the_zip_is_sound_and_its_storages_can_be_mapped(path):
    torch_writer.write(path, {"x": TABLE, "y": TABLE + 1})

    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
    data = path.read_bytes()
    assert data.find(TABLE.tobytes()) % 64 == data.find((TABLE + 1).tobytes()) % 64 == 0


def test_entries_of_more_than_two_gibibytes_are_marked_as_such(path, monkeypatch):
    monkeypatch.setattr(torch_writer, "LARGE", 40)
    torch_writer.write(path, {"x": TABLE})

    assert torch.equal(torch.load(path, mmap=True)["x"], torch.from_numpy(TABLE))
    assert np.array_equal(torch_pickle.read(path)["x"], TABLE)
