"""`xlm_core.formats.torch_pickle`: both layouts, every kind of view, and files that mean harm."""

from __future__ import annotations

import os
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

from xlm_core.errors import CheckpointError
from xlm_core.formats import pickles, torch_pickle

torch = pytest.importorskip("torch", reason="writes files with PyTorch to read them without")

LAYOUTS = pytest.mark.parametrize("is_zip", [True, False], ids=["zip", "legacy"])


def save(path: Path, value: object, is_zip: bool = True) -> Path:
    torch.save(value, path, _use_new_zipfile_serialization=is_zip)
    return path


def repack(path: Path, changed: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    """The same zip with some entries replaced; an entry replaced by nothing is left out."""
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    entries.update({f"model/{name}": data for name, data in changed.items()})
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in entries.items():
            if data:
                archive.writestr(name, data)
    return path


class Payload:
    """Unpickles into a file on disk, were it executed."""

    def __init__(self, victim: Path) -> None:
        self.victim = victim

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.victim),)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "model.bin"


@LAYOUTS
@pytest.mark.parametrize(
    "dtype",
    ["float64", "float32", "int64", "int32", "int16", "int8", "uint8", "bool", "complex64", "complex128"],
)
def test_numbers_are_read_as_they_are(path, is_zip, dtype):
    tensor = torch.tensor([[0, 1, 2], [3, 4, 5]]).to(getattr(torch, dtype))

    array = torch_pickle.read(save(path, {"x": tensor}, is_zip))["x"]

    np.testing.assert_array_equal(array, tensor.numpy(), strict=True)


@LAYOUTS
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_widened_to_the_same_numbers(path, is_zip, dtype):
    tensor = torch.tensor([0.0, -0.0, 1.5, -3.1, 6e-8, torch.inf, torch.nan]).to(dtype)

    array = torch_pickle.read(save(path, {"x": tensor}, is_zip))["x"]

    np.testing.assert_array_equal(array, tensor.float().numpy(), strict=True)


@LAYOUTS
def test_views_have_their_own_offset_and_strides(path, is_zip):
    base = torch.arange(24.0).reshape(4, 6)
    tensors = {"base": base, "turned": base.T, "part": base[1:3, ::2], "element": base[2, 3], "none": base[:0]}

    read = torch_pickle.read(save(path, tensors, is_zip))

    for name, tensor in tensors.items():
        np.testing.assert_array_equal(read[name], tensor.numpy(), strict=True)


@LAYOUTS
def test_tensors_that_share_a_storage_share_it_here(path, is_zip):
    table = torch.ones(3, 2)

    read = torch_pickle.read(save(path, {"embeddings": table, "proj": table}, is_zip))

    assert np.shares_memory(read["embeddings"], read["proj"])


@LAYOUTS
def test_parameters_are_read_as_tensors(path, is_zip):
    layer = torch.nn.Linear(3, 2)

    read = torch_pickle.read(save(path, dict(layer.named_parameters()), is_zip))

    assert np.array_equal(read["weight"], layer.weight.detach().numpy())


@LAYOUTS
def test_the_state_dict_of_a_module_is_read(path, is_zip):
    layer = torch.nn.Linear(3, 2)

    read = torch_pickle.read(save(path, layer.state_dict(), is_zip))

    assert np.array_equal(read["weight"], layer.weight.detach().numpy())


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_every_pickle_protocol_is_read(path, protocol):
    torch.save({"x": torch.ones(2)}, path, pickle_protocol=protocol)

    assert torch_pickle.read(path)["x"].tolist() == [1, 1]


def test_arrays_cannot_be_written_into(path):
    array = torch_pickle.read(save(path, {"x": torch.ones(2)}))["x"]

    with pytest.raises(ValueError, match="read-only"):
        array[0] = 2


def test_a_compressed_zip_is_read(path):
    repack(save(path, {"x": torch.arange(9.0)}), {}, zipfile.ZIP_DEFLATED)

    assert torch_pickle.read(path)["x"].tolist() == list(range(9))


@LAYOUTS
def test_a_payload_is_named_and_not_executed(path, tmp_path, is_zip):
    save(path, {"x": torch.ones(2), "y": Payload(tmp_path / "victim")}, is_zip)

    with pytest.raises(CheckpointError, match=r"asks for `posix.mkdir`, and nothing in it was executed"):
        torch_pickle.read(path)

    assert not (tmp_path / "victim").exists()


