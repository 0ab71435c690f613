"""`xlm_core.formats.sharding`: indexes that lie, and shards that are written."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest

from xlm_core.errors import CheckpointError, FetchError, InputError
from xlm_core.formats import loading, safetensors, sharding
from xlm_core.formats.base import Checkpoint
from xlm_core.hub import Folder

torch = pytest.importorskip("torch", reason="writes files with PyTorch to read them without")

ARRAYS = {name: np.full((5, 2), number, np.float32) for number, name in enumerate("abcd")}
FIRST, SECOND = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"


def read(folder: Path) -> Checkpoint:
    return loading.open_weights(Folder(folder))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def edit(folder: Path, **weight_map: str) -> None:
    index = folder / sharding.SAFETENSORS.index()
    table = json.loads(index.read_text())
    table["weight_map"].update(weight_map)
    index.write_text(json.dumps(table))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two shards of two arrays each, in a folder beside which other files may lie."""
    folder = tmp_path / "model"
    folder.mkdir()
    sharding.write(folder, ARRAYS, 80)
    return folder


def test_what_is_written_is_read_again(folder):
    checkpoint = read(folder)

    assert all(np.array_equal(checkpoint[name], ARRAYS[name]) for name in ARRAYS)


def test_the_index_counts_bytes_and_parameters(folder):
    assert read(folder).metadata == {"total_parameters": "40", "total_size": "160"}


def test_shards_of_pickles_are_read(tmp_path):
    torch.save({"a": torch.ones(2)}, tmp_path / "pytorch_model-00001-of-00001.bin")
    index = {"metadata": {}, "weight_map": {"a": "pytorch_model-00001-of-00001.bin"}}
    (tmp_path / "pytorch_model.bin.index.json").write_text(json.dumps(index))

    assert read(tmp_path)["a"].tolist() == [1, 1]


@pytest.mark.parametrize(
    "shard",
    [
        "../outside.safetensors",
        "/etc/outside.safetensors",
        "..",
        ".",
        "",
        "a/b",
        "a\\b",
        "C:x",
        "\\\\host\\x",
        "a\x00",
        3,
        None,
    ],
)
def test_an_index_that_points_out_of_its_folder_is_refused(folder, shard):
    safetensors.write(folder.parent / "outside.safetensors", {"a": ARRAYS["a"]})
    edit(folder, a=shard)

    with pytest.raises(CheckpointError, match="must name files of its own folder; `a` is said to lie in"):
        read(folder)


def test_a_link_out_of_the_folder_is_refused(folder):
    (folder / FIRST).rename(folder.parent / "outside.safetensors")
    (folder / FIRST).symlink_to(folder.parent / "outside.safetensors")

    with pytest.raises(CheckpointError, match=r"is a link to `.*outside.safetensors`. Copy the file"):
        read(folder)


def test_a_link_within_the_folder_is_followed(folder):
    (folder / FIRST).rename(folder / "other.safetensors")
    (folder / FIRST).symlink_to("other.safetensors")

    assert np.array_equal(read(folder)["a"], ARRAYS["a"])


def test_links_into_the_hub_cache_are_followed(folder, tmp_path):
    blobs, snapshot = tmp_path / "cache" / "blobs", tmp_path / "cache" / "snapshots" / "0123"
    blobs.mkdir(parents=True)
    snapshot.mkdir(parents=True)
    for path in folder.iterdir():
        path.rename(blobs / path.name)
        (snapshot / path.name).symlink_to(Path("../../blobs", path.name))

    assert np.array_equal(read(snapshot)["a"], ARRAYS["a"])


def test_a_missing_shard_is_named(folder):
    (folder / SECOND).unlink()

    with pytest.raises(FetchError, match=f"must have `{SECOND}`; there is none"):
        read(folder)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{nonsense", "must be a JSON index of weight files"),
        ("[]", "must be a JSON object; got a list"),
        ("{}", "must have a `weight_map` from weights to files; got NoneType"),
        ('{"weight_map": {}}', "must have a `weight_map`"),
        ('{"weight_map": {"a": "x", "a": "y"}}', "must be a JSON index of weight files; `a` is listed twice"),
        ("[" * 100_000, "must be a JSON index of weight files"),
        ("\x00", "must be a JSON index of weight files"),
    ],
)
def test_a_damaged_index_is_refused(folder, text, problem):
    (folder / sharding.SAFETENSORS.index()).write_text(text)

    with pytest.raises(CheckpointError, match=f"index.json` {problem}"):
        read(folder)


def test_an_array_that_is_listed_but_absent_is_named(folder):
    edit(folder, e=FIRST)

    with pytest.raises(CheckpointError, match=f"it lists `e` in `{FIRST}`, it lies in no file"):
        read(folder)


def test_an_array_that_lies_in_another_shard_is_named(folder):
    edit(folder, a=SECOND)

    with pytest.raises(CheckpointError, match=f"it lists `a` in `{SECOND}`, it lies in `{FIRST}`"):
        read(folder)


def test_an_array_that_is_not_listed_is_named(folder):
    safetensors.write(folder / FIRST, {**{name: ARRAYS[name] for name in "ab"}, "e": ARRAYS["a"]})

    with pytest.raises(CheckpointError, match=f"it lists `e` in no file, it lies in `{FIRST}`"):
        read(folder)


