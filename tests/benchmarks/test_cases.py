"""What is computed, and how much work it is."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.rows import ROWS, Target, chosen
from benchmarks.sizes import (
    SIZES,
    Case,
    body_work,
    labelled_texts,
    masked_texts,
    ragged_lengths,
    ragged_texts,
    score_work,
    texts,
)
from benchmarks.variants import VARIANTS
from benchmarks.workloads.generation import prompt_lengths

CASE = Case("forward", "tiny", 3, 40)


def test_texts_are_the_same_in_every_process() -> None:
    first, second = texts(CASE), texts(CASE)

    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert first["input_ids"].shape == first["langs"].shape == (3, 40)


def test_masks_stand_where_the_positions_say() -> None:
    """15 % of 40 words are 6."""
    batch, places = masked_texts(CASE)

    assert places.shape == (3, 6)
    assert np.array_equal(np.argwhere(batch["input_ids"] == 5)[:, 1].reshape(3, 6), places)


def test_labels_are_the_words_under_the_masks() -> None:
    words, batch = texts(CASE)["input_ids"], labelled_texts(CASE)
    is_masked = batch["input_ids"] == 5

    assert np.array_equal(batch["labels"], np.where(is_masked, words, -100))


@pytest.mark.parametrize("real", [0.3, 0.41, 0.6])
def test_ragged_texts_have_as_many_real_tokens_as_asked_for(real: float) -> None:
    case = Case("ragged", "tiny", 64, 128, {"real": real})
    batch = ragged_texts(case)

    assert batch["attention_mask"].mean() == pytest.approx(real, abs=0.01)
    assert ragged_lengths(case).max() == 128
    assert np.array_equal(batch["input_ids"] == 2, batch["attention_mask"] == 0)


def test_work_is_counted_in_products() -> None:
    """By hand, D = 256: two layers' worth of nothing else than 24 D² and 4 T D for each token, 2 D V for each score."""
    size = SIZES["tiny"]

    assert body_work(size, 10, 5) == pytest.approx(10 * 4 * (24 * 256**2 + 4 * 5 * 256) / 1e9)
    assert score_work(size, 7) == pytest.approx(2 * 256 * 30_145 * 7 / 1e9)


def test_tokens_that_stand_for_all_are_evenly_spread() -> None:
    """Of 128 tokens after 16, four: the middles of four quarters."""
    case = Case("generation", "tiny", 1, 16, {"tokens": 128, "sampled": 4})

    assert prompt_lengths(case) == [32, 64, 96, 128]


def test_a_target_is_that_of_the_instruction_set() -> None:
    target = Target("hf-eager", 1.5, avx2=1.1)

    assert target.on(["avx2"]) == 1.1
    assert target.on(["avx2", "avx512f"]) == 1.5


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_compares_variants_that_exist(row) -> None:
    assert set(row.variants) <= set(VARIANTS)
    assert row.ours in row.variants
    assert {target.against for target in row.targets} <= set(row.variants)
    assert row.quickly().ours in row.quickly().variants


def test_rows_are_chosen_by_a_word_of_their_name() -> None:
    assert [row.name for row in chosen(["b1×32"], quick=False)] == ["fill-mask, base b1×32"]
    assert len(chosen([], quick=True)) < len(chosen([], quick=False)) == len(ROWS)
