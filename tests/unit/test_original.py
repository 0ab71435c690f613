"""`xlm_core.formats.original`: what the original's trainer saves, and files that it loads."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import numpy as np
import pytest

import original_files
from original_files import CONFIG, COUNTS, WORDS, namespace, params, save, torch
from xlm_core.errors import CheckpointError, ConfigError, FetchError, VocabularyError
from xlm_core.formats import original
from xlm_core.formats.loading import load, open_weights, read_config
from xlm_core.hub import Folder, locate
from xlm_core.manifest import manifest

EXPECTED = CONFIG.replace(
    mask_token_id=5, eos_token_id=1, architectures=["XLMWithLMHeadModel"], embed_init_std=2048**-0.5, init_std=0.02
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mlm.pth"


@pytest.mark.parametrize("is_zip", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("prefix", ["", "module."])
@pytest.mark.parametrize("part", ["model", "encoder"])
@pytest.mark.parametrize("parameters", [params, namespace], ids=["dict", "namespace"])
def test_everything_is_read(path, is_zip, prefix, part, parameters):
    release = original.read(save(path, parameters(), is_zip=is_zip, prefix=prefix, part=part))

    assert release.config == EXPECTED
    assert all(np.array_equal(release.weights[name], array) for name, array in original_files.weights().items())
    assert (list(release.id2word.values()), dict(release.counts)) == (WORDS, COUNTS)


def test_arrays_and_numbers_of_numpy_are_among_the_parameters(path):
    read = original.read(save(path)).params

    np.testing.assert_array_equal(read["mask_scores"], np.linspace(0, 1, CONFIG.vocab_size))
    assert read["order"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert (read["lr"], type(read["lr"])) == (1e-4, float)


def test_a_decoder_beside_the_encoder_is_left_alone(path):
    content = original_files.content(params(), part="encoder")
    torch.save(content | {"decoder": {"layer_norm15.0.weight": torch.ones(2)}}, path)

    assert set(original.read(path).weights) >= set(manifest(CONFIG, "language-modeling"))


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ({"clm_steps": [("en", None)], "mlm_steps": []}, "causal", True),
        ({"clm_steps": [("en", None)]}, "causal", False),
        ({"share_inout_emb": False}, "tie_word_embeddings", False),
        ({"use_lang_emb": False}, "has_lang_embeddings", False),
        ({"asm": True, "asm_cutoffs": [20, 40], "share_inout_emb": False}, "asm_cutoffs", [20, 40]),
        ({"gelu_activation": False}, "gelu_activation", False),
    ],
)
def test_parameters_are_fields_of_the_config(path, changes, field, value):
    assert getattr(original.read(save(path, params(**changes))).config, field) == value


def test_the_direction_can_be_said(path):
    assert original.read(save(path), causal=True).config.causal


def test_old_files_do_not_say_whether_there_are_language_embeddings(path):
    parameters = params()
    del parameters["use_lang_emb"]

    assert original.read(save(path, parameters)).config.has_lang_embeddings


def test_special_words_are_where_the_dictionary_has_them(path):
    """The released models were saved before the parameters held them."""
    config = original.read(save(path, params(mask_index=9, pad_index=7))).config

    assert (config.mask_index, config.mask_token_id, config.pad_index) == (5, 5, 2)


def test_a_file_without_a_dictionary_has_none(path):
    content = original_files.content(params())
    torch.save({name: value for name, value in content.items() if not name.startswith("dico")}, path)

    assert (original.read(path).id2word, original.read(path).config.mask_index) == ({}, 5)


@pytest.mark.parametrize("task", [None, "language-modeling"])
def test_a_model_finds_its_weights_and_its_config(path, task):
    config = read_config(locate(save(path)))
    arrays, info = load(locate(path), manifest(config, task))

    assert config == EXPECTED
    assert set(arrays) == set(manifest(config, task))
    assert not info.unexpected_keys


def test_a_folder_with_one_is_read_as_it_is(path):
    save(path)

    assert read_config(Folder(path.parent), num_labels=3).num_labels == 3
    assert "transformer.embeddings.weight" in open_weights(Folder(path.parent))


def test_a_config_json_beside_it_counts_for_the_folder_and_not_for_the_file(path):
    save(path)
    CONFIG.replace(causal=True).save_pretrained(path.parent)

    assert read_config(Folder(path.parent)).causal
    assert not read_config(locate(path)).causal


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"emb_dim": 19}, "in the parameters of .*`n_heads` must divide `emb_dim`"),
        ({"emb_dim": "wide"}, "in the parameters of .*`emb_dim`"),
        ({"lang2id": {"en": 99}}, "in the parameters of .*lang2id"),
        ({"asm": True}, "in the parameters of .*`asm_cutoffs`"),
    ],
)
def test_an_impossible_model_is_refused_with_the_file(path, changes, problem):
    with pytest.raises(ConfigError, match=problem):
        original.read(save(path, params(**changes)))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"n_layers": 10**9}, "must have as many layers as `n_layers` says; it says 1000000000"),
        ({"n_layers": None}, "must have as many layers"),
        ({"dropout": [[1]]}, "must have plain values in `dropout`"),
    ],
)
def test_parameters_that_do_not_fit_the_file_are_refused(path, changes, problem):
    with pytest.raises(CheckpointError, match=problem):
        original.read(save(path, params(**changes)))


def test_a_missing_parameter_is_named(path):
    parameters = params()
    del parameters["n_heads"]

    with pytest.raises(CheckpointError, match="must have the parameter `n_heads`; it has"):
        original.read(save(path, parameters))


@pytest.mark.parametrize("value", [None, [], "text"])
def test_parameters_of_another_kind_are_refused(path, value):
    torch.save(original_files.content(params()) | {"params": value}, path)

    with pytest.raises(CheckpointError, match="must have `params`; got a"):
        original.read(path)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"dico_id2word": {0: "a"}, "dico_word2id": {}}, "must have a word for each of its 53 rows; it has 1"),
        ({"dico_id2word": {1: "a"}}, "must number its 1 words from 0 without gaps"),
        ({"dico_id2word": [1]}, "must have mappings for its dictionary"),
        ({"dico_id2word": {0: 3}}, "must number its 1 words"),
        ({"dico_word2id": {"a": 0}}, "`dico_word2id` and `dico_id2word` differ"),
        ({"dico_counts": {"a": "b"}}, "must count its words in whole numbers"),
    ],
)
def test_a_dictionary_that_is_none_is_refused(path, changes, problem):
    torch.save(original_files.content(params()) | changes, path)

    with pytest.raises(VocabularyError, match=problem):
        original.read(path)


@pytest.mark.parametrize("name", ["layer_norm15.0.weight", "encoder_attn.0.q_lin.weight", "memories.3_in.values"])
def test_decoders_and_memories_are_refused_by_name(path, name):
    with pytest.raises(CheckpointError, match=f"must hold a plain encoder; it has `{name}`"):
        original.read(save(path, arrays={name: np.ones(2, np.float32)}))


def test_a_missing_table_is_refused(path):
    with pytest.raises(CheckpointError, match=r"must hold the table `embeddings.weight`"):
        original.read(save(path, arrays={"layer_norm_emb.weight": np.ones(18, np.float32)}))


def test_a_weight_that_is_there_twice_is_refused(path):
    content = original_files.content(params())
    content["model"]["module.embeddings.weight"] = torch.ones(2)
    torch.save(content, path)

    with pytest.raises(CheckpointError, match=r"must hold each weight once; some are there with and without `module.`"):
        original.read(path)


@pytest.mark.parametrize("value", [{"a": 1}, [1], {"model": [1]}])
def test_another_kind_of_file_is_refused(path, value):
    torch.save(value, path)

    with pytest.raises(CheckpointError, match="must have `model` or `encoder`, as the original saves them; it holds"):
        original.read(path)


@pytest.mark.parametrize(
    ("value", "name"),
    [(functools.partial(print, "hello"), "functools.partial"), (Path("x"), "pathlib.PosixPath"), ({1}, "builtins.set")],
)
@pytest.mark.parametrize("is_zip", [True, False], ids=["zip", "legacy"])
def test_what_is_not_needed_is_refused_by_name(path, value, name, is_zip):
    with pytest.raises(CheckpointError, match=f"asks for `.*{name.split('.')[1]}`, and nothing in it was executed"):
        original.read(save(path, params(extra=value), is_zip=is_zip))


@pytest.mark.parametrize(
    ("array", "problem"),
    [
        (np.array(["a"]), "it has an array of 'U1'"),
        (np.array([None]), "it has an array of 'O8'"),
        (np.array([(1, 2.0)], dtype="i4,f4"), "it has an array of 'V8'"),
    ],
)
def test_arrays_of_anything_but_numbers_are_refused(path, array, problem):
    with pytest.raises(CheckpointError, match=problem):
        original.read(save(path, params(extra=array)))


# ---- writing


def test_what_is_written_is_read_again(path):
    original.write(path, original_files.weights(), EXPECTED, WORDS, COUNTS)
    release = original.read(path)

    assert release.config == EXPECTED
    assert all(np.array_equal(release.weights[name], array) for name, array in original_files.weights().items())
    assert (list(release.id2word.values()), dict(release.counts)) == (WORDS, COUNTS)


def test_what_is_written_is_loaded_by_pytorch_without_trust(path):
    original.write(path, original_files.weights(), EXPECTED, WORDS, COUNTS, params={"lr": 1e-4})

    saved = torch.load(path, weights_only=True)

    assert saved["dico_word2id"]["th@@"] == 14
    assert (saved["params"]["lr"], saved["params"]["id2lang"][4]) == (1e-4, "zh")
    assert saved["model"]["pred_layer.proj.weight"].data_ptr() == saved["model"]["embeddings.weight"].data_ptr()


def test_a_causal_model_is_one_afterwards(path):
    original.write(path, original_files.weights(), EXPECTED.replace(causal=True), WORDS)

    assert original.read(path).config.causal


@pytest.mark.parametrize("changes", [{"tie_word_embeddings": False}, {"asm": True, "asm_cutoffs": [20, 40]}])
def test_other_output_layers_are_written(path, changes):
    config = EXPECTED.replace(**changes, **({"tie_word_embeddings": False} if "asm" in changes else {}))
    original.write(path, original_files.weights(config), config, WORDS)

    release = original.read(path)
    assert release.config == config
    assert set(release.weights) == set(manifest(config, "language-modeling"))


@pytest.mark.parametrize(
    "changes", [{"max_position_embeddings": 256}, {"layer_norm_eps": 1e-5}, {"pruned_heads": {0: [1]}}]
)
def test_a_model_that_the_original_cannot_hold_is_refused(path, changes):
    with pytest.raises(ConfigError, match="the original has 512 positions, `layer_norm_eps` 1e-12 and all heads"):
        original.write(path, original_files.weights(), EXPECTED.replace(**changes), WORDS)


def test_languages_must_have_names(path):
    with pytest.raises(ConfigError, match=r"names every language; got n_langs=5 and lang2id=None"):
        original.write(path, original_files.weights(), EXPECTED.replace(lang2id=None), WORDS)


@pytest.mark.parametrize("words", [WORDS[:-1], [*WORDS[:-1], WORDS[0]]])
def test_words_must_be_as_many_and_different(path, words):
    with pytest.raises(VocabularyError, match="`words` must be 53 different ones"):
        original.write(path, original_files.weights(), EXPECTED, words)


def test_a_model_without_a_head_is_refused(path):
    arrays = {name: array for name, array in original_files.weights().items() if not name.startswith("pred")}

    with pytest.raises(CheckpointError, match=r"language models only; `pred_layer.proj.bias` is missing"):
        original.write(path, arrays, EXPECTED, WORDS)


def test_an_unwritable_folder_is_said(tmp_path):
    with pytest.raises(FetchError, match="must be written whole"):
        original.write(tmp_path / "absent" / "x.pth", original_files.weights(), EXPECTED, WORDS)


def test_the_config_is_json(path):
    json.dumps(original.read(save(path)).config.to_dict())
