"""LoRA starts, learns, merges and travels alike in both frameworks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tiny
from frameworks import FRAMEWORKS, Framework
from tolerances import assert_close
from xlm_core.errors import ConfigError, FetchError, InputError, MissingWeights, ShapeMismatch

NAME = "XLMWithLMHeadModel"
INPUTS = tiny.Case("attention_mask", False, True, False, False, False).inputs()
LABELLED = INPUTS | {"labels": tiny.labels()}
LORA: dict[str, Any] = {"rank": 4, "alpha": 8, "targets": ("q_lin", "v_lin", "lin1"), "seed": 3}
STEPS = 10


@pytest.fixture
def model(framework: Framework) -> Any:
    return framework.build(NAME)


@pytest.fixture
def adapted(framework: Framework, model: Any) -> Any:
    """A model whose adapters have learnt a little."""
    model.add_lora(**LORA)
    framework.train(model, STEPS, **LABELLED)
    return model


@pytest.fixture(params=FRAMEWORKS, ids=lambda framework: f"into-{framework.name}")
def reader(request: pytest.FixtureRequest) -> Framework:
    return request.param


def logits(framework: Framework, model: Any) -> np.ndarray:
    return framework.run(model, **INPUTS)["logits"]


def test_adapters_change_nothing_at_first(framework: Framework, model: Any) -> None:
    """Neither what a model computes, nor the names of its own weights."""
    before, names = logits(framework, model), model.to_arrays().keys()

    model.add_lora(**LORA)

    assert_close(logits(framework, model), before, "states")
    assert model.to_arrays().keys() == names


def test_only_adapters_learn(framework: Framework, model: Any) -> None:
    """Two small matrices for each target layer, and nothing else, get gradients and are counted as trainable."""
    model.add_lora(rank=4)

    learnt = framework.gradients(model, **LABELLED)
    layers = [f"transformer.attentions.{i}.{name}" for i in (0, 1) for name in ("q_lin", "v_lin")]
    assert learnt.keys() == {f"{layer}.{name}" for layer in layers for name in ("lora_a", "lora_b")}
    assert model.num_parameters(only_trainable=True) == 4 * 2 * 4 * 18


@pytest.mark.skipif(len(FRAMEWORKS) < 2, reason="compares two frameworks, and one is not installed")
def test_both_frameworks_learn_the_same() -> None:
    """After ten steps adapters, losses and outputs are those of the other framework, and have moved."""
    models = [framework.build(NAME) for framework in FRAMEWORKS]
    for model in models:
        model.add_lora(**LORA)

    losses = [framework.train(model, STEPS, **LABELLED) for framework, model in zip(FRAMEWORKS, models, strict=True)]

    for model in models:
        model.merge_lora()
    one, other = (model.to_arrays() for model in models)
    assert_close(losses[0], losses[1], "steps")
    assert losses[0][-1] < losses[0][0]
    for name, array in one.items():
        assert_close(array, other[name], "steps", name)


def test_merging_keeps_what_is_computed(framework: Framework, adapted: Any) -> None:
    """The weights take up the adapters, and everything learns again."""
    before = logits(framework, adapted)

    adapted.merge_lora()

    assert_close(logits(framework, adapted), before, "states")
    assert adapted.base_model.lora is None
    assert adapted.num_parameters(only_trainable=True) == adapted.num_parameters()


def test_removing_gives_the_model_back(framework: Framework, model: Any, adapted: Any) -> None:
    """The weights beside the adapters never moved."""
    adapted.remove_lora()

    assert_close(logits(framework, adapted), logits(framework, framework.build(NAME)), "exact")
    assert all(np.array_equal(array, tiny.weights(task=adapted.task)[n]) for n, array in adapted.to_arrays().items())


def test_adapters_are_read_by_either_framework(
    framework: Framework, reader: Framework, adapted: Any, tmp_path: Path
) -> None:
    """The adapters alone, put on the same model, give the same outputs."""
    adapted.save_adapter(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"adapter_config.json", "adapter_model.safetensors"}

    loaded = reader.build(NAME)
    loaded.load_adapter(tmp_path)

    assert_close(logits(reader, loaded), logits(framework, adapted), "states")
    assert loaded.base_model.lora == adapted.base_model.lora
    assert loaded.num_parameters(only_trainable=True) == adapted.num_parameters(only_trainable=True)


def test_saved_adapters_are_the_same_files(tmp_path: Path) -> None:
    for framework in FRAMEWORKS:
        model = framework.build(NAME)
        model.add_lora(**LORA)
        model.save_adapter(tmp_path / framework.name)

    one, *others = [{p.name: p.read_bytes() for p in (tmp_path / f.name).iterdir()} for f in FRAMEWORKS]
    assert all(other == one for other in others)


def test_a_head_that_learns_beside_the_adapters_is_saved_with_them(
    framework: Framework, reader: Framework, tmp_path: Path
) -> None:
    """A classifier needs its new head, which `unfreeze` lets learn."""
    name = "XLMForTokenClassification"
    model = framework.build(name)
    model.add_lora(rank=2)
    model.unfreeze("classifier")
    framework.train(model, STEPS, **INPUTS, labels=tiny.labels() % 2)
    model.save_adapter(tmp_path)

    loaded = reader.build(name)
    loaded.load_adapter(tmp_path)

    assert_close(logits(reader, loaded), logits(framework, model), "states")
    assert loaded.num_parameters(only_trainable=True) == model.num_parameters(only_trainable=True)


def test_dropout_is_the_adapters_own(framework: Framework, model: Any) -> None:
    """In training the adapters' input is dropped out, elsewhere nothing is."""
    model.add_lora(**LORA, dropout=0.5)
    framework.train(model, STEPS, **LABELLED)
    other = framework.build(NAME)

    outputs = [framework.array(framework.call(model, training=True, **INPUTS).logits) for _ in range(2)]

    assert not np.array_equal(*outputs)
    assert np.array_equal(logits(framework, model), logits(framework, model))
    assert np.array_equal(*[framework.array(framework.call(other, training=True, **INPUTS).logits) for _ in range(2)])


