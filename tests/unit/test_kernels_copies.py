"""Packed copies of weights follow the weights, whatever happens to them."""

from __future__ import annotations

import copy
import pickle
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tolerances import assert_close

torch = pytest.importorskip("torch")

from kernel_cases import COPYING, Recorder, assert_plain_numbers, fixed, given, plain, run  # noqa: E402  # there may be no PyTorch
from xlm_torch import kernels  # noqa: E402  # the same
from xlm_torch.kernel_choice import Choice  # noqa: E402  # the same
from xlm_torch.kernels import Linear  # noqa: E402  # the same
from xlm_torch.packed import find_onednn  # noqa: E402  # the same

pytestmark = [
    pytest.mark.skipif(find_onednn() is None, reason="this PyTorch was built without oneDNN"),
    pytest.mark.usefixtures("recorder"),
]


@pytest.fixture(params=COPYING)
def layer(request: pytest.FixtureRequest) -> Linear:
    """One that has been called, and runs packed."""
    layer = fixed(request.param)
    run(layer)
    return layer


def write_zero(layer: Linear) -> None:
    with torch.no_grad():
        layer.weight.zero_()


def step(layer: Linear) -> None:
    optimizer = torch.optim.SGD(layer.parameters(), lr=1.0)
    layer(given()).sum().backward()
    optimizer.step()


def write_through_numpy(layer: Linear) -> None:
    layer.weight.detach().numpy()[:] = 2


def load(layer: Linear) -> None:
    layer.load_state_dict({name: torch.ones_like(x) for name, x in layer.state_dict().items()})


def assign(layer: Linear) -> None:
    layer.load_state_dict({name: torch.ones_like(x) for name, x in layer.state_dict().items()}, assign=True)


CHANGES: dict[str, Callable[[Linear], Any]] = {
    "in place": write_zero,
    "an optimizer": step,
    "data": lambda layer: layer.weight.data.zero_(),
    "new data": lambda layer: setattr(layer.weight, "data", torch.ones(3, 5)),
    "numpy": write_through_numpy,
    "load_state_dict": load,
    "load_state_dict, assigned": assign,
    "another parameter": lambda layer: setattr(layer, "weight", torch.nn.Parameter(torch.ones(3, 5))),
    "share_memory": lambda layer: layer.share_memory(),
    "halves and back": lambda layer: layer.bfloat16().float(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_changed_weight_is_packed_anew(layer: Linear, change: Callable[[Linear], Any]) -> None:
    change(layer)

    assert_plain_numbers(layer)
    assert layer.packed.is_of(layer.weight)


def test_an_unchanged_weight_is_packed_once(layer: Linear, recorder: Recorder) -> None:
    before = recorder.copies

    run(layer)
    run(layer)

    assert recorder.copies == before


@pytest.mark.parametrize("change", [Linear.train, lambda layer: layer.to(torch.bfloat16), load])
def test_a_copy_is_dropped_at_once(layer: Linear, change: Callable[[Linear], Any]) -> None:
    """By what is sure to change the weight: its memory is wanted."""
    change(layer)

    assert layer.packed is None


def test_evaluation_keeps_the_copy(layer: Linear) -> None:
    assert layer.eval().packed is not None


@pytest.mark.parametrize(
    "duplicate",
    [copy.copy, copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))],
    ids=["copy", "deep", "pickle"],
)
def test_a_twin_has_no_copy_of_the_weight(layer: Linear, duplicate: Callable[[Any], Any]) -> None:
    """And the same numbers, kernel and all."""
    twin = duplicate(layer)

    assert twin.packed is None
    assert layer.packed is not None
    assert torch.equal(run(twin), run(layer))


def test_a_copy_is_no_part_of_the_state(layer: Linear) -> None:
    assert layer.state_dict().keys() == {"weight", "bias"}
    assert len(list(layer.parameters())) == 2
    assert not list(layer.buffers())


def test_weights_that_count_no_changes_are_not_packed(recorder: Recorder) -> None:
    """Those made under torch.inference_mode; oneDNN takes them as they lie."""
    with torch.inference_mode():
        layer = fixed("packed")
        run(layer)

    assert layer.packed is None
    assert recorder.products


def test_a_large_weight_is_packed_on_request_only(monkeypatch: pytest.MonkeyPatch, recorder: Recorder) -> None:
    """A table of words would take hundreds of megabytes once more; a copy that was asked for is used."""
    choice = Choice("onednn", "onednn", "the test says so", copies=["packed"])
    monkeypatch.setattr(kernels, "LARGEST", 14)
    monkeypatch.setattr(kernels, "choose", lambda mode, product, candidates: seen.append([*candidates]) or choice)
    layer, seen, weights = Linear(5, 3).eval(), [], []
    monkeypatch.setattr(recorder.libraries["ONEDNN"], "linear", lambda x, weight, *others: weights.append(weight) or x)

    run(layer)
    layer.pack()
    run(layer)

    assert seen == [["plain", "onednn"]]
    assert weights == [layer.weight, layer.packed.values]


@pytest.mark.parametrize("kernel", COPYING)
def test_a_copy_that_is_there_is_used(kernel: str, recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever kernel it is for: a layer never holds two, nor makes one after the other."""
    choice = Choice("packed", "onednn", "the test says so", copies=["packed", "mkl"])
    monkeypatch.setattr(kernels, "choose", lambda mode, product, candidates: choice)
    layer = Linear(5, 3).eval()
    layer.pack(kernel)
    before = recorder.copies

    assert_plain_numbers(layer)
    assert layer.packed.kernel == kernel
    assert recorder.copies == before


@pytest.mark.parametrize("kernel", COPYING)
@pytest.mark.parametrize(("width", "height"), [(5, 3), (96, 200), (1024, 64)])
def test_a_copy_is_good_for_any_number_of_rows(kernel: str, width: int, height: int) -> None:
    """MKL is told of one when it packs."""
    layer = Linear(width, height).eval()
    layer.kernels = kernel
    for rows in (*range(1, 34), 63, 64, 100, 127, 128, 129, 200, 511, 512, 1025):
        x = torch.linspace(-1, 1, rows * width).sin().view(rows, width)
        assert_close(run(layer, x), plain(layer, x), "scores")


def test_two_threads_get_the_same_numbers(recorder: Recorder) -> None:
    """Whoever comes first packs; the other one waits."""
    layer, results, barrier = fixed("packed"), [], threading.Barrier(4)

    def work() -> None:
        barrier.wait()
        results.extend(run(layer) for _ in range(20))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(results) == 80
    assert all(torch.equal(result, results[0]) for result in results)
    assert_close(results[0], plain(layer), "scores")
