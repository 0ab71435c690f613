"""Models that change their size do so alike in both frameworks, and then compute, learn and are saved as any other."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tiny
from frameworks import FRAMEWORKS, Framework
from tolerances import assert_close, assert_outputs_close
from xlm_core.config import XLMConfig
from xlm_core.errors import ConfigError, InputError

NAME = "XLMWithLMHeadModel"
INPUTS = tiny.Case("attention_mask", False, True, True, False, False).inputs()
LABELLED = INPUTS | {"labels": tiny.labels()}
HEADS = {0: [1], 1: [2, 0]}
SURGERIES = {
    "prune": lambda model: model.prune_heads(HEADS),
    "grow": lambda model: model.resize_token_embeddings(60, pad_to_multiple_of=8),
    "shrink": lambda model: model.resize_token_embeddings(48),
    "draw": lambda model: model.resize_token_embeddings(60, mean_resizing=False, seed=3),
    "languages": lambda model: model.add_languages(["xx", "yy"]),
    "positions": lambda model: model.resize_position_embeddings(40),
}
CONFIGS = {
    "tied": tiny.CONFIG,
    "untied": tiny.CONFIG.replace(tie_word_embeddings=False),
    "asm": tiny.CONFIG.replace(asm=True, asm_cutoffs=[10, 25]),
    "sinusoidal": tiny.CONFIG.replace(sinusoidal_embeddings=True),
}


def inputs_within(config: XLMConfig, **inputs: np.ndarray) -> dict[str, np.ndarray]:
    """The ids as far as the vocabulary has them."""
    words = ("input_ids", "labels")
    return inputs | {name: np.minimum(inputs[name], config.vocab_size - 1) for name in words if name in inputs}


@pytest.fixture(params=SURGERIES)
def surgery(request: pytest.FixtureRequest) -> Any:
    return SURGERIES[request.param]


@pytest.fixture
def model(framework: Framework) -> Any:
    return framework.build(NAME)


def head_mask() -> np.ndarray:
    mask = np.ones((tiny.CONFIG.n_layers, tiny.CONFIG.n_heads), np.float32)
    for layer, heads in HEADS.items():
        mask[layer, heads] = 0
    return mask


@pytest.mark.skipif(len(FRAMEWORKS) < 2, reason="compares two frameworks, and one is not installed")
@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_both_frameworks_give_the_same(surgery: Any, config: XLMConfig) -> None:
    """Config, weights, outputs and the loss of training after it are those of the other framework."""
    arrays, outputs, losses = [], [], []
    for framework in FRAMEWORKS:
        model = framework.build(NAME, config)
        surgery(model)
        given = inputs_within(model.config, **LABELLED)
        arrays.append(model.to_arrays())
        outputs.append(framework.run(model, **given, output_attentions=True))
        losses.append(framework.train(model, 5, **given))

    one, other = arrays
    assert all(np.array_equal(one[name], other[name]) for name in {*one, *other})
    assert_outputs_close(outputs[0], outputs[1], "states")
    assert_close(losses[0], losses[1], "steps")
    assert losses[0][-1] < losses[0][0]


def test_saved_and_loaded_by_either_framework(framework: Framework, surgery: Any, model: Any, tmp_path: Path) -> None:
    """What was changed is in the config, so that the other framework builds and fills the same model."""
    surgery(model)
    model.save_pretrained(tmp_path)

    given = inputs_within(model.config, **INPUTS)
    for reader in FRAMEWORKS:
        loaded = reader.model_class(NAME).from_pretrained(tmp_path)
        assert_close(reader.run(loaded, **given)["logits"], framework.run(model, **given)["logits"], "states")


def test_the_config_that_was_given_stays_as_it_was(framework: Framework, surgery: Any) -> None:
    before = tiny.CONFIG.to_dict()
    model = framework.build(NAME)

    surgery(model)

    assert tiny.CONFIG.to_dict() == before
    assert model.config != tiny.CONFIG
    assert model.config is model.transformer.config


@pytest.mark.parametrize("asked", [{}, {"output_attentions": True}], ids=["fused", "explicit"])
def test_pruned_heads_are_heads_that_are_masked(framework: Framework, model: Any, asked: dict[str, bool]) -> None:
    """A model without some heads computes what a whole one does whose head mask is zero for them."""
    masked = framework.run(model, **INPUTS, head_mask=head_mask())

    model.prune_heads(HEADS)

    assert_close(framework.run(model, **INPUTS, **asked)["logits"], masked["logits"], "states")


def test_a_head_mask_counts_pruned_heads(framework: Framework, model: Any) -> None:
    """The factors of the heads that are left stay theirs; those of pruned ones have no effect."""
    factors = np.random.default_rng(0).random((2, 3)).astype(np.float32)
    masked = framework.run(model, **INPUTS, head_mask=factors * head_mask())

    model.prune_heads(HEADS)

    assert_close(framework.run(model, **INPUTS, head_mask=factors)["logits"], masked["logits"], "states")


def test_attentions_are_those_of_the_heads_left(framework: Framework, model: Any) -> None:
    whole = framework.run(model, **INPUTS, output_attentions=True)["attentions"]

    model.prune_heads({0: [1]})

    pruned = framework.run(model, **INPUTS, output_attentions=True)["attentions"]
    assert_close(pruned[0], whole[0][:, [0, 2]], "states")
    assert pruned[1].shape == whole[1].shape


def test_a_config_of_a_pruned_model_builds_it(framework: Framework, model: Any) -> None:
    """`pruned_heads` in a config is enough, with the keys that JSON makes of numbers, too."""
    model.prune_heads(HEADS)

    built = framework.model_class(NAME)(tiny.CONFIG.replace(pruned_heads={"0": [1], "1": [0, 2]}))
    built.load_arrays(model.to_arrays())

    assert_close(framework.run(built, **INPUTS)["logits"], framework.run(model, **INPUTS)["logits"], "exact")


def test_layers_that_do_not_change_stay_the_same_objects(model: Any) -> None:
    """So that what an optimizer or a user knows of them stays true."""
    kept, changed = model.transformer.attentions[1], model.transformer.attentions[0]

    model.prune_heads({0: [1]})

    assert model.transformer.attentions[1] is kept
    assert model.transformer.attentions[0] is not changed


def test_resizing_returns_the_table(model: Any) -> None:
    table = model.resize_token_embeddings(60)

    assert table is model.get_input_embeddings()
    assert table is model.transformer.embeddings
    assert model.resize_token_embeddings() is table


def test_old_words_are_scored_as_before(framework: Framework, model: Any) -> None:
    """And new ones can be read, predicted and learnt at once."""
    before = framework.run(model, **INPUTS)["logits"]

    model.resize_token_embeddings(60)

    assert_close(framework.run(model, **INPUTS)["logits"][..., :53], before, "states")
    new = {"input_ids": np.full((2, 3), 59), "labels": np.full((2, 3), 58)}
    losses = framework.train(model, 5, **new)
    assert losses[-1] < losses[0]


def test_what_is_frozen_stays_frozen(framework: Framework, model: Any) -> None:
    """New layers learn exactly if those they replace did."""
    model.freeze("transformer.embeddings", "transformer.attentions.0")

    model.resize_token_embeddings(60)
    model.prune_heads({0: [1], 1: [0]})

    learnt = framework.gradients(model, **LABELLED).keys()
    assert not [name for name in learnt if "transformer.embeddings" in name or "attentions.0" in name]
    assert "transformer.attentions.1.q_lin.weight" in learnt


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda model: model.prune_heads({0: [0, 1, 2]}), ConfigError, "leave each layer one head at least"),
        (lambda model: model.prune_heads({5: [0]}), ConfigError, "layers in [0, 2)"),
        (lambda model: model.resize_token_embeddings(5), ConfigError, "`mask_index` must be smaller than `vocab_size`"),
        (lambda model: model.resize_position_embeddings(0), ConfigError, "`max_position_embeddings`"),
        (lambda model: model.add_languages("xx"), InputError, "`languages` must be a list"),
    ],
)
def test_what_is_refused_changes_nothing(
    framework: Framework, model: Any, call: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=re.escape(message)):
        call(model)

    assert model.config == tiny.CONFIG
    assert_close(
        framework.run(model, **INPUTS)["logits"], framework.run(framework.build(NAME), **INPUTS)["logits"], "exact"
    )


@pytest.mark.parametrize("asked", [{}, {"head_mask": head_mask(), "output_attentions": True}], ids=["fused", "masked"])
def test_checkpointing_gives_the_same_gradients(framework: Framework, model: Any, asked: dict[str, Any]) -> None:
    """Computing a layer twice changes neither its output nor the gradients; disabling it undoes it."""
    wanted = framework.gradients(model, **LABELLED, **asked)

    model.gradient_checkpointing_enable()
    assert model.is_gradient_checkpointing
    found = framework.gradients(model, **LABELLED, **asked)
    model.gradient_checkpointing_disable()

    assert not model.is_gradient_checkpointing
    assert found.keys() == wanted.keys()
    for name, gradient in wanted.items():
        assert_close(found[name], gradient, "gradients", name)


def test_checkpointing_drops_the_same_twice(framework: Framework) -> None:
    """With dropout, too, steps are those without checkpointing, for the gradient computes with the same."""
    config = tiny.CONFIG.replace(dropout=0.4, attention_dropout=0.3)
    models, losses = [], []
    for checkpointing in (False, True):
        framework.set_seed(5)
        model = framework.build(NAME, config)
        if checkpointing:
            model.gradient_checkpointing_enable()
        losses.append(framework.train(model, 5, **LABELLED))
        models.append(model.to_arrays())

    assert_close(losses[1], losses[0], "steps")
    for name, array in models[0].items():
        assert_close(models[1][name], array, "steps", name)


def test_tables_can_be_taken_and_given(framework: Framework, model: Any) -> None:
    """A table of the same size takes the place of the one there, in tied scores, too."""
    other = framework.build(NAME)
    other.load_arrays({"transformer.embeddings.weight": np.ones((53, 18), np.float32)})

    model.set_input_embeddings(other.get_input_embeddings())

    assert model.get_input_embeddings() is other.get_input_embeddings()
    assert_close(framework.run(model, **INPUTS)["logits"], framework.run(other, **INPUTS)["logits"], "exact")
    assert model.get_output_embeddings() is model.pred_layer.proj


def test_scores_can_be_given_where_they_are_untied(framework: Framework) -> None:
    model, other = (framework.build(NAME, CONFIGS["untied"]) for _ in range(2))
    other.load_arrays({"pred_layer.proj.weight": np.ones((53, 18), np.float32)})

    model.set_output_embeddings(other.get_output_embeddings())

    assert_close(framework.run(model, **INPUTS)["logits"], framework.run(other, **INPUTS)["logits"], "exact")


def test_layers_that_do_not_fit_are_refused(framework: Framework, model: Any) -> None:
    small = framework.build(NAME, tiny.CONFIG.replace(vocab_size=30))
    with pytest.raises(InputError, match=re.escape("`value` must have the shape (53, 18); got (30, 18)")):
        model.set_input_embeddings(small.get_input_embeddings())
    with pytest.raises(InputError, match="a layer of scores can be set where `tie_word_embeddings`"):
        model.set_output_embeddings(small.get_output_embeddings())
    with pytest.raises(InputError, match="`set_output_embeddings` needs a model that scores words"):
        model.transformer.set_output_embeddings(small.get_output_embeddings())
    assert model.transformer.get_output_embeddings() is None


def test_freezing_and_counting(framework: Framework, model: Any) -> None:
    """What is frozen gets no gradient and is not counted as trainable."""
    total = model.num_parameters()
    model.freeze_body()

    assert framework.gradients(model, **LABELLED).keys() == {"pred_layer.proj.bias"}
    assert model.num_parameters(only_trainable=True) == 53
    assert model.num_parameters() == total
    model.unfreeze("transformer.layer_norm_emb")
    assert model.num_parameters(only_trainable=True) == 53 + 2 * 18
    model.unfreeze()
    assert model.num_parameters(only_trainable=True) == total
    assert model.get_memory_footprint() == 4 * total


def test_sinusoids_never_learn(framework: Framework) -> None:
    model = framework.build("XLMModel", CONFIGS["sinusoidal"])

    model.unfreeze()

    assert model.num_parameters() - model.num_parameters(only_trainable=True) == 17 * 18


def test_dummy_inputs_run(framework: Framework, model: Any) -> None:
    assert tuple(model(**model.dummy_inputs).logits.shape) == (3, 5, 53)
    assert model.base_model is model.transformer
    assert model.transformer.base_model is model.transformer
