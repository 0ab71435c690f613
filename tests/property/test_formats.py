"""Whatever is done to a weight file, reading it gives arrays or a CheckpointError, and never another accident."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xlm_core.errors import CheckpointError
from xlm_core.formats import safetensors, sharding, torch_pickle
from xlm_core.formats.base import Checkpoint, narrow, widen

torch = pytest.importorskip("torch", reason="writes files with PyTorch to read them without")

TENSORS = {
    "a.weight": torch.arange(6.0).reshape(2, 3).T,
    "b": torch.ones(2, dtype=torch.bfloat16),
    "c": torch.tensor(3),
}


def pickled(is_zip: bool) -> bytes:
    buffer = io.BytesIO()
    torch.save(TENSORS, buffer, _use_new_zipfile_serialization=is_zip)
    return buffer.getvalue()


def packed() -> bytes:
    """A zip whose entries are compressed."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(pickled(True))) as loose,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as tight,
    ):
        for name in loose.namelist():
            tight.writestr(name, loose.read(name))
    return buffer.getvalue()


def safe(tmp_path: Path) -> bytes:
    path = tmp_path / "model.safetensors"
    safetensors.write(path, {name: tensor.float().numpy() for name, tensor in TENSORS.items()})
    return path.read_bytes()


File = tuple[bytes, Callable[[Path], Checkpoint]]


@pytest.fixture(scope="module", params=["safetensors", "zip", "compressed zip", "legacy"])
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> File:
    """The bytes of a small file, and its reader."""
    if request.param == "safetensors":
        return safe(tmp_path_factory.mktemp("safe")), safetensors.read
    data = {"zip": lambda: pickled(True), "compressed zip": packed, "legacy": lambda: pickled(False)}[request.param]()
    return data, torch_pickle.read


def attempt(path: Path, data: bytes, read: Callable[[Path], Checkpoint]) -> dict[str, np.ndarray] | None:
    """All arrays of a file; None if it is refused."""
    path.write_bytes(data)
    try:
        return dict(read(path))
    except CheckpointError:
        return None


def test_a_file_cut_anywhere_is_refused_or_the_same(file, tmp_path):
    data, read = file
    whole = attempt(tmp_path / "whole", data, read)

    for length in range(0, len(data), 1 if len(data) < 2000 else 7):
        arrays = attempt(tmp_path / "cut", data[:length], read)
        assert arrays is None or all(np.array_equal(arrays[name], whole[name]) for name in whole)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_file_with_a_wrong_byte_is_refused_or_read(file, tmp_path, draw):
    data, read = file
    place = draw.draw(st.integers(0, len(data) - 1))
    byte = draw.draw(st.integers(0, 255))

    attempt(tmp_path / "changed", data[:place] + bytes([byte]) + data[place + 1 :], read)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_pickle_with_a_wrong_byte_is_refused_or_read(tmp_path, draw):
    """The pickle within the zip, where a wrong byte is another instruction, without the zip's checksum in the way."""
    with zipfile.ZipFile(io.BytesIO(pickled(True))) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    name = next(name for name in entries if name.endswith("data.pkl"))
    place = draw.draw(st.integers(0, len(entries[name]) - 1))
    entries[name] = entries[name][:place] + draw.draw(st.binary(min_size=1, max_size=4)) + entries[name][place + 1 :]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for entry, data in entries.items():
            archive.writestr(entry, data)

    attempt(tmp_path / "changed", buffer.getvalue(), torch_pickle.read)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_random_bytes_are_refused(tmp_path, data):
    assert attempt(tmp_path / "random", data, torch_pickle.read) is None
    assert attempt(tmp_path / "random", data, safetensors.read) is None


@given(st.lists(st.integers(0, 100)), st.integers(1, 120))
def test_every_array_lies_in_one_shard_and_no_two_exceed_the_limit(sizes, limit):
    table = {str(number): size for number, size in enumerate(sizes)}

    shards = sharding.split(table, limit)

    assert [name for shard in shards for name in shard] == list(table)
    assert all(len(shard) < 2 or sum(table[name] for name in shard) <= limit for shard in shards)


@given(st.lists(st.floats(width=32, allow_nan=True)))
def test_bfloat16_rounds_as_pytorch_does(numbers):
    array = np.array([number for number in numbers if not abs(number) > 3.38e38], np.float32)

    rounded = widen(narrow(array, "bfloat16"), "bfloat16")

    np.testing.assert_array_equal(rounded, torch.from_numpy(array).bfloat16().float().numpy())