@pytest.mark.parametrize(
    "call",
    [
        lambda model, folder: model.save_pretrained(folder),
        lambda model, folder: model.prune_heads({0: [1]}),
        lambda model, folder: model.resize_token_embeddings(60),
        lambda model, folder: model.add_lora(2),
    ],
    ids=["save", "prune", "resize", "add"],
)
def test_what_would_lose_adapters_is_refused(adapted: Any, call: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"needs a model without adapters; call `merge_lora\(\)` or `remove_lora\(\)`"):
        call(adapted, tmp_path)

    assert not [*tmp_path.iterdir()]
    assert adapted.base_model.lora is not None


@pytest.mark.parametrize(
    "call",
    [lambda model: model.merge_lora(), lambda model: model.remove_lora(), lambda model: model.save_adapter("x")],
    ids=["merge", "remove", "save"],
)
def test_a_model_without_adapters_has_none_to_merge(model: Any, call: Any) -> None:
    with pytest.raises(InputError, match="the model must have adapters; it has none"):
        call(model)


def test_impossible_adapters_change_nothing(framework: Framework, model: Any) -> None:
    total = model.num_parameters()
    with pytest.raises(ConfigError, match=re.escape("`targets` must be some of")):
        model.add_lora(4, targets=("query",))
    with pytest.raises(ConfigError, match="`rank` must be a whole number ≥ 1"):
        model.add_lora(0)

    assert model.num_parameters(only_trainable=True) == total


def test_adapters_of_another_model_are_refused(framework: Framework, adapted: Any, tmp_path: Path) -> None:
    adapted.save_adapter(tmp_path)
    wide = framework.build(NAME, tiny.CONFIG.replace(emb_dim=24))
    deep = framework.build(NAME, tiny.CONFIG.replace(n_layers=3))

    with pytest.raises(ShapeMismatch, match=r"must have shape \(4, 24\); got \(4, 18\)"):
        wide.load_adapter(tmp_path)
    with pytest.raises(MissingWeights, match=r"`transformer.attentions.2.q_lin.lora_a` is missing"):
        deep.load_adapter(tmp_path)
    with pytest.raises(FetchError):
        deep.load_adapter(tmp_path / "nothing")
    assert wide.base_model.lora is None
    assert deep.num_parameters(only_trainable=True) == deep.num_parameters()


def test_pruned_models_take_adapters(framework: Framework, model: Any) -> None:
    model.prune_heads({0: [1]})
    before = logits(framework, model)

    model.add_lora(**LORA)

    assert_close(logits(framework, model), before, "states")
    losses = framework.train(model, STEPS, **LABELLED)
    assert losses[-1] < losses[0]
