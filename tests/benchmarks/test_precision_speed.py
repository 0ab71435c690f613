"""The table of how fast fewer bits are."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

from benchmarks.precision_speed import called, lines, precisions


def test_a_precision_has_a_row_with_a_figure_for_each_number_of_threads() -> None:
    found = {"1 token": {"int8": [2.04, 3.0]}, "writing": {"int8": [4.0, 5.0]}}

    assert lines(found) == ["|  | 1 token | writing |", "| --- | --- | --- |", "| int8 | 2.0, 3.0 | 4.0, 5.0 |"]


def test_the_same_texts_are_read_in_every_precision() -> None:
    from benchmarks.checkpoints import make_config
    from xlm_torch import XLMModel

    config = make_config("tiny", "language-modeling").replace(n_layers=1)

    runs = called(precisions(XLMModel(config).eval()), "tiny", 1, 3)

    assert [*runs] == ["float32", "bfloat16", "int8"]
    assert {tuple(run().last_hidden_state.shape) for run in runs.values()} == {(1, 3, 256)}
