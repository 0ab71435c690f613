"""`xlm_core.config`: what describes a model, and what cannot."""

from __future__ import annotations

import copy
import json
import pickle
import re
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pytest

from xlm_core.config import ALIASES, XLMConfig
from xlm_core.errors import ConfigError, FetchError

SMALL = {"vocab_size": 53, "emb_dim": 18, "n_layers": 2, "n_heads": 3}

IMPOSSIBLE: list[tuple[dict[str, Any], str]] = [
    ({"n_heads": 5}, "`n_heads` must divide `emb_dim`; got n_heads=5 and emb_dim=18."),
    ({"n_heads": 0}, "`n_heads` must be a whole number ≥ 1; got 0."),
    ({"n_heads": -3}, "`n_heads` must be a whole number ≥ 1; got -3."),
    ({"emb_dim": "18"}, "`emb_dim` must be a whole number ≥ 1; got '18'."),
    ({"emb_dim": 18.0}, "`emb_dim` must be a whole number ≥ 1; got 18.0."),
    ({"emb_dim": -18}, "`emb_dim` must be a whole number ≥ 1; got -18."),
    ({"emb_dim": 0}, "`emb_dim` must be a whole number ≥ 1; got 0."),
    ({"emb_dim": None}, "`emb_dim` must be a whole number ≥ 1; got None."),
    ({"n_layers": -1}, "`n_layers` must be a whole number ≥ 1; got -1."),
    ({"n_layers": "2"}, "`n_layers` must be a whole number ≥ 1; got '2'."),
    ({"n_layers": True}, "`n_layers` must be a whole number ≥ 1; got True."),
    ({"vocab_size": 0}, "`vocab_size` must be a whole number ≥ 1; got 0."),
    ({"vocab_size": "53"}, "`vocab_size` must be a whole number ≥ 1; got '53'."),
    ({"pad_index": 53}, "`pad_index` must be smaller than `vocab_size`; got pad_index=53 and vocab_size=53."),
    ({"mask_index": 60}, "`mask_index` must be smaller than `vocab_size`; got mask_index=60 and vocab_size=53."),
    ({"pad_index": None}, "`pad_index` must be a whole number ≥ 0; got None."),
    ({"n_langs": 0}, "`n_langs` must be a whole number ≥ 1; got 0."),
    ({"n_langs": "2"}, "`n_langs` must be a whole number ≥ 1; got '2'."),
    ({"dropout": 1.5}, "`dropout` must be a number from 0 to 1; got 1.5."),
    ({"dropout": "0.1"}, "`dropout` must be a number from 0 to 1; got '0.1'."),
    ({"dropout": float("nan")}, "`dropout` must be a number from 0 to 1; got nan."),
    ({"attention_dropout": 2}, "`attention_dropout` must be a number from 0 to 1; got 2."),
    ({"layer_norm_eps": -1.0}, "`layer_norm_eps` must be a number ≥ 0; got -1.0."),
    ({"layer_norm_eps": "1e-12"}, "`layer_norm_eps` must be a number ≥ 0; got '1e-12'."),
    ({"init_std": -1}, "`init_std` must be a number ≥ 0; got -1."),
    ({"embed_init_std": float("inf")}, "`embed_init_std` must be a number ≥ 0; got inf."),
    ({"causal": "false"}, "`causal` must be True or False; got 'false'."),
    ({"gelu_activation": "false"}, "`gelu_activation` must be True or False; got 'false'."),
    ({"use_lang_emb": "false"}, "`use_lang_emb` must be True or False; got 'false'."),
    ({"sinusoidal_embeddings": "no"}, "`sinusoidal_embeddings` must be True or False; got 'no'."),
    ({"max_position_embeddings": 0}, "`max_position_embeddings` must be a whole number ≥ 1; got 0."),
    ({"summary_type": "attn"}, "`summary_type` must be one of ['cls_index', 'first', 'last', 'mean']; got 'attn'."),
    ({"summary_type": None}, "`summary_type` must be one of ['cls_index', 'first', 'last', 'mean']; got None."),
    ({"summary_activation": "bogus"}, "'tanh'] or None; got 'bogus'."),
    ({"is_encoder": False}, "`is_encoder` must be True; got False."),
    ({"asm": True}, "given when `asm` is True; got asm_cutoffs=None, asm=True and vocab_size=53."),
    ({"asm": True, "asm_cutoffs": [20, 10]}, "`asm_cutoffs` must be rising numbers between 1 and `vocab_size` - 1"),
    ({"asm": True, "asm_cutoffs": [20, 53]}, "`asm_cutoffs` must be rising numbers between 1 and `vocab_size` - 1"),
    ({"start_n_top": 0}, "`start_n_top` must be a whole number ≥ 1; got 0."),
    ({"end_n_top": -1}, "`end_n_top` must be a whole number ≥ 1; got -1."),
    ({"num_labels": -1}, "`num_labels` must be a whole number ≥ 0; got -1."),
    ({"num_labels": 5, "id2label": {0: "a", 1: "b", 2: "c"}}, "got num_labels=5 and 3 labels in id2label="),
    ({"id2label": {"first": "a"}}, "the keys of `id2label` must be whole numbers ≥ 0; got 'first'."),
    ({"id2label": ["a", "b"]}, "`id2label` must be a mapping or None; got ['a', 'b']."),
    ({"problem_type": "foo"}, "'single_label_classification'] or None; got 'foo'."),
    ({"lang2id": {"en": "zero"}}, "`lang2id` must map languages and whole numbers ≥ 0; got 'zero'."),
    ({"lang2id": {"en": 0}, "id2lang": {0: "fr"}}, "`lang2id` and `id2lang` must be each other's inverse"),
    ({"n_langs": 2, "lang2id": {"en": 2}}, "must be smaller than `n_langs`; got id 2 and n_langs=2."),
]


