"""`conversion.comparing`, `.models` and `.answers`: distances, kinds of models, and how they are told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from conversion import answers, comparing
from conversion.comparing import compare, difference, stored_difference
from conversion.models import CLASSES, declared_task, head_names, task_of
from conversions import CONFIG
from xlm_core.formats.base import StoredArray
from xlm_core.formats.safetensors import read, write
from xlm_core.manifest import HEADS, manifest

NAN, INFINITY = np.nan, np.inf


def stored(array: np.ndarray) -> StoredArray:
    return StoredArray(array.shape, array.dtype.name, lambda: array)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([1.0, 2.0], [1.0, 2.5], 0.5),
        ([NAN, 1.0], [NAN, 1.0], 0),
        ([NAN, 1.0], [0.0, 1.0], INFINITY),
        ([INFINITY, -INFINITY], [INFINITY, -INFINITY], 0),
        ([INFINITY], [-INFINITY], INFINITY),
        ([INFINITY], [3e38], INFINITY),
        ([], [], 0),
        ([3e38], [-3e38], 2 * float(np.float32(3e38))),
    ],
)
def test_difference_is_the_largest_and_knows_nan(first, second, expected):
    assert difference(np.array(first, np.float32), np.array(second, np.float32)) == expected


def test_difference_of_large_whole_numbers_does_not_wrap_round():
    assert difference(np.array([0], np.uint8), np.array([255], np.uint8)) == 255


@pytest.mark.parametrize("shape", [(), (1,), (7,), (5, 3), (0, 4), (4, 0), (2, 3, 4)])
def test_arrays_are_compared_in_blocks(monkeypatch, shape):
    monkeypatch.setattr(comparing, "BLOCK", 4)
    array = np.random.default_rng(0).random(shape).astype(np.float32)
    other = array.copy()
    if other.size:
        other.flat[-1] += 1

    assert stored_difference(stored(array), stored(array)) == 0
    assert stored_difference(stored(array), stored(other)) == pytest.approx(int(other.size > 0))


def test_numbers_of_different_formats_are_compared_as_numbers(tmp_path):
    array = np.array([1.5, -2.25], np.float32)
    for dtype in ("float32", "float16", "bfloat16"):
        write(tmp_path / dtype, {"transformer.x": array}, dtype=dtype)

    found = compare(read(tmp_path / "bfloat16"), read(tmp_path / "float16"), 0.0)

    assert found.is_same
    assert found.dtypes == {"transformer.x": ("bfloat16", "float16")}


def test_nan_is_beyond_any_tolerance(tmp_path):
    write(tmp_path / "a", {"x": np.array([NAN], np.float32)})
    write(tmp_path / "b", {"x": np.array([1.0], np.float32)})

    found = compare(read(tmp_path / "a"), read(tmp_path / "b"), tolerance=1e30)

    assert not found.is_same
    assert found.table()["largest_difference"] == "infinity"


def test_progress_of_a_comparison_counts_weights(tmp_path: Path, capsys):
    write(tmp_path / "a", {"x": np.zeros(1, np.float32), "y": np.zeros(1, np.float32)})

    compare(read(tmp_path / "a"), read(tmp_path / "a"), 0.0, show=True)

    assert "2 weights" in capsys.readouterr().err


@pytest.mark.parametrize("task", [None, *HEADS])
def test_a_task_is_known_by_its_weights(task):
    config = CONFIG.replace(architectures=None)

    assert task_of(config, manifest(config, task)) == task


@pytest.mark.parametrize("task", [None, *HEADS])
def test_a_task_is_known_by_its_class(task):
    names = [CLASSES[task], f"TF{CLASSES[task]}"]

    assert [declared_task(CONFIG.replace(architectures=[name])) for name in names] == [task, task]


def test_a_class_that_is_not_ours_declares_nothing():
    assert declared_task(CONFIG.replace(architectures=["BertModel"])) is None


def test_of_several_heads_the_declared_one_counts():
    config = CONFIG.replace(architectures=["XLMForTokenClassification"])
    names = {*manifest(config, "language-modeling"), *manifest(config, "token-classification")}

    assert task_of(config, names) == "token-classification"


def test_a_declared_head_that_is_not_there_does_not_count():
    config = CONFIG.replace(architectures=["XLMForTokenClassification"])

    assert task_of(config, manifest(config, "language-modeling")) == "language-modeling"


def test_a_declared_head_without_weights_of_its_own_counts():
    config = CONFIG.replace(architectures=["XLMForSequenceClassification"], summary_use_proj=False)

    assert head_names(config, "sequence-classification") == []
    assert task_of(config, manifest(config, "sequence-classification")) == "sequence-classification"


def test_a_head_in_a_file_is_not_lost_because_the_config_names_the_body():
    config = CONFIG.replace(architectures=["XLMModel"])

    assert task_of(config, manifest(config, "language-modeling")) == "language-modeling"


@pytest.mark.parametrize(
    ("n_bytes", "expected"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1_234_567, "1.2 MB"), (2 * 10**15, "2000.0 TB")],
)
def test_sizes_are_told_as_people_read_them(n_bytes, expected):
    assert answers.size(n_bytes) == expected


def test_long_lists_are_told_in_part():
    assert answers.some(["a", "b", "c"]) == "a, b, c"
    assert answers.some(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"


def test_columns_are_as_wide_as_their_longest_text():
    assert answers.columns([("a", "bb", ""), ("ccc", "d", "e")]) == ["a    bb", "ccc  d   e"]


def test_shapes_are_told_with_crosses():
    assert [answers.shape(lengths) for lengths in ((), (3,), (3, 4))] == ["one number", "3", "3 × 4"]
