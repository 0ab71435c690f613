"""Linear layers that compute with other kernels: the same numbers, and where the plain one runs."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tolerances import assert_close

torch = pytest.importorskip("torch")

from kernel_cases import FAST, Recorder, assert_plain_numbers, fixed, given, packed_choice, plain, run  # noqa: E402  # there may be no PyTorch
from xlm_torch import kernels  # noqa: E402  # the same
from xlm_torch.kernels import Linear, activated  # noqa: E402  # the same
from xlm_torch.packed import find_onednn  # noqa: E402  # the same

pytestmark = [
    pytest.mark.skipif(find_onednn() is None, reason="this PyTorch was built without oneDNN"),
    pytest.mark.usefixtures("recorder"),
]


@pytest.mark.parametrize("mode", FAST)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(4, 5), (2, 3, 5), (1, 1, 5), (2, 1, 3, 5)])
def test_a_fast_kernel_gives_the_plain_numbers(
    mode: str, bias: bool, shape: tuple[int, ...], recorder: Recorder
) -> None:
    layer, x = fixed(mode, bias=bias), torch.randn(shape)
    run(layer, x)
    measured = recorder.products

    assert_close(run(layer, x), plain(layer, x), "scores")
    assert recorder.products == measured + 1
    assert getattr(layer.packed, "kernel", "onednn") == mode


@pytest.mark.parametrize("mode", FAST)
@pytest.mark.parametrize("x", [given(6)[::2], given(5).t(), given(1).expand(4, 5), given(8).view(2, 4, 5)[:, -1:]])
def test_inputs_may_lie_as_they_like(mode: str, x: torch.Tensor, recorder: Recorder) -> None:
    layer = fixed(mode)

    assert_close(run(layer, x), plain(layer, x), "scores")
    assert recorder.products


@pytest.mark.parametrize("mode", FAST)
@pytest.mark.parametrize("activation", [torch.nn.GELU(), torch.nn.ReLU()], ids=["gelu", "relu"])
def test_an_activation_is_computed_at_once(mode: str, activation: torch.nn.Module, recorder: Recorder) -> None:
    layer = fixed(mode)
    with torch.inference_mode():
        actual = activated(layer, activation, given())

    assert_close(actual, activation(plain(layer)), "scores")
    assert recorder.products


@pytest.mark.parametrize("activation", [torch.nn.GELU(approximate="tanh"), torch.nn.Tanh()])
def test_another_activation_is_computed_by_itself(activation: torch.nn.Module) -> None:
    layer = fixed("packed")
    with torch.inference_mode():
        assert_close(activated(layer, activation, given()), activation(plain(layer)), "scores")


@pytest.mark.parametrize("watched", ["layer", "activation"])
def test_hooks_see_what_they_always_saw(watched: str) -> None:
    """What comes out of the layer itself, and goes into the activation."""
    layer, activation, seen = fixed("packed"), torch.nn.GELU(), []
    if watched == "layer":
        layer.register_forward_hook(lambda module, inputs, output: seen.append(output))
    else:
        activation.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))

    with torch.inference_mode():
        activated(layer, activation, given())

    assert_close(seen[0], plain(layer), "scores")


def test_large_products_are_measured_once_for_all_layers(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two layers of one size share a choice; nothing is timed here, for the choice is the test's."""
    asked = []
    monkeypatch.setattr(kernels, "choose", lambda mode, product, candidates: asked.append(product) or packed_choice())

    for layer in (Linear(5, 3).eval(), Linear(5, 3).eval()):
        run(layer)
        run(layer)

    assert len(asked) == 1
    assert recorder.copies == 2


def test_threads_are_part_of_what_is_measured() -> None:
    layer, threads = Linear(5, 3).eval(), torch.get_num_threads()
    try:
        for count in (1, 2, 1):
            torch.set_num_threads(count)
            run(layer)
    finally:
        torch.set_num_threads(threads)

    assert [key[-1] for key in kernels.CHOICES] == [1, 2]