def small(**changes: Any) -> XLMConfig:
    return XLMConfig(**SMALL | changes)


@pytest.mark.parametrize(("wrong", "message"), IMPOSSIBLE, ids=[str(wrong)[:50] for wrong, _ in IMPOSSIBLE])
def test_an_impossible_value_is_refused_by_name(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        small(**wrong)


def test_defaults_are_those_of_the_english_model() -> None:
    config = XLMConfig()

    assert (config.vocab_size, config.emb_dim, config.n_layers, config.n_heads) == (30145, 2048, 12, 16)


def test_fields_may_be_given_in_order() -> None:
    assert XLMConfig(53, 18, 2, 3) == small()


def test_derived_sizes() -> None:
    config = small()

    assert (config.head_dim, config.hidden_dim) == (6, 72)


@pytest.mark.parametrize(
    ("n_langs", "use_lang_emb", "expected"), [(1, True, False), (2, False, False), (2, True, True)]
)
def test_language_embeddings_need_languages_and_the_flag(n_langs: int, use_lang_emb: bool, expected: bool) -> None:
    assert small(n_langs=n_langs, use_lang_emb=use_lang_emb).has_lang_embeddings is expected


# ---- names


@pytest.mark.parametrize(
    ("alias", "value"),
    [
        ("hidden_size", 36),
        ("n_words", 60),
        ("num_attention_heads", 9),
        ("num_hidden_layers", 4),
        ("torch_dtype", "float16"),
        ("use_return_dict", False),
    ],
)
def test_an_alias_is_a_keyword_and_an_attribute(alias: str, value: Any) -> None:
    config = small(**{alias: value})

    assert getattr(config, alias) == getattr(config, ALIASES[alias]) == value


def test_an_alias_wins_over_the_name_it_stands_for() -> None:
    assert XLMConfig(vocab_size=10, n_words=20).vocab_size == 20


def test_aliases_are_not_written() -> None:
    assert not ALIASES.keys() & small(n_words=60).to_dict().keys()


@pytest.mark.parametrize(("wrong", "right"), [("n_layer", "n_layers"), ("hiden_size", "hidden_size")])
def test_a_misspelt_keyword_is_refused_with_the_nearest_name(wrong: str, right: str) -> None:
    with pytest.raises(TypeError, match=f"XLMConfig has no field `{wrong}`. Did you mean `{right}`?"):
        XLMConfig(**{wrong: 2})


def test_a_misspelt_attribute_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(AttributeError, match=re.escape("XLMConfig has no field `n_layer`. Did you mean `n_layers`?")):
        _ = small().n_layer


def test_the_model_type_is_known() -> None:
    assert small().model_type == "xlm"


# ---- values that do not change


def test_a_config_does_not_change_and_says_what_to_do() -> None:
    with pytest.raises(FrozenInstanceError, match=re.escape("config = config.replace(n_layers=3)")):
        small().n_layers = 3


def test_a_field_cannot_be_deleted() -> None:
    with pytest.raises(FrozenInstanceError):
        del small().n_layers


def test_replace_makes_another_config() -> None:
    config = small()

    assert (config.replace(n_layers=4), config.n_layers) == (small(n_layers=4), 2)


def test_replace_checks_what_it_makes() -> None:
    with pytest.raises(ConfigError, match=r"`n_heads` must divide `emb_dim`"):
        small().replace(num_attention_heads=4)


def test_replace_keeps_unknown_keys() -> None:
    config = XLMConfig.from_dict(SMALL | {"tokens_per_batch": 4000})

    assert config.replace(n_layers=4).tokens_per_batch == 4000


def test_replacing_one_language_table_derives_the_other() -> None:
    config = small(n_langs=2, lang2id={"en": 0, "fr": 1}).replace(id2lang={0: "de", 1: "en"})

    assert config.lang2id == {"de": 0, "en": 1}


def test_what_was_given_is_not_written_to() -> None:
    labels = {"0": "no", "1": "yes"}

    small(id2label=labels)

    assert labels == {"0": "no", "1": "yes"}


def test_to_dict_gives_copies() -> None:
    config = small(lang2id={"en": 0})
    config.to_dict()["lang2id"]["fr"] = 1

    assert config.lang2id == {"en": 0}


def test_configs_are_equal_when_their_contents_are() -> None:
    assert small() == small()
    assert small() != small(n_layers=4)
    assert small() != XLMConfig.from_dict(SMALL | {"min_count": 0})


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda config: pickle.loads(pickle.dumps(config))])
def test_a_copy_is_equal(duplicate: Any) -> None:
    config = XLMConfig.from_dict(SMALL | {"lang2id": {"en": 0}, "min_count": 0})

    assert duplicate(config) == config