def test_a_payload_in_a_bare_pickle_is_named_and_not_executed(path, tmp_path):
    path.write_bytes(pickle.dumps(Payload(tmp_path / "victim")))

    with pytest.raises(CheckpointError, match=r"asks for `posix.mkdir`, and nothing in it was executed"):
        torch_pickle.read(path)

    assert not (tmp_path / "victim").exists()


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (b"cbuiltins\neval\n(X\x01\x00\x00\x001tR.", "builtins.eval"),
        (b"(ios\nsystem\n.", "os.system"),
        (b"\x80\x04\x8c\x02os\x8c\x06system\x93.", "os.system"),
        (b"ctorch\n_utils.os.system\n.", "torch._utils.os.system"),
        (b"ctorch\nload\n.", "torch.load"),
    ],
    ids=["global", "inst", "stack_global", "dotted", "torch"],
)
def test_whatever_way_a_pickle_asks_for_code_it_is_refused(path, code, name):
    repack(save(path, {}), {"data.pkl": code})

    with pytest.raises(CheckpointError, match=f"asks for `{name}`"):
        torch_pickle.read(path)


def test_a_registered_extension_is_refused(path):
    repack(save(path, {}), {"data.pkl": b"\x80\x02\x82\x01."})

    with pytest.raises(CheckpointError, match="asks for a registered extension"):
        torch_pickle.read(path)


def test_a_memo_with_a_gap_takes_no_memory(path):
    repack(save(path, {}), {"data.pkl": b"\x80\x02}r\xff\xff\xff\xff."})

    assert len(torch_pickle.read(path)) == 0


def test_a_key_whose_hash_would_take_for_ever_is_refused(path):
    """Fifty tuples, each of which holds the one before twice."""
    bomb = b"".join(b"q%c0h%ch%c\x86" % (n, n, n) for n in range(50))
    repack(save(path, {}), {"data.pkl": b"\x80\x02})" + bomb + b"Ns."})

    with pytest.raises(CheckpointError, match="its pickle has a tuple for a key"):
        torch_pickle.read(path)


def test_a_storage_whose_text_would_take_for_ever_is_refused(path):
    bomb = b"".join(b"q%c0h%ch%c\x86" % (n, n, n) for n in range(50))
    repack(save(path, {}), {"data.pkl": b"\x80\x02)" + bomb + b"Q."})

    with pytest.raises(CheckpointError, match="it describes a storage as"):
        torch_pickle.read(path)


def test_a_pickle_of_too_many_steps_is_refused(path, monkeypatch):
    monkeypatch.setattr(pickles, "MAX_STEPS", 1000)
    repack(save(path, {}), {"data.pkl": b"\x80\x02" + b"]0" * 500 + b"}."})

    with pytest.raises(CheckpointError, match="its pickle has more than 1,000 instructions"):
        torch_pickle.read(path)


def test_the_dictionary_of_the_largest_release_is_no_pickle_of_too_many_steps(path):
    """200,000 words in three tables, most of which are remembered for the next."""
    words = {number: f"word{number}" for number in range(200_000)}
    torch.save({"a": words, "b": {word: number for number, word in words.items()}, "c": [*words.values()]}, path)

    assert torch_pickle.load(path).value["a"] == words


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        (b"", "ends too early"),
        (b"\x80\x02X\xff\xff\xff\x7fa.", "ends too early"),
        (b"ctorch", "has a line without end"),
        (b"\x80\x02}(K\x01u.", "shorter"),
        (b"\x80\x02K\x01K\x02K\x03s.", "sets entries of what is no mapping"),
        (b"\x80\x02}K\x01a.", "appends to what is no list"),
        (b"\x80\x02}}b.", "gives a state to what has none"),
        (b"\x80\x02K\x01)R.", "calls what is no function"),
        (b"\x80\x02ccollections\nOrderedDict\n]R.", "calls what is no function"),
        (b"\x80\x02h\x07.", "must be a whole PyTorch file"),
        (b"\x80\x02\xff.", "has the instruction"),
        (b".", "must be a whole PyTorch file"),
    ],
)
def test_what_is_no_pickle_is_refused(path, code, problem):
    repack(save(path, {}), {"data.pkl": code or b"("})

    with pytest.raises(CheckpointError, match=problem):
        torch_pickle.read(path)


def test_a_packed_entry_that_would_fill_the_memory_is_refused(path):
    repack(save(path, {"x": torch.ones(2)}), {"data/0": bytes(2**24)}, zipfile.ZIP_DEFLATED)

    with pytest.raises(CheckpointError, match=r"`model/data/0` must have 8 bytes; unpacked it has 16777216"):
        torch_pickle.read(path)


