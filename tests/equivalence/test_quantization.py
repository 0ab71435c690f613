"""Models in int8: near the float model, the same alone and in a batch, and clear about what they cannot do."""

from __future__ import annotations

import copy
import importlib
import pickle
from typing import Any

import numpy as np
import pytest

import heads
import tiny
from citizens import CASE
from frameworks import FRAMEWORKS, Framework
from xlm_core.config import XLMConfig
from xlm_core.errors import InputError, XLMWarning
from xlm_core.quantization import SPEEDS, PrecisionReport, refuse_precision, warn_if_slow

NEAR = 0.05
"""What int8 may change of the scores, of their own size: 127 steps either side of 0, twice in each of few layers."""

INPUTS = {"input_ids": tiny.input_ids()}


def built(framework: Framework, name: str, config: XLMConfig = tiny.CONFIG) -> Any:
    """A model of `tiny` that does not train."""
    model = framework.build(name, config)
    return model.eval() if framework.name == "torch" else model


def quantized(framework: Framework, name: str = "XLMWithLMHeadModel") -> Any:
    return framework.package.quantize(built(framework, name), "int8")


def logits(framework: Framework, model: Any, **inputs: Any) -> np.ndarray:
    return framework.run(model, **(inputs or INPUTS))["logits"]


@pytest.mark.parametrize("head", heads.HEADS, ids=str)
def test_int8_is_near_float32(framework: Framework, head: heads.Head) -> None:
    """Every head's first output stays where it was but for rounding."""
    model, inputs = framework.build(head.name, head.config), head.inputs(CASE)
    before = next(iter(framework.run(model, **inputs).values()))

    after = next(iter(framework.run(framework.package.quantize(model), **inputs).values()))

    real = np.abs(before) < 1e4  # what a head may not choose has the lowest score there is
    assert np.linalg.norm((after - before)[real]) < 3 * NEAR * np.linalg.norm(before[real])
    assert not np.array_equal(after, before)


def test_both_frameworks_round_alike() -> None:
    """Weights and states are rounded by the same scales, so the bodies differ by far less than int8 changes them."""
    one, other = (f.run(quantized(f, "XLMModel"), **INPUTS)["last_hidden_state"] for f in FRAMEWORKS)

    assert np.linalg.norm(one - other) < NEAR / 2 * np.linalg.norm(one)


def test_a_text_gives_the_same_alone_and_in_a_batch(framework: Framework) -> None:
    """Each token's state has a scale of its own: neighbours have no say."""
    model, ids = quantized(framework), INPUTS["input_ids"]

    np.testing.assert_allclose(logits(framework, model, input_ids=ids[:1]), logits(framework, model)[:1], atol=1e-5)


def test_the_model_is_quantised_in_place_and_smaller(framework: Framework) -> None:
    """The very model comes back, and a report tells what became of it."""
    model = built(framework, "XLMModel")

    same, report = framework.package.quantize(model, report=True)

    assert same is model
    assert isinstance(report, PrecisionReport)
    assert report.memory_after == model.get_memory_footprint() < report.memory_before
    assert report.speed > 0
    assert str(report).startswith("int8: ")


def test_a_quantised_model_generates(framework: Framework) -> None:
    """Greedy tokens of a causal model, with its cache."""
    config = tiny.CONFIG.replace(causal=True)
    model = framework.package.quantize(built(framework, "XLMWithLMHeadModel", config))

    tokens = framework.array(model.generate(framework.tensor(INPUTS["input_ids"][:1, :3]), max_new_tokens=4))

    assert tokens.shape[0] == 1
    assert 3 < tokens.shape[1] <= 7


REFUSED = {
    "training": lambda framework, model, folder: framework.call(model, training=True, **INPUTS),
    "save_pretrained": lambda framework, model, folder: model.save_pretrained(folder / "saved"),
    "add_lora": lambda framework, model, folder: model.add_lora(2),
    "resize_token_embeddings": lambda framework, model, folder: model.resize_token_embeddings(60),
    "set_input_embeddings": lambda framework, model, folder: model.set_input_embeddings(model.get_input_embeddings()),
    "load_arrays": lambda framework, model, folder: model.load_arrays({}),
    "quantize": lambda framework, model, folder: framework.package.quantize(model),
}


@pytest.mark.parametrize("action", REFUSED)
def test_what_needs_float_weights_is_refused(framework: Framework, action: str, tmp_path: Any) -> None:
    """One error says so, and nothing is written or changed."""
    model = quantized(framework)
    before = logits(framework, model)

    with pytest.raises(InputError, match=r"(needs weights in float; the|must not be quantised yet).* (Do|Load) it "):
        REFUSED[action](framework, model, tmp_path)

    assert not [*tmp_path.iterdir()]
    np.testing.assert_array_equal(logits(framework, model), before)