# ---- labels and languages


def test_labels_have_names_by_default() -> None:
    config = small(num_labels=3)

    assert config.id2label == {0: "LABEL_0", 1: "LABEL_1", 2: "LABEL_2"}
    assert config.label2id == {"LABEL_0": 0, "LABEL_1": 1, "LABEL_2": 2}


def test_label_names_say_how_many_labels_there_are() -> None:
    assert small(id2label={"0": "no", "1": "yes", "2": "perhaps"}).num_labels == 3


def test_label_names_have_whole_keys_as_json_has_not() -> None:
    assert small(id2label={"0": "no", "1": "yes"}).id2label == {0: "no", 1: "yes"}


def test_label_names_follow_from_their_numbers() -> None:
    assert small(label2id={"no": 0, "yes": 1, "perhaps": 2}).id2label == {0: "no", 1: "yes", 2: "perhaps"}


def test_another_number_of_labels_renames_them() -> None:
    assert small(id2label={0: "no", 1: "yes"}).replace(num_labels=1).id2label == {0: "LABEL_0"}


def test_other_label_numbers_rename_them() -> None:
    assert small().replace(label2id={"no": 0}).id2label == {0: "no"}


def test_language_ids_are_numbers_after_a_round_trip() -> None:
    config = small(n_langs=2, lang2id={"en": 0, "fr": 1})

    assert XLMConfig.from_dict(json.loads(config.to_json_string())).id2lang == {0: "en", 1: "fr"}


def test_pruned_heads_have_whole_keys() -> None:
    assert small(pruned_heads={"1": [2, 0]}).pruned_heads == {1: [0, 2]}


# ---- dictionaries and files


def test_unknown_keys_of_a_file_are_attributes() -> None:
    assert XLMConfig.from_dict({"word_mask_keep_rand": "0.8,0.1,0.1"}).word_mask_keep_rand == "0.8,0.1,0.1"


def test_unknown_keys_of_a_file_are_written_back() -> None:
    assert XLMConfig.from_dict({"use_proj": True}).to_diff_dict()["use_proj"] is True


def test_a_dictionary_is_read_back_whole() -> None:
    config = small(n_langs=2, lang2id={"en": 0, "fr": 1}, num_labels=3, architectures=["XLMModel"], dtype="float32")

    assert XLMConfig.from_dict(config.to_dict()) == config


def test_overrides_replace_what_a_dictionary_says() -> None:
    assert XLMConfig.from_dict(SMALL, n_layers=4) == small(n_layers=4)


def test_a_file_of_transformers_5_has_token_ids_for_indexes() -> None:
    config = XLMConfig.from_dict(SMALL | {"pad_token_id": 7, "bos_token_id": 8, "eos_token_id": 9})

    assert (config.pad_index, config.bos_index, config.eos_index) == (7, 8, 9)


def test_indexes_and_token_ids_of_earlier_files_may_differ() -> None:
    config = XLMConfig.from_dict(SMALL | {"pad_index": 2, "pad_token_id": 7})

    assert (config.pad_index, config.pad_token_id) == (2, 7)