def test_an_entry_that_is_there_twice_is_refused(path):
    save(path, {"x": torch.ones(2)})
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("model/data/0", b"12345678")

    with pytest.raises(CheckpointError, match="has an entry twice"):
        torch_pickle.read(path)


@LAYOUTS
@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"model": {"x": torch.ones(2)}, "epoch": 3}, "{'model': dict, 'epoch': int}"),
        ({"state_dict": OrderedDict(x=torch.ones(2))}, "{'state_dict': dict}"),
        ([torch.ones(2)], "a list"),
        (torch.ones(2), "a Tensor"),
        ({1: torch.ones(2)}, "{1: Tensor}"),
    ],
    ids=["trainer", "wrapped", "list", "tensor", "number"],
)
def test_anything_but_a_plain_mapping_is_refused(path, is_zip, value, found):
    save(path, value, is_zip)

    with pytest.raises(CheckpointError, match="must be a plain mapping from names to tensors") as caught:
        torch_pickle.read(path)

    assert f"it holds {found}" in str(caught.value)


@LAYOUTS
def test_a_truncated_file_is_refused_by_name(path, is_zip):
    save(path, {"x": torch.ones(100)}, is_zip)
    path.write_bytes(path.read_bytes()[:-150])

    with pytest.raises(CheckpointError, match=r"model.bin` must be a whole PyTorch file; .* Download it"):
        torch_pickle.read(path)


def test_a_zip_of_something_else_is_refused(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")

    with pytest.raises(CheckpointError, match=r"it is a zip, but has no `data.pkl`"):
        torch_pickle.read(path)


def test_a_file_of_something_else_is_refused(path):
    path.write_bytes(pickle.dumps(3) + pickle.dumps(4) + pickle.dumps({}))

    with pytest.raises(CheckpointError, match="starts neither as a zip nor with PyTorch's magic number"):
        torch_pickle.read(path)


def test_big_endian_zips_are_refused(path):
    repack(save(path, {"x": torch.ones(2)}), {"byteorder": b"big"})

    with pytest.raises(CheckpointError, match="only little endian is read"):
        torch_pickle.read(path)


def test_big_endian_legacy_files_are_refused(path):
    """The pickled True (0x88) behind the key becomes False (0x89)."""
    data = save(path, {"x": torch.ones(2)}, is_zip=False).read_bytes()
    path.write_bytes(data.replace(b"little_endianq\x02\x88", b"little_endianq\x02\x89"))

    with pytest.raises(CheckpointError, match="only little endian is read"):
        torch_pickle.read(path)


def test_an_absent_storage_is_refused(path):
    repack(save(path, {"x": torch.ones(2)}), {"data/0": b""})

    with pytest.raises(CheckpointError, match=r"must be a whole PyTorch file; .*data/0"):
        torch_pickle.read(path)


def test_a_storage_that_is_too_short_is_refused(path):
    repack(save(path, {"x": torch.ones(2)}), {"data/0": b"1234"})

    with pytest.raises(CheckpointError, match="`x` needs 8 bytes of storage 0; there are 4"):
        torch_pickle.read(path)


STORAGE = torch_pickle.Storage("0", "float32", 6)


@pytest.mark.parametrize(
    ("offset", "shape", "strides"),
    [
        (0, (7,), (1,)),
        (1, (6,), (1,)),
        (0, (2, 3), (4, 1)),
        (-1, (2,), (1,)),
        (5, (2,), (-1,)),
        (0, (-2,), (1,)),
        (0, (2**40,), (0,)),
        (0, (2,), (2**63,)),
        (2**64, (0,), (1,)),
        (0, (2, 3), (1,)),
        (0, (1.0,), (1,)),
    ],
)
def test_a_view_beyond_its_storage_is_not_made(offset, shape, strides):
    assert not torch_pickle._fits(torch_pickle.Tensor(STORAGE, offset, shape, strides))


def test_a_view_beyond_its_storage_is_refused_by_name(path):
    """The pickled offset, one byte 0 before the shape (2, 3), becomes 1."""
    save(path, {"x": torch.ones(2, 3)})
    with zipfile.ZipFile(path) as archive:
        pickled = archive.read("model/data.pkl")
    repack(path, {"data.pkl": pickled.replace(b"K\x00K\x02K\x03", b"K\x01K\x02K\x03")})

    with pytest.raises(CheckpointError, match="`x` reaches out of its storage of 6 numbers"):
        torch_pickle.read(path)


def test_a_conjugated_tensor_is_refused(path):
    save(path, {"x": torch.ones(2, dtype=torch.complex64).conj()})

    with pytest.raises(CheckpointError, match="no plain view of a storage"):
        torch_pickle.read(path)