def test_an_array_in_two_shards_is_named(folder):
    safetensors.write(folder / SECOND, {name: ARRAYS[name] for name in "acd"})

    with pytest.raises(CheckpointError, match=f"`a` lies in `{FIRST}` and in `{SECOND}`"):
        read(folder)


@pytest.mark.parametrize(
    ("limit", "shards"),
    [(10, [["a"], ["b"], ["c"]]), (30, [["a", "b"], ["c"]]), (60, [["a", "b", "c"]]), (1, [["a"], ["b"], ["c"]])],
)
def test_arrays_are_split_in_their_order(limit, shards):
    assert sharding.split({"a": 10, "b": 20, "c": 30}, limit) == shards


@pytest.mark.parametrize(
    ("text", "size"),
    [("5GB", 5 * 10**9), ("200 MB", 2 * 10**8), ("1.5KB", 1500), ("2GiB", 2**31), ("1TB", 10**12), (7, 7)],
)
def test_sizes_are_read(text, size):
    assert sharding.parse_size(text) == size


@pytest.mark.parametrize("size", ["5", "GB", "-1GB", "5 apples", "0KB", 0, -1, True, 1.5, None])
def test_other_sizes_are_refused(size):
    with pytest.raises(InputError, match="`max_shard_size` must be a number of bytes or a text like '5GB'"):
        sharding.parse_size(size)


def test_a_small_model_is_one_file(tmp_path):
    sharding.write(tmp_path, ARRAYS, "5GB")

    assert names(tmp_path) == ["model.safetensors"]


def test_narrowed_numbers_count_as_they_are_stored(tmp_path):
    sharding.write(tmp_path, ARRAYS, 80, dtype="float16")

    assert names(tmp_path) == ["model.safetensors"]


def test_saving_one_file_removes_shards(folder):
    sharding.write(folder, ARRAYS, "5GB")

    assert names(folder) == ["model.safetensors"]


def test_saving_shards_removes_the_single_file_and_other_shards(folder):
    safetensors.write(folder / "model.safetensors", ARRAYS)

    sharding.write(folder, ARRAYS, 40)

    assert names(folder) == [
        *(f"model-0000{number}-of-00004.safetensors" for number in range(1, 5)),
        sharding.SAFETENSORS.index(),
    ]


def test_saving_leaves_other_files_alone(folder):
    others = ["config.json", "model.fp16.safetensors", "my-model.safetensors", "pytorch_model.bin"]
    for name in others:
        (folder / name).write_text("mine")

    sharding.write(folder, ARRAYS, "5GB")

    assert names(folder) == sorted([*others, "model.safetensors"])


def test_saving_onto_the_folder_that_was_read_keeps_the_weights(folder):
    checkpoint = read(folder)

    sharding.write(folder, checkpoint, 80)

    assert all(np.array_equal(read(folder)[name], ARRAYS[name]) for name in ARRAYS)


def test_a_failed_save_leaves_the_folder_as_it_was(folder):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    with pytest.raises(CheckpointError, match="`d`: numbers must fit float16"):
        sharding.write(folder, {**ARRAYS, "d": np.full(9, 1e9)}, 20, dtype="float16")

    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_shards_of_pytorch_are_written_and_read(tmp_path):
    sharding.write(tmp_path, ARRAYS, 80, layout=sharding.TORCH)

    assert names(tmp_path) == [
        "pytorch_model-00001-of-00002.bin",
        "pytorch_model-00002-of-00002.bin",
        "pytorch_model.bin.index.json",
    ]
    assert all(np.array_equal(read(tmp_path)[name], ARRAYS[name]) for name in ARRAYS)


def test_a_variant_has_files_of_its_own(folder):
    sharding.write(folder, ARRAYS, 80, variant="fp16", dtype="float32")

    assert {"model.fp16-00001-of-00002.safetensors", "model.safetensors.index.fp16.json"} <= {*names(folder)}
    assert np.array_equal(loading.open_weights(Folder(folder), "fp16")["d"], ARRAYS["d"])


def test_half_precision_is_copied_as_it_is(tmp_path):
    """Not widened and narrowed again, and read shard after shard."""
    source = tmp_path / "half.safetensors"
    safetensors.write(source, ARRAYS, dtype="bfloat16")

    sharding.write(tmp_path, safetensors.read(source), "5GB", layout=sharding.TORCH)

    assert torch.load(tmp_path / "pytorch_model.bin")["b"].dtype == torch.bfloat16


def full_disk(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("size", [80, "5GB"])
def test_a_full_disk_is_said_and_leaves_what_was_there(folder, monkeypatch, size):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    monkeypatch.setattr(safetensors, "encoded", full_disk)

    with pytest.raises(FetchError, match=r"must be written whole; got: No space left on device. Nothing was changed"):
        sharding.write(folder, {name: array + 1 for name, array in ARRAYS.items()}, size)

    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_the_index_takes_its_name_last(tmp_path, monkeypatch):
    order = []
    replace = Path.replace
    monkeypatch.setattr(Path, "replace", lambda path, target: order.append(Path(target).name) or replace(path, target))

    sharding.write(tmp_path, ARRAYS, 80)

    assert order[-1] == sharding.SAFETENSORS.index()
