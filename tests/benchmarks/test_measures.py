"""What is said of measured seconds."""

from __future__ import annotations

import pytest

from benchmarks import measures
from benchmarks.harness import Budget, repeats_of

ROUNDS = [{"ours": 1.0, "theirs": 2.0}, {"ours": 2.0, "theirs": 6.0}, {"ours": 1.0, "theirs": 4.0}]


def test_a_ratio_is_taken_within_each_round() -> None:
    """A moment in which the machine is busy slows both, and says nothing."""
    found = measures.ratio(ROUNDS, "theirs", "ours")

    assert found == measures.Quartiles(2.5, 3.0, 3.5)


def test_one_round_has_one_ratio() -> None:
    assert measures.ratio(ROUNDS[:1], "theirs", "ours") == measures.Quartiles(2.0, 2.0, 2.0)


@pytest.mark.parametrize("names", [("theirs", "absent"), ("absent", "ours")])
def test_what_was_not_measured_has_no_ratio(names: tuple[str, str]) -> None:
    assert measures.ratio(ROUNDS, *names) is None
    assert measures.typical(ROUNDS, "absent") is None


def test_quartiles_of_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one number"):
        measures.quartiles([])


def test_the_share_of_the_peak_is_work_per_second_over_that_of_the_ceiling() -> None:
    """The ceiling does 10 GFLOP in 0.1 s, ours 25 in 0.5: half as many a second."""
    rounds = [{"ours": 0.5, "ceiling": 0.1}]

    assert measures.share(rounds, "ours", 25.0, 10.0) == pytest.approx(0.5)


@pytest.mark.parametrize(("work", "peak"), [(None, 10.0), (25.0, None)])
def test_without_work_or_ceiling_there_is_no_share(work: float | None, peak: float | None) -> None:
    assert measures.share(ROUNDS, "ours", work, peak) is None


@pytest.mark.parametrize(
    ("n_rounds", "seconds", "is_spent"),
    [
        pytest.param(0, 100.0, False, id="one round at least"),
        pytest.param(4, 59.0, False, id="too few rounds"),
        pytest.param(4, 61.0, True, id="too few rounds, but out of time"),
        pytest.param(5, 9.0, True, id="enough"),
        pytest.param(5, 1.0, False, id="more rounds while they are short"),
        pytest.param(25, 1.0, True, id="enough even of short ones"),
    ],
)
def test_a_budget_is_rounds_or_seconds(n_rounds: int, seconds: float, is_spent: bool) -> None:
    assert Budget(5, 60.0, 8.0).is_spent(n_rounds, seconds) is is_spent


@pytest.mark.parametrize(("seconds", "repeats"), [(3.0, 1), (0.1, 1), (0.03, 4), (0.0, 1000)])
def test_what_is_short_is_repeated(seconds: float, repeats: int) -> None:
    assert repeats_of(seconds) == repeats
