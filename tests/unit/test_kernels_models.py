"""Models whose linear layers compute with other kernels."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tiny
from frameworks import Torch
from tolerances import assert_close
from xlm_core.errors import InputError

torch = pytest.importorskip("torch")

from kernel_cases import COPYING, FAST, Recorder  # noqa: E402  # there may be no PyTorch
from xlm_torch import kernels, quantize  # noqa: E402  # the same
from xlm_torch.packed import find_onednn  # noqa: E402  # the same

pytestmark = [
    pytest.mark.skipif(find_onednn() is None, reason="this PyTorch was built without oneDNN"),
    pytest.mark.usefixtures("recorder"),
]

IDS = 6 + torch.arange(28).view(4, 7) % 43


@pytest.fixture
def model() -> Any:
    return Torch().build("XLMWithLMHeadModel").eval()


@pytest.mark.parametrize("mode", FAST)
def test_checkpointed_layers_learn_the_same(mode: str, model: Any, recorder: Recorder) -> None:
    """Gradient checkpointing computes each layer twice, with the same kernels."""
    inputs = {"input_ids": IDS, "labels": torch.tensor(tiny.labels())}
    gradients = []
    for prepare in (lambda: None, model.gradient_checkpointing_enable):
        prepare()
        model.train().set_kernels(mode)
        model.zero_grad()
        model(**inputs).loss.backward()
        gradients.append([weight.grad for weight in model.parameters() if weight.grad is not None])

    for one, other in zip(*gradients, strict=True):
        assert torch.equal(one, other)
    assert recorder.products


def logits(model: Any) -> np.ndarray:
    with torch.inference_mode():
        return model(IDS).logits.numpy()


@pytest.mark.parametrize("mode", ["plain", *FAST])
def test_a_model_runs_the_kernels_that_it_is_told(mode: str, model: Any, recorder: Recorder) -> None:
    expected = logits(model)
    assert recorder.products == 0

    model.set_kernels(mode)

    assert_close(logits(model), expected, "states")
    assert (recorder.products > 0) == (mode != "plain")
    assert f"kernels: {mode}" in model.explain()


def test_the_environment_holds_for_new_models(monkeypatch: pytest.MonkeyPatch, recorder: Recorder) -> None:
    monkeypatch.setenv("XLM_KERNELS", "onednn")

    logits(Torch().build("XLMWithLMHeadModel").eval())

    assert recorder.products


def test_the_environment_must_make_sense(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XLM_KERNELS", "fastest")

    with pytest.raises(InputError, match="`XLM_KERNELS` must be one of"):
        Torch().build("XLMModel")


def test_a_kernel_must_exist(model: Any) -> None:
    with pytest.raises(InputError, match="must be one of 'auto', 'plain', 'onednn', 'packed', 'mkl'; got 'blas'"):
        model.set_kernels("blas")


@pytest.mark.usefixtures("without_operators")
def test_onednn_must_be_there_to_be_chosen(model: Any) -> None:
    for choose in (lambda: model.set_kernels("packed"), model.prepack):
        with pytest.raises(InputError, match="must have been built with oneDNN"):
            choose()
    with pytest.raises(InputError, match="must have been built with MKL"):
        model.set_kernels("mkl")
    model.set_kernels("plain")


SURGERY: dict[str, Callable[[Any], Any]] = {
    "adapters": lambda model: model.add_lora(2, targets=("q_lin", "lin1", "lin2")),
    "merged adapters": lambda model: (model.add_lora(2), model.merge_lora()),
    "fewer heads": lambda model: model.prune_heads({0: [1]}),
    "more words": lambda model: model.resize_token_embeddings(60),
    "new numbers": lambda model: model.load_arrays({"transformer.attentions.0.q_lin.weight": np.ones((18, 18), "f")}),
}


@pytest.mark.parametrize("change", SURGERY.values(), ids=SURGERY.keys())
def test_a_model_that_changes_computes_with_its_new_weights(model: Any, change: Callable[[Any], Any]) -> None:
    model.set_kernels("packed")
    logits(model)

    change(model)

    model.set_kernels("plain")
    expected = logits(model)
    model.set_kernels("packed")
    assert_close(logits(model), expected, "states")


def test_adapters_take_part(model: Any, recorder: Recorder) -> None:
    """A layer with an adapter is computed fast, and the adapter is not left out."""
    model.add_lora(2, targets=("lin1",))
    model.set_kernels("packed")
    without = logits(model)
    with torch.no_grad():
        for ffn in model.transformer.ffns:
            ffn.lin1.lora_b.fill_(0.5)

    assert np.abs(logits(model) - without).max() > 1e-2
    assert all(ffn.lin1.packed is not None for ffn in model.transformer.ffns)


@pytest.mark.parametrize("free", [False, True])
def test_packing_ahead_keeps_the_numbers(free: bool, model: Any, recorder: Recorder) -> None:
    """And so does unpacking, to the last bit of each weight."""
    expected, weights = logits(model), copy.deepcopy(model.state_dict())

    model.prepack(free=free)
    model_logits = logits(model)
    model.unpack()

    assert_close(model_logits, expected, "states")
    assert recorder.copies == 13 + 4  # one for each layer, and one for each size to be checked
    assert all(torch.equal(weight, weights[name]) for name, weight in model.state_dict().items())
    assert all(weight.requires_grad for weight in model.parameters())
    assert model.pred_layer.proj.weight is model.transformer.embeddings.weight
    assert np.array_equal(logits(model), expected)


@pytest.mark.parametrize("mode", COPYING)
def test_packing_ahead_makes_the_copies_that_will_run(mode: str, model: Any) -> None:
    layers = [layer for layer in model.modules() if isinstance(layer, kernels.Linear)]
    model.set_kernels(mode)
    model.prepack()
    copies = [layer.packed for layer in layers]

    logits(model)

    assert {copy.kernel for copy in copies} == {mode}
    assert all(layer.packed is copy for layer, copy in zip(layers, copies, strict=True))


def test_weights_that_do_not_learn_come_back_so(model: Any) -> None:
    model.freeze()

    model.prepack(free=True)
    model.unpack()

    assert not any(weight.requires_grad for weight in model.parameters())


NEEDS_WEIGHTS: dict[str, Callable[[Any, Path], Any]] = {
    "train": lambda model, path: model.train(),
    "state_dict": lambda model, path: model.state_dict(),
    "save": lambda model, path: model.save_pretrained(path),
    "deepcopy": lambda model, path: copy.deepcopy(model),
    "pickle": lambda model, path: pickle.dumps(model),
    "half": lambda model, path: model.half(),
    "to": lambda model, path: model.to("meta"),
    "load": lambda model, path: model.load_state_dict({}, strict=False),
    "gradient": lambda model, path: model(IDS),
    "adapters": lambda model, path: model.add_lora(2),
    "fewer heads": lambda model, path: model.prune_heads({0: [1]}),
    "kernels": lambda model, path: model.set_kernels("plain"),
}


@pytest.mark.parametrize("use", NEEDS_WEIGHTS.values(), ids=NEEDS_WEIGHTS.keys())
def test_freed_weights_are_missed_by_name(use: Callable[[Any, Path], Any], model: Any, tmp_path: Path) -> None:
    """Nothing is saved, copied, moved or trained without them, and the model goes on as it was."""
    model.prepack(free=True)
    expected = logits(model)

    with pytest.raises(InputError, match="`unpack\\(\\)`"):
        use(model, tmp_path)

    assert np.array_equal(logits(model), expected)
    assert not model.training


def test_a_model_in_training_is_not_packed(model: Any) -> None:
    with pytest.raises(InputError, match=r"must be in evaluation mode to be packed; it trains. Call `eval\(\)`"):
        model.train().prepack()


@pytest.mark.parametrize("change", [lambda model: model.double(), lambda model: model.to("meta")])
def test_a_model_is_packed_where_onednn_takes_it(change: Callable[[Any], Any], model: Any) -> None:
    with pytest.raises(InputError, match="must be on the CPU and in float32, bfloat16, float16 to be packed; got"):
        change(model).prepack()


@pytest.mark.parametrize("free", [False, True])
def test_wrong_products_stop_packing_ahead(free: bool, model: Any, recorder: Recorder) -> None:
    """Before any weight is freed."""
    recorder.spoil()

    with pytest.raises(InputError, match="oneDNN must take packed weights in float32 here; packed gave other numbers"):
        model.prepack(free=free)

    assert not any(layer.packed for layer in model.modules() if isinstance(layer, kernels.Linear))


def test_explain_says_what_has_not_run(model: Any) -> None:
    text = model.explain()

    assert "XLMWithLMHeadModel, float32 on cpu, evaluating" in text
    assert "13 linear layers" in text
    assert "nothing measured yet" in text


def test_explain_shows_what_ran_and_why(model: Any) -> None:
    model.set_kernels("packed")
    logits(model)

    lines = model.explain().splitlines()

    assert any(line.split()[:6] == ["16–31", "18", "→", "72", "gelu", str(torch.get_num_threads())] for line in lines)
    assert any("packed" in line and line.endswith("fixed") for line in lines)
    assert "13 packed copies" in lines[2]


@pytest.mark.parametrize(
    ("change", "note"),
    [
        (lambda model: model.train(), "The model trains"),
        (lambda model: model.to("meta"), "The model is on meta"),
        (lambda model: model.double(), "The model computes in float64"),
        (lambda model: quantize(model, "int8"), "Its linear layers are int8"),
        (lambda model: model.add_lora(2), "4 linear layers are not the library's own, or have adapters"),
    ],
)
def test_explain_says_what_is_off(change: Callable[[Any], Any], note: str, model: Any) -> None:
    change(model)

    assert note in model.explain()