def test_json_is_what_hugging_face_writes(demo: Path) -> None:
    """Byte for byte: the demonstration checkpoint was saved by transformers 4.57."""
    assert XLMConfig.from_pretrained(demo).to_json_string() == (demo / "config.json").read_text(encoding="utf-8")


def test_json_has_all_of_the_models_own_fields_and_no_other() -> None:
    """Spec: Hugging Face leaves out what it inherits, unless it is not the default."""
    assert sorted(json.loads(XLMConfig().to_json_string())) == [
        "asm",
        "attention_dropout",
        "bos_index",
        "bos_token_id",
        "causal",
        "dropout",
        "emb_dim",
        "embed_init_std",
        "end_n_top",
        "eos_index",
        "gelu_activation",
        "init_std",
        "is_encoder",
        "lang_id",
        "layer_norm_eps",
        "mask_index",
        "mask_token_id",
        "max_position_embeddings",
        "model_type",
        "n_heads",
        "n_langs",
        "n_layers",
        "pad_index",
        "pad_token_id",
        "sinusoidal_embeddings",
        "start_n_top",
        "summary_activation",
        "summary_first_dropout",
        "summary_proj_to_labels",
        "summary_type",
        "summary_use_proj",
        "unk_index",
        "use_lang_emb",
        "vocab_size",
    ]


def test_the_number_of_labels_is_written_as_their_names() -> None:
    written = json.loads(small(num_labels=3).to_json_string())

    assert "num_labels" not in written
    assert written["id2label"] == {"0": "LABEL_0", "1": "LABEL_1", "2": "LABEL_2"}


def test_json_does_not_depend_on_the_order_of_arguments() -> None:
    assert XLMConfig(n_layers=2, emb_dim=32).to_json_string() == XLMConfig(emb_dim=32, n_layers=2).to_json_string()


@pytest.mark.parametrize("where", ["", "config.json"], ids=["folder", "file"])
def test_a_saved_config_is_read_back_whole(tmp_path: Path, where: str) -> None:
    config = XLMConfig.from_dict(SMALL | {"num_labels": 3, "min_count": 0, "causal": True})
    config.save_pretrained(tmp_path)

    assert XLMConfig.from_pretrained(tmp_path / where) == config


def test_saving_makes_the_folder_and_returns_the_path(tmp_path: Path) -> None:
    assert small().save_pretrained(tmp_path / "a" / "b") == tmp_path / "a" / "b" / "config.json"


def test_saving_leaves_one_file(tmp_path: Path) -> None:
    small().save_pretrained(tmp_path)
    small(n_layers=4).save_pretrained(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["config.json"]


def test_saving_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    path = small().save_pretrained(tmp_path)
    before = path.read_bytes()

    with pytest.raises(TypeError, match=r"not JSON serializable"):
        XLMConfig.from_dict(SMALL | {"unwritable": object()}).save_pretrained(tmp_path)

    assert path.read_bytes() == before


def test_saving_onto_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model").write_text("")

    with pytest.raises(FetchError, match=r"`save_directory` must be a folder; got the file .*model"):
        small().save_pretrained(tmp_path / "model")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "`.*config.json` must be a JSON file; got: Expecting property name"),
        ("\xff", "`.*config.json` must be a JSON file; got: Expecting value"),
        ("[1]", "`.*config.json` must hold a JSON object; got a list."),
        ('{"model_type": "bert"}', "in `.*config.json`: `model_type` must be 'xlm'; got 'bert'."),
        ('{"n_heads": 3}', "in `.*config.json`: `n_heads` must divide `emb_dim`; got n_heads=3 and emb_dim=2048."),
        ('{"dropout": NaN}', "in `.*config.json`: `dropout` must be a number from 0 to 1; got nan."),
    ],
)
def test_a_damaged_file_is_refused_by_its_name(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "config.json").write_text(content, encoding="utf-8")

    with pytest.raises(ConfigError, match=message):
        XLMConfig.from_pretrained(tmp_path)


def test_a_file_that_is_no_text_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(ConfigError, match=r"`.*config.json` must be a JSON file"):
        XLMConfig.from_pretrained(tmp_path)


def test_a_folder_without_a_config_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match=r"must have `config.json`; there is none"):
        XLMConfig.from_pretrained(tmp_path)


def test_an_absent_file_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match=r"`.*config.json` must be a file that can be read; got: No such file"):
        XLMConfig.from_json_file(tmp_path / "config.json")


def test_a_misspelt_override_is_refused(demo: Path) -> None:
    with pytest.raises(TypeError, match=r"Did you mean `n_layers`?"):
        XLMConfig.from_pretrained(demo, n_layer=2)
