"""Which kernel is taken, by a clock that the tests wind themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from xlm_core.errors import InputError

torch = pytest.importorskip("torch")

from xlm_torch.kernel_choice import (  # noqa: E402  # there may be no PyTorch
    ROUNDS,
    Choice,
    Product,
    check_mode,
    choose,
    environment_mode,
    rows_like,
)

PRODUCT = Product(None, 1024, 1024, 1024, torch.float32, "none", 2)
RIGHT = torch.tensor([[1.0, -2.0]])


class Watch:
    """Time passes when a kernel says so."""

    def __init__(self) -> None:
        self.now, self.runs, self.parts = 0.0, 0, []

    def __call__(self) -> float:
        return self.now

    def kernel(self, *seconds: float, result: Any = RIGHT) -> Callable[[], Callable[[int], torch.Tensor]]:
        """One that takes so long in its first run, its second and so on, and then as long as in the last."""
        times = list(seconds)

        def run(part: int) -> torch.Tensor:
            self.now += times.pop(0) if len(times) > 1 else times[0]
            self.runs += 1
            self.parts.append(part)
            return result

        return lambda: run


def chosen(plain: float, onednn: float, packed: float, mkl: float = 9.0, mode: str = "auto") -> Choice:
    watch = Watch()
    times = {"plain": plain, "onednn": onednn, "packed": packed, "mkl": mkl}
    return choose(mode, PRODUCT, {name: watch.kernel(each) for name, each in times.items()}, watch)


@pytest.mark.parametrize(
    ("plain", "onednn", "packed", "kernel", "without_copy"),
    [
        (1.0, 2.0, 3.0, "plain", "plain"),
        (1.0, 0.96, 0.96, "plain", "plain"),
        (1.0, 0.9, 0.88, "onednn", "onednn"),
        (1.0, 0.9, 0.8, "packed", "onednn"),
        (1.0, 1.1, 0.9, "packed", "plain"),
        (1.0, 0.5, 0.9, "onednn", "onednn"),
    ],
)
def test_a_dearer_kernel_must_gain_five_per_cent(
    plain: float, onednn: float, packed: float, kernel: str, without_copy: str
) -> None:
    """On the cheaper one: oneDNN on the plain kernel, and a copy of the weight on whichever needs none."""
    choice = chosen(plain, onednn, packed)

    assert (choice.kernel, choice.without_copy) == (kernel, without_copy)
    assert choice.copies == ([] if kernel == "plain" else ["packed", "mkl"])


@pytest.mark.parametrize(
    ("onednn", "packed", "mkl", "kernel", "copies"),
    [
        (0.9, 0.8, 0.79, "mkl", ["mkl", "packed"]),
        (0.9, 0.8, 0.81, "packed", ["packed", "mkl"]),
        (0.9, 0.88, 0.87, "onednn", ["mkl", "packed"]),
        (1.1, 0.97, 0.94, "mkl", ["mkl", "packed"]),
        (1.1, 0.97, 0.96, "plain", []),
    ],
)
def test_of_two_copies_the_faster_is_taken(
    onednn: float, packed: float, mkl: float, kernel: str, copies: list[str]
) -> None:
    """They cost the same; and either is used if it is there, unless the plain kernel is as fast."""
    choice = chosen(1.0, onednn, packed, mkl)

    assert (choice.kernel, choice.copies) == (kernel, copies)


@pytest.mark.parametrize(
    ("others", "kernel"),
    [((2.0, 2.0, 0.5, 2.0, 0.5), "onednn"), ((2.0, 2.0, 0.5, 2.0), "plain")],
    ids=["held up in half of the rounds", "lucky in one round"],
)
def test_neither_luck_nor_a_busy_machine_decides(others: tuple[float, ...], kernel: str) -> None:
    """A third of the runs must be as fast as the time that counts."""
    watch = Watch()
    candidates = {"plain": watch.kernel(1.0), "onednn": watch.kernel(*others)}

    assert choose("auto", PRODUCT, candidates, watch).kernel == kernel


def test_times_and_the_reason_are_told() -> None:
    choice = chosen(0.003, 0.002, 0.001)

    assert choice.micros == pytest.approx({"plain": 3000, "onednn": 2000, "packed": 1000, "mkl": 9e6})
    assert choice.reason == "3.00 × plain"


@pytest.mark.parametrize(("seconds", "rounds"), [(1.0, ROUNDS[0]), (1e-6, ROUNDS[1])])
def test_measuring_has_a_limit(seconds: float, rounds: int) -> None:
    """Slow kernels run a few times, quick ones a few times more; once before, to be checked."""
    watch = Watch()

    choose("auto", PRODUCT, {"plain": watch.kernel(seconds), "onednn": watch.kernel(seconds)}, watch)

    assert watch.runs == 2 * (1 + rounds)


def test_each_run_takes_another_part_of_the_weight() -> None:
    """A large weight is not in the cache when a model comes to it; all are checked with the first part."""
    watch = Watch()

    choose("auto", PRODUCT, {"plain": watch.kernel(1.0), "onednn": watch.kernel(1.0)}, watch)

    assert watch.parts == [0, 0, *range(8)]


@pytest.mark.parametrize(
    "result",
    [RIGHT + 1e-3, RIGHT[0], RIGHT.double(), torch.full_like(RIGHT, float("nan"))],
    ids=["other numbers", "other shape", "other format", "no numbers"],
)
@pytest.mark.parametrize("mode", ["auto", "onednn"])
def test_a_wrong_kernel_is_refused(result: torch.Tensor, mode: str) -> None:
    """However fast it is, and even where it is asked for."""
    watch = Watch()
    candidates = {"plain": watch.kernel(1.0), "onednn": watch.kernel(0.1, result=result)}

    choice = choose(mode, PRODUCT, candidates, watch)

    assert choice.kernel == "plain"
    assert choice.refused["onednn"].startswith("gave")


def test_a_kernel_that_raises_is_refused() -> None:
    """Zen 3 refuses packed bfloat16: that is a reason, not a crash."""
    watch = Watch()

    def unsupported() -> Any:
        raise RuntimeError("could not create a primitive\nand more")

    choice = choose("auto", PRODUCT, {"plain": watch.kernel(1.0), "packed": unsupported}, watch)

    assert choice.kernel == "plain"
    assert choice.refused == {"packed": "refused by the library: could not create a primitive"}


def test_weights_that_are_no_numbers_do_not_decide() -> None:
    """Where the plain kernel gives NaN another may, too."""
    watch, nothing = Watch(), torch.full_like(RIGHT, float("nan"))
    candidates = {"plain": watch.kernel(1.0, result=nothing), "onednn": watch.kernel(0.5, result=nothing)}

    assert choose("auto", PRODUCT, candidates, watch).kernel == "onednn"


@pytest.mark.parametrize(
    ("mode", "without_copy"), [("plain", "plain"), ("onednn", "onednn"), ("packed", "onednn"), ("mkl", "onednn")]
)
def test_a_fixed_choice_is_not_measured(mode: str, without_copy: str) -> None:
    """The slowest is taken if it is asked for, after one run for the check."""
    choice = chosen(1.0, 2.0, 3.0, mode=mode)

    assert (choice.kernel, choice.without_copy, choice.micros) == (mode, without_copy, {})
    assert choice.copies == ([mode] if mode in ("packed", "mkl") else [])


def test_small_products_are_not_measured() -> None:
    small = PRODUCT._replace(in_dim=16, out_dim=16)

    assert choose("auto", small, {}).reason == "too small to gain anything"


@pytest.mark.parametrize(
    ("rows", "measured"),
    [(1, 1), (2, 2), (3, 2), (7, 4), (8, 8), (31, 16), (32, 64), (128, 128), (256, 256), (512, 1024), (9999, 1024)],
)
def test_numbers_of_rows_are_measured_in_groups(rows: int, measured: int) -> None:
    assert rows_like(rows) == measured


@pytest.mark.parametrize("mode", ["fast", "Plain", "", None, 3])
def test_another_mode_is_refused_by_name(mode: Any) -> None:
    with pytest.raises(InputError, match="must be one of 'auto', 'plain', 'onednn', 'packed', 'mkl'; got"):
        check_mode("kernels", mode)


@pytest.mark.parametrize(("value", "mode"), [("packed", "packed"), ("", "auto"), (None, "auto")])
def test_the_environment_fixes_the_choice(value: str | None, mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XLM_KERNELS", raising=False)
    if value is not None:
        monkeypatch.setenv("XLM_KERNELS", value)

    assert environment_mode() == mode


def test_the_environment_cannot_ask_for_what_there_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XLM_KERNELS", "blas")

    with pytest.raises(InputError, match="`XLM_KERNELS` must be one of"):
        environment_mode()
