"""Pruning, resizing and adapters on configs and arrays alone."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tiny
from tolerances import assert_close
from xlm_core.config import XLMConfig
from xlm_core.errors import (
    CheckpointError,
    ConfigError,
    FetchError,
    InputError,
    LanguageError,
    MissingWeights,
    ShapeMismatch,
    UnexpectedWeights,
)
from xlm_core.formats import adapters
from xlm_core.hub import locate
from xlm_core.manifest import manifest
from xlm_core.sinusoids import sinusoids
from xlm_core.surgery import lora, pruning, resizing, selection
from xlm_core.surgery.changes import changed_layers

TASK = "language-modeling"
WEIGHTS = tiny.weights(task=TASK)
RANK_STABLE = '{"peft_type": "LORA", "r": 4, "lora_alpha": 4, "target_modules": ["q_lin"], "use_rslora": true}'
LORA = lora.LoraConfig(2, 6.0, ("q_lin", "lin1"))


def prune(heads: Any, config: XLMConfig = tiny.CONFIG) -> tuple[XLMConfig, dict[str, np.ndarray]]:
    return pruning.prune_heads(config, TASK, tiny.weights(config, TASK), heads)


def resize(size: int | None = None, multiple: Any = None, **options: Any) -> tuple[XLMConfig, dict[str, np.ndarray]]:
    new_rows = options.get("new_rows", resizing.mean_rows)
    return resizing.resize_words(tiny.CONFIG, TASK, WEIGHTS, size, multiple, new_rows)


def shapes(arrays: dict[str, np.ndarray]) -> dict[str, tuple[int, ...]]:
    return {name: array.shape for name, array in arrays.items()}


@pytest.mark.parametrize(
    "done",
    [
        lambda: prune({0: [1], 1: [0, 2]}),
        lambda: resize(60),
        lambda: resize(20),
        lambda: resizing.add_languages(tiny.CONFIG, TASK, WEIGHTS, ["xx", "yy"]),
        lambda: resizing.resize_positions(tiny.CONFIG, TASK, WEIGHTS, 29),
    ],
    ids=["prune", "more-words", "fewer-words", "languages", "positions"],
)
def test_arrays_are_those_of_the_new_config(done: Any) -> None:
    """Every operation gives the arrays that the manifest of its config wants, and leaves what it was given alone."""
    config, arrays = done()

    assert shapes(arrays) == {name: weight.shape for name, weight in manifest(config, TASK).items()}
    assert shapes(WEIGHTS) == {name: weight.shape for name, weight in manifest(tiny.CONFIG, TASK).items()}


def test_pruning_keeps_the_rows_of_the_heads_that_are_left() -> None:
    """Head 1 of three is columns 6 to 12: rows of queries, columns of the output."""
    _, arrays = prune({0: [1]})

    rows = [*range(6), *range(12, 18)]
    layer = "transformer.attentions.0"
    assert_close(arrays[f"{layer}.q_lin.weight"], WEIGHTS[f"{layer}.q_lin.weight"][rows], "exact")
    assert_close(arrays[f"{layer}.v_lin.bias"], WEIGHTS[f"{layer}.v_lin.bias"][rows], "exact")
    assert_close(arrays[f"{layer}.out_lin.weight"], WEIGHTS[f"{layer}.out_lin.weight"][:, rows], "exact")


def test_pruning_twice_is_pruning_both() -> None:
    """Heads keep their numbers, so that what is pruned adds up."""
    config, arrays = prune({0: [0]})

    again, fewer = pruning.prune_heads(config, TASK, arrays, {0: [0, 2], 1: [1]})

    wanted, both = prune({0: [0, 2], 1: [1]})
    assert again == wanted
    assert again.pruned_heads == {0: [0, 2], 1: [1]}
    assert all(np.array_equal(fewer[name], both[name]) for name in both)


def test_only_layers_that_lost_heads_change() -> None:
    assert changed_layers(tiny.CONFIG, prune({1: [0]})[0], TASK) == ["transformer.attentions.1"]


@pytest.mark.parametrize("heads", [{2: [0]}, {0: [3]}, {0: [-1]}, {0: [0, 1, 2]}, {0: [True]}, {0: [1.0]}], ids=str)
def test_heads_that_cannot_be_pruned_are_refused(heads: Any) -> None:
    message = "`pruned_heads` must give layers in [0, 2) lists of heads in [0, 3), and leave each layer one head"
    with pytest.raises(ConfigError, match=re.escape(message)):
        prune(heads)


@pytest.mark.parametrize("heads", [[0, 1], {0: 1}, None], ids=str)
def test_heads_must_come_by_layer(heads: Any) -> None:
    with pytest.raises(InputError, match="`heads_to_prune` must give each layer a list of heads"):
        prune(heads)


def test_new_words_are_the_mean_of_the_old() -> None:
    """In the table and in the scores' bias; the old ones stay as they were."""
    config, arrays = resize(60)

    table, bias = arrays["transformer.embeddings.weight"], arrays["pred_layer.proj.bias"]
    assert config.vocab_size == 60
    assert_close(table[:53], WEIGHTS["transformer.embeddings.weight"], "exact")
    assert_close(table[59], WEIGHTS["transformer.embeddings.weight"].mean(0), "states")
    assert_close(bias[53:], np.full(7, WEIGHTS["pred_layer.proj.bias"].mean()), "states")