def test_a_real_measurement_keeps_the_numbers(recorder: Recorder) -> None:
    """On weights large enough to be measured, whatever wins."""
    layer = Linear(1024, 96).eval()
    x = torch.randn(16, 1024)

    assert_close(run(layer, x), plain(layer, x), "scores")
    (choice,) = kernels.CHOICES.values()
    assert choice.micros.keys() == {"plain", *FAST}
    assert recorder.copies >= 1


def test_measuring_draws_no_random_numbers() -> None:
    layer = Linear(1024, 1024).eval()
    before = torch.get_rng_state()

    run(layer, torch.ones(1, 1024))

    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.usefixtures("without_operators")
def test_the_plain_kernel_runs_without_onednn() -> None:
    layer = Linear(1024, 1024).eval()
    x = torch.randn(4, 1024)

    assert torch.equal(run(layer, x), plain(layer, x))
    (choice,) = kernels.CHOICES.values()
    assert choice.kernel == "plain"


@pytest.mark.parametrize("state", ["_is_tracing", "_is_autocast", "_dispatch_modes", "_transforms"])
def test_the_plain_kernel_runs_where_pytorch_does_not_tell(
    state: str, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """These functions are private: a PyTorch that names them otherwise computes as ever."""
    monkeypatch.setattr(kernels, state, kernels._state("another name"))

    run(fixed("onednn"))

    assert recorder.products == 0


@pytest.mark.parametrize("mode", ["auto", *FAST])
def test_operators_that_give_other_numbers_are_never_used(mode: str, recorder: Recorder) -> None:
    recorder.spoil()
    layer = Linear(1024, 1024).eval()
    layer.kernels = mode
    x = torch.randn(4, 1024)

    assert torch.equal(run(layer, x), plain(layer, x))


def without_gradients(layer: Linear) -> Any:
    with torch.no_grad():
        return layer(given())


def deterministically(layer: Linear) -> Any:
    torch.use_deterministic_algorithms(True)
    try:
        return run(layer)
    finally:
        torch.use_deterministic_algorithms(False)


def with_autocast(layer: Linear) -> Any:
    with torch.autocast("cpu", torch.bfloat16):
        return run(layer)


def without_onednn(layer: Linear) -> Any:
    torch._C._set_mkldnn_enabled(False)  # torch.backends.mkldnn.flags warns of what only an Intel GPU has
    try:
        return run(layer)
    finally:
        torch._C._set_mkldnn_enabled(True)


def mapped(layer: Linear) -> Any:
    with torch.no_grad():
        return torch.vmap(layer)(given(8).view(4, 2, 5))


def derived_forwards(layer: Linear) -> Any:
    with torch.no_grad():
        return torch.func.jvp(layer, (given(),), (given(),))[1]


def watched_by_a_mode(layer: Linear) -> Any:
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        run(layer)
    assert counter.get_total_flops() == 2 * 4 * 5 * 3


def nested(layer: Linear) -> Any:
    return run(layer, torch.nested.nested_tensor([given(2), given(3)]))


class Marked(torch.Tensor):
    """A tensor that is more than its numbers."""


def with_other_weights(layer: Linear) -> None:
    """torch.func.functional_call puts tensors in the place of parameters."""
    weights = {"weight": torch.ones(3, 5), "bias": torch.zeros(3)}
    with torch.no_grad():
        assert_close(torch.func.functional_call(layer, weights, given())[:, 0], given().sum(dim=1), "scores")


SAFE: dict[str, Callable[[Linear], Any]] = {
    "a gradient is wanted": lambda layer: layer(given()),
    "autocast": with_autocast,
    "deterministic": deterministically,
    "doubles": lambda layer: run(copy.deepcopy(layer).double(), given().double()),
    "forward derivatives": derived_forwards,
    "oneDNN is off": without_onednn,
    "nested tensors": nested,
    "other weights for one call": with_other_weights,
    "a subclass of tensors": lambda layer: run(layer, given().as_subclass(Marked)),
    "no rows": lambda layer: run(layer, torch.empty(0, 5)),
    "one row without an axis": lambda layer: run(layer, given()[0]),
    "a dispatch mode": watched_by_a_mode,
    "the meta device": lambda layer: run(copy.deepcopy(layer).to("meta"), given().to("meta")),
    "traced": lambda layer: torch.jit.trace(layer, given(), check_trace=False),
    "vmap": mapped,
}


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning", "ignore::torch.jit.TracerWarning")
@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
@pytest.mark.parametrize("use", SAFE.values(), ids=SAFE.keys())
@pytest.mark.parametrize("mode", FAST)
def test_the_plain_kernel_runs_where_another_might_not(
    mode: str, use: Callable[[Linear], Any], recorder: Recorder
) -> None:
    use(fixed(mode))

    assert recorder.products == 0


def test_a_call_without_gradients_is_fast_too(recorder: Recorder) -> None:
    """torch.no_grad is enough; torch.inference_mode is not needed."""
    without_gradients(fixed("onednn"))

    assert recorder.products


@pytest.mark.parametrize("mode", FAST)
def test_a_weight_that_lies_otherwise_is_computed_plainly(mode: str, recorder: Recorder) -> None:
    layer = fixed(mode)
    layer.weight = torch.nn.Parameter(layer.weight.detach().t().contiguous().t())

    assert_plain_numbers(layer)
    assert recorder.products == 0


def test_a_parametrized_weight_is_computed_plainly(recorder: Recorder) -> None:
    layer = torch.nn.utils.parametrizations.weight_norm(fixed("packed"))

    assert_plain_numbers(layer)
    assert recorder.products == 0


def test_a_wrong_width_gives_pytorchs_own_error() -> None:
    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        run(fixed("packed"), torch.randn(4, 6))


@pytest.mark.parametrize("mode", FAST)
def test_a_compiled_layer_holds_no_private_operator(mode: str, recorder: Recorder) -> None:
    layer = fixed(mode)
    compiled = torch.compile(layer, fullgraph=True, backend="eager")

    assert_close(run(compiled), plain(layer), "scores")
    assert recorder.products == 0


@pytest.mark.parametrize("mode", FAST)
def test_an_exported_layer_holds_no_private_operator(mode: str) -> None:
    with torch.no_grad():
        program = torch.export.export(fixed(mode), (given(),))

    assert [str(node.target) for node in program.graph.nodes if node.op == "call_function"] == ["aten.linear.default"]


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("checked", [torch.autograd.gradcheck, torch.autograd.gradgradcheck])
def test_gradients_in_training_are_right(bias: bool, checked: Callable[..., bool], recorder: Recorder) -> None:
    """oneDNN's product has the derivatives of the plain one, the second too."""
    layer, reference = fixed("onednn", bias=bias).train(), fixed("plain", bias=bias).train()
    loose = {"eps": 1e-2, "atol": 1e-2, "rtol": 1e-2, "nondet_tol": 1e-5}
    x, y = given().requires_grad_(), given().requires_grad_()

    layer(x).sin().sum().backward()
    reference(y).sin().sum().backward()

    assert_close(x.grad, y.grad, "gradients")
    for one, other in zip(layer.parameters(), reference.parameters(), strict=True):
        assert_close(one.grad, other.grad, "gradients")
    assert recorder.products
    with pytest.warns(UserWarning, match="double precision"):
        assert checked(lambda x: layer(x).sin(), (given().requires_grad_(),), **loose)


def test_batched_gradients_in_training_are_plain() -> None:
    layer, reference, x = fixed("onednn").train(), fixed("plain").train(), given().requires_grad_()
    ones = torch.eye(3)[:, None].expand(3, 4, 3)

    actual, expected = (torch.autograd.grad(each(x), x, ones, is_grads_batched=True)[0] for each in (layer, reference))

    assert_close(actual, expected, "gradients")


def test_training_packs_nothing(recorder: Recorder) -> None:
    layer = fixed("packed").train()

    layer(given()).sum().backward()
    run(layer)

    assert layer.packed is None


def test_autocast_in_training_is_plain(recorder: Recorder) -> None:
    with torch.autocast("cpu", torch.bfloat16):
        assert fixed("onednn").train()(given()).dtype is torch.bfloat16
    assert recorder.products == 0