def test_other_precisions_are_refused(framework: Framework) -> None:
    """The error names those that there are, and the model stays float."""
    model = built(framework, "XLMModel")

    with pytest.raises(InputError, match=r"`precision` must be one of \['int8'\]; got 'int4'"):
        framework.package.quantize(model, "int4")

    assert model.precision is None


def test_a_model_with_adapters_is_refused(framework: Framework) -> None:
    """Merge them first."""
    model = built(framework, "XLMModel")
    model.add_lora(2)

    with pytest.raises(InputError, match="merge_lora"):
        framework.package.quantize(model)


def test_half_precision_is_not_quantised(framework: Framework, tmp_path: Any) -> None:
    """Rounding twice would lose twice."""
    built(framework, "XLMModel").save_pretrained(tmp_path)
    half = framework.model_class("XLMModel").from_pretrained(tmp_path, dtype="bfloat16")

    with pytest.raises(InputError, match="must be float32 to be quantised; it is bfloat16"):
        framework.package.quantize(half)


def test_a_device_without_int8_is_refused_with_what_works_there(
    framework: Framework, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model stays float."""
    model = built(framework, "XLMModel")
    if framework.name == "torch":
        model = model.eval().to("meta")
    else:
        monkeypatch.setattr(f"{framework.package.__name__}.quantization._device", lambda: "meta")

    message = r"must be on the CPU to be quantised; it is on meta\. What works there .*dtype='bfloat16'"
    with pytest.raises(InputError, match=message):
        framework.package.quantize(model)

    assert model.precision is None


@pytest.fixture
def unknown_speeds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has measured nothing yet."""
    for key in [*SPEEDS]:
        monkeypatch.delitem(SPEEDS, key)


@pytest.mark.usefixtures("unknown_speeds")
def test_a_slow_precision_warns_once_with_its_ratio() -> None:
    """The second call neither measures nor warns."""
    measured = []

    def measure() -> float:
        measured.append("once")
        return 0.5

    with pytest.warns(XLMWarning, match=r"bfloat16 .* 0\.50 times the speed of float32.* Keep it\."):
        warn_if_slow("torch", "bfloat16", "Keep it.", measure)
    warn_if_slow("torch", "bfloat16", "Keep it.", measure)

    assert measured == ["once"]


@pytest.mark.usefixtures("unknown_speeds")
def test_a_fast_precision_does_not_warn() -> None:
    """Warnings are errors here."""
    warn_if_slow("torch", "int8", "", lambda: 1.7)

    assert SPEEDS == {("torch", "int8"): 1.7}


@pytest.mark.usefixtures("unknown_speeds")
def test_loading_in_half_precision_warns_where_it_is_slow(
    framework: Framework, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So does quantising; float32 is never measured."""
    built(framework, "XLMModel").save_pretrained(tmp_path)
    cls = framework.model_class("XLMModel")
    monkeypatch.setattr(f"{framework.package.__name__}.precision.half_speed", lambda dtype: 0.25)
    monkeypatch.setattr(f"{framework.package.__name__}.quantization.measured_speed", lambda: 0.75)

    with pytest.warns(XLMWarning, match=r"bfloat16 .* 0\.25 times"):
        cls.from_pretrained(tmp_path, dtype="bfloat16")
    with pytest.warns(XLMWarning, match=r"int8 .* 0\.75 times"):
        framework.package.quantize(cls.from_pretrained(tmp_path, dtype="float32"))


def test_speed_is_measured_in_a_moment(framework: Framework) -> None:
    """What is measured is a ratio of times."""
    assert framework.package.precision.half_speed(framework_dtype(framework)) > 0
    assert framework.package.quantization.measured_speed() > 0


def framework_dtype(framework: Framework) -> Any:
    return framework.own_dtype("bfloat16") if framework.name == "torch" else "bfloat16"


def test_an_error_says_what_to_do_instead() -> None:
    """Load the float model, do it there, quantise afterwards."""
    with pytest.raises(InputError, match=r"`x` needs weights in float; the model is quantised to int8\. Do it with"):
        refuse_precision("int8", "`x`")


class TestTorch:
    """What only PyTorch can do with a model."""

    @pytest.fixture(autouse=True)
    def needs_torch(self) -> None:
        pytest.importorskip("torch")

    @pytest.fixture
    def framework(self) -> Framework:
        return FRAMEWORKS[0]

    @pytest.mark.parametrize(
        "copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))], ids=["deepcopy", "pickle"]
    )
    def test_a_copy_computes_the_same(self, framework: Framework, copied: Any) -> None:
        model = quantized(framework)

        np.testing.assert_array_equal(logits(framework, copied(model)), logits(framework, model))

    @pytest.mark.filterwarnings("ignore")  # of the compiler
    def test_a_compiled_model_computes_the_same(self, framework: Framework) -> None:
        import torch

        model, ids = quantized(framework), torch.tensor(INPUTS["input_ids"])

        with torch.inference_mode():
            compiled = torch.compile(model, backend="aot_eager")(ids).logits
            assert torch.allclose(compiled, model(ids).logits, atol=1e-5)

    def test_a_copy_made_before_stays_float(self, framework: Framework) -> None:
        model = built(framework, "XLMModel")
        kept = copy.deepcopy(model)

        framework.package.quantize(model)

        assert kept.attentions[0].q_lin.weight is not None
        assert kept.train().training

    def test_backward_is_refused(self, framework: Framework) -> None:
        loss = framework.call(quantized(framework), **INPUTS, labels=tiny.labels()).loss

        with pytest.raises(InputError, match="`backward` needs weights in float"):
            loss.backward()

    @pytest.mark.parametrize("target", ["meta", "float16"])
    def test_moving_is_refused_whole(self, framework: Framework, target: str) -> None:
        import torch

        model = quantized(framework)

        with pytest.raises(InputError, match="must stay float32 on the CPU"):
            model.to(torch.float16 if target == "float16" else target)

        assert {(x.dtype, x.device.type) for x in model.parameters()} == {(torch.float32, "cpu")}

    def test_a_model_that_trains_is_refused(self, framework: Framework) -> None:
        with pytest.raises(InputError, match=r"it trains\. Call `eval\(\)`"):
            framework.package.quantize(built(framework, "XLMModel").train())

    def test_queries_keys_and_values_are_one_product(self, framework: Framework) -> None:
        import torch

        attention = quantized(framework, "XLMModel").attentions[0]
        layers = attention.q_lin, attention.k_lin, attention.v_lin
        x = torch.randn(2, 3, layers[0].in_features, generator=torch.Generator().manual_seed(0))

        with torch.inference_mode():
            together = importlib.import_module("xlm_torch.kernels").together(layers, x)
            alone = [layer(x) for layer in layers]

        assert len({id(layer.int8) for layer in layers}) == 1
        assert all(map(torch.equal, together, alone))

    def test_hooks_see_what_layers_make(self, framework: Framework) -> None:
        import torch

        model, ids = quantized(framework, "XLMModel"), torch.tensor(INPUTS["input_ids"])
        layers = [model.attentions[0].k_lin, model.ffns[0].lin1, model.ffns[0].activation]

        with torch.inference_mode():
            before, seen = model(ids).last_hidden_state, []
            for layer in layers:
                layer.register_forward_hook(lambda module, inputs, output: seen.append(module))
            watched = model(ids).last_hidden_state

        assert seen == layers
        torch.testing.assert_close(watched, before)

    def test_rows_are_rounded_alike_in_parts(self, framework: Framework, monkeypatch: pytest.MonkeyPatch) -> None:
        model = quantized(framework)
        at_once = logits(framework, model)

        monkeypatch.setattr(importlib.import_module("xlm_torch.int8"), "_AT_ONCE", 1)

        np.testing.assert_allclose(logits(framework, model), at_once, atol=1e-5)

    def test_shared_weights_are_counted_once(self, framework: Framework) -> None:
        """A number of eight bits each, and a scale, a zero and a bias for each output."""
        attention = quantized(framework, "XLMModel").attentions[0]
        layers = attention.q_lin, attention.k_lin, attention.v_lin

        assert sum(x.nbytes for x in layers) == sum(x.out_features * (x.in_features + 12) for x in layers)

    def test_the_table_of_words_stays_float(self, framework: Framework) -> None:
        model = quantized(framework)

        assert model.get_input_embeddings().weight.dtype.is_floating_point
        assert "int8" in repr(model.get_output_embeddings())

    def test_sums_that_overflow_sixteen_bits_halve_the_steps(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """As a processor without VNNI computes; the numbers stay near."""
        import torch

        int8 = importlib.import_module("xlm_torch.int8")
        monkeypatch.setattr(int8, "steps_of_states", lambda: 63)
        layer = torch.nn.Linear(18, 7)
        x = torch.randn(5, 18, generator=torch.Generator().manual_seed(0))

        with torch.no_grad():
            assert torch.allclose(int8.quantized([layer])[0](x), layer(x), atol=0.1)

    @pytest.mark.parametrize("bias", [True, False])
    def test_rows_of_nothing_and_no_rows(self, bias: bool) -> None:
        import torch

        layer = torch.nn.Linear(18, 7, bias=bias)
        [quantized] = importlib.import_module("xlm_torch.int8").quantized([layer])

        with torch.no_grad():
            assert torch.equal(quantized(torch.zeros(2, 3, 18)), layer(torch.zeros(2, 3, 18)))
            assert quantized(torch.zeros(0, 3, 18)).shape == (0, 3, 7)