def test_new_words_may_start_as_in_a_new_model() -> None:
    """Drawn from a seed: twice the same; the bias starts at 0."""
    drawn = [resize(53 + 2000, new_rows=resizing.initial_rows(tiny.CONFIG, seed=4))[1] for _ in range(2)]

    new = drawn[0]["transformer.embeddings.weight"][53:]
    assert np.array_equal(new, drawn[1]["transformer.embeddings.weight"][53:])
    assert abs(new.std() - tiny.CONFIG.embed_init_std) < 0.05
    assert not drawn[0]["pred_layer.proj.bias"][53:].any()


@pytest.mark.parametrize(("size", "multiple", "wanted"), [(54, 8, 56), (56, 8, 56), (None, 8, 56), (None, None, 53)])
def test_sizes_are_rounded_up(size: int | None, multiple: int | None, wanted: int) -> None:
    assert resize(size, multiple)[0].vocab_size == wanted


@pytest.mark.parametrize("multiple", [0, -8, 2.5, "8"])
def test_an_impossible_multiple_is_refused(multiple: Any) -> None:
    with pytest.raises(InputError, match="`pad_to_multiple_of` must be a whole number ≥ 1"):
        resize(60, multiple)


@pytest.mark.parametrize(
    ("size", "message"), [(5, "`mask_index` must be smaller than `vocab_size`"), (0, "`vocab_size`"), (True, "`vocab")]
)
def test_a_vocabulary_keeps_its_special_tokens(size: int, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        resize(size)


def test_languages_are_numbered_after_those_there_are() -> None:
    config, arrays = resizing.add_languages(tiny.CONFIG, None, tiny.weights(), ["xx", "yy"])

    assert (config.n_langs, config.lang2id, config.id2lang) == (7, {"xx": 5, "yy": 6}, {5: "xx", 6: "yy"})
    assert_close(arrays["lang_embeddings.weight"][6], tiny.weights()["lang_embeddings.weight"].mean(0), "states")


@pytest.mark.parametrize(
    ("languages", "error", "message"),
    [
        (["en"], LanguageError, "`languages` must be new to the model; got 'en'"),
        ("xx", InputError, "`languages` must be a list of different languages; got 'xx'"),
        (["xx", "xx"], InputError, "`languages` must be a list of different languages"),
    ],
)
def test_impossible_languages_are_refused(languages: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        resizing.add_languages(tiny.CONFIG.replace(lang2id={"en": 0}), None, tiny.weights(), languages)


def test_a_model_without_languages_is_given_none() -> None:
    config = tiny.CONFIG.replace(use_lang_emb=False)
    with pytest.raises(InputError, match="a model must have language embeddings"):
        resizing.add_languages(config, None, tiny.weights(config), ["xx"])


def test_sinusoids_go_on() -> None:
    """A longer table of sinusoids is the table of the greater length."""
    config = tiny.CONFIG.replace(sinusoidal_embeddings=True)
    arrays = tiny.weights(config) | {"position_embeddings.weight": sinusoids(17, 18)}

    _, longer = resizing.resize_positions(config, None, arrays, 40)

    assert_close(longer["position_embeddings.weight"], sinusoids(40, 18), "exact")


def test_weights_are_chosen_by_whole_steps() -> None:
    """`layer_norm1` is no beginning of `layer_norm1x`; all weights begin with nothing."""
    names = [weight.name for weight in selection.chosen(tiny.CONFIG, None, ["layer_norm1", "ffns.1.lin2.bias"])]

    assert names == [
        "layer_norm1.0.weight",
        "layer_norm1.0.bias",
        "layer_norm1.1.weight",
        "layer_norm1.1.bias",
        "ffns.1.lin2.bias",
    ]
    assert len(selection.chosen(tiny.CONFIG, None, [])) == len(manifest(tiny.CONFIG))


def test_a_beginning_that_no_weight_has_is_refused() -> None:
    with pytest.raises(InputError, match=r"`atentions.0` must be .* Did you mean `attentions.0`\?"):
        selection.chosen(tiny.CONFIG, None, ["atentions.0"])


def test_adapters_start_without_effect() -> None:
    """B is zero, A is drawn by name and seed, with the deviation of one over the root of the layer's width."""
    config = XLMConfig(vocab_size=20, emb_dim=400, n_layers=1, n_heads=2)
    one, other = [lora.initial_arrays(config, None, lora.LoraConfig(50, 1.0, ("v_lin",)), seed) for seed in (0, 1)]

    assert not one["attentions.0.v_lin.lora_b"].any()
    assert abs(one["attentions.0.v_lin.lora_a"].std() * 20 - 1) < 0.05
    assert not np.array_equal(one["attentions.0.v_lin.lora_a"], other["attentions.0.v_lin.lora_a"])


def test_merging_adds_the_product() -> None:
    arrays = {name: np.ones(shape, np.float32) for name, shape in lora.adapter_shapes(tiny.CONFIG, TASK, LORA).items()}

    merged = lora.merge(WEIGHTS, arrays, LORA)

    assert len(merged) == 4
    assert all(np.allclose(merged[name], WEIGHTS[name] + 3 * 2) for name in merged)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((0, 1.0, ("q_lin",)), "`rank` must be a whole number ≥ 1"),
        ((2, -1.0, ("q_lin",)), "`alpha` must be a number ≥ 0"),
        ((2, 1.0, ("query",)), r"`targets` must be some of \['k_lin'"),
        ((2, 1.0, ()), "`targets` must be some of"),
        ((2, 1.0, ("q_lin",), 1.5), "`dropout` must be a number from 0 to 1"),
    ],
)
def test_impossible_adapters_are_refused(values: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        lora.LoraConfig(*values)


def test_adapters_survive_the_disk_in_pefts_layout(tmp_path: Path) -> None:
    arrays = lora.initial_arrays(tiny.CONFIG, TASK, LORA, 0) | {"pred_layer.proj.bias": np.ones(53, np.float32)}
    adapters.save(tmp_path / "new", LORA, arrays)

    settings, read = adapters.load(locate(tmp_path / "new"))

    assert settings == LORA
    assert read.keys() == arrays.keys()
    assert all(np.array_equal(read[name], arrays[name]) for name in arrays)
    written = json.loads((tmp_path / "new" / "adapter_config.json").read_text())
    assert (written["peft_type"], written["r"], written["modules_to_save"]) == ("LORA", 2, ["pred_layer.proj"])


@pytest.mark.parametrize("text", ["{}", "not JSON", "[]", '{"peft_type": "IA3"}', RANK_STABLE])
def test_settings_of_something_else_are_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text(text)
    with pytest.raises(CheckpointError, match="must hold the settings of LoRA"):
        adapters.load(locate(tmp_path))


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FetchError, match="must be a folder"):
        adapters.save(tmp_path / "file", LORA, {})


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda arrays: arrays.popitem(), MissingWeights),
        (lambda arrays: arrays.update(other=np.zeros(2)), UnexpectedWeights),
        (lambda arrays: arrays.update(dict.fromkeys(arrays, np.zeros(2))), ShapeMismatch),
    ],
)
def test_adapters_of_another_model_are_refused(change: Any, error: type[Exception]) -> None:
    arrays = lora.initial_arrays(tiny.CONFIG, TASK, LORA, 0)
    change(arrays)
    with pytest.raises(error):
        lora.check_adapters(tiny.CONFIG, TASK, LORA, arrays)
