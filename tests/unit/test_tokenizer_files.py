"""The files of a tokenizer: those of every version are read, and written as Hugging Face lays them out."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vocabularies import uncased_ids, uncased_merges, write_files, write_uncased
from xlm_core.errors import InputError
from xlm_core.tokenizer import XLMTokenizer
from xlm_core.tokenizer.special_tokens import AddedToken


def test_what_is_saved_loads_the_same(multilingual: XLMTokenizer, tmp_path: Path) -> None:
    multilingual.save_pretrained(tmp_path)
    loaded = XLMTokenizer.from_pretrained(tmp_path)

    assert loaded("The [MASK]", "l'eau", lang=("en", "fr")) == multilingual("The [MASK]", "l'eau", lang=("en", "fr"))
    assert (loaded.get_vocab(), loaded.id2lang) == (multilingual.get_vocab(), multilingual.id2lang)


def test_saving_returns_the_files_it_wrote(tokenizer: XLMTokenizer, tmp_path: Path) -> None:
    paths = tokenizer.save_pretrained(tmp_path / "new", filename_prefix="x")

    names = ["x-merges.txt", "x-special_tokens_map.json", "x-tokenizer_config.json", "x-vocab.json"]
    assert sorted(Path(path).name for path in paths) == sorted(p.name for p in (tmp_path / "new").iterdir()) == names


def test_the_demonstration_s_files_are_written_as_they_were(demo: Path, tmp_path: Path) -> None:
    """Hugging Face wrote them; we add the format."""
    XLMTokenizer.from_pretrained(demo).save_pretrained(tmp_path)
    config = json.loads((tmp_path / "tokenizer_config.json").read_text(encoding="utf-8"))

    for name in ("vocab.json", "merges.txt", "special_tokens_map.json"):
        assert (tmp_path / name).read_bytes() == (demo / name).read_bytes()
    assert config.pop("input_format") == "transformers-5"
    assert config == json.loads((demo / "tokenizer_config.json").read_text(encoding="utf-8"))


def test_settings_that_are_not_usual_are_saved(folder: Path, tmp_path: Path) -> None:
    settings = {"input_format": "original", "mask_aliases": False, "padding_side": "left", "model_max_length": 9}
    XLMTokenizer.from_pretrained(folder, **settings).save_pretrained(tmp_path)
    loaded = XLMTokenizer.from_pretrained(tmp_path)

    assert {name: getattr(loaded, name) for name in settings} == settings


def test_unknown_settings_are_kept_and_written_back(tmp_path: Path) -> None:
    write_uncased(tmp_path / "in", future_setting=[1])
    XLMTokenizer.from_pretrained(tmp_path / "in").save_pretrained(tmp_path / "out")

    assert json.loads((tmp_path / "out" / "tokenizer_config.json").read_text())["future_setting"] == [1]


def test_added_tokens_survive_a_round_trip(folder: Path, tmp_path: Path) -> None:
    added = {500: AddedToken("<new>", special=False, normalized=True)}
    XLMTokenizer.from_pretrained(folder, added_tokens_decoder=added).save_pretrained(tmp_path)

    assert XLMTokenizer.from_pretrained(tmp_path).added_tokens_decoder[500] == added[500]
    assert json.loads((tmp_path / "added_tokens.json").read_text()) == {"<new>": 500}


@pytest.mark.parametrize("flag", ["true", True])
def test_the_earliest_files_have_the_flag_as_a_string(tmp_path: Path, flag: str | bool) -> None:
    write_files(tmp_path, uncased_ids(), uncased_merges(), {"do_lowercase_and_remove_accent": flag, "max_len": 512})
    tokenizer = XLMTokenizer.from_pretrained(tmp_path)

    assert tokenizer.do_lower_case is True
    assert tokenizer.model_max_length == 512


def test_a_string_that_says_false_is_false(tmp_path: Path) -> None:
    write_uncased(tmp_path, do_lowercase_and_remove_accent="false")

    assert XLMTokenizer.from_pretrained(tmp_path).do_lower_case is False


def test_early_files_name_special_tokens_beside_the_configuration(tmp_path: Path) -> None:
    write_uncased(tmp_path)
    tokens = {"mask_token": {"content": "<special3>", "lstrip": False}, "additional_special_tokens": ["<special0>"]}
    (tmp_path / "special_tokens_map.json").write_text(json.dumps(tokens))
    (tmp_path / "added_tokens.json").write_text(json.dumps({"<late>": 300}))
    tokenizer = XLMTokenizer.from_pretrained(tmp_path)

    assert tokenizer.mask_token == "<special3>"
    assert tokenizer.additional_special_tokens == ["<special0>"]
    assert tokenizer.tokenize("<late>") == ["<late>"]


def test_the_newest_files_call_additional_tokens_extra(tmp_path: Path) -> None:
    write_uncased(tmp_path, additional_special_tokens=["<special0>"], extra_special_tokens=["<special0>", "<x>"])

    assert XLMTokenizer.from_pretrained(tmp_path).additional_special_tokens == ["<special0>", "<x>"]


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda tokenizer: pickle.loads(pickle.dumps(tokenizer))])
def test_copies_encode_the_same(multilingual: XLMTokenizer, duplicate: Callable[[Any], Any]) -> None:
    expected = multilingual("L'eau [MASK] don't.", lang="fr")

    assert duplicate(multilingual)("L'eau [MASK] don't.", lang="fr") == expected


@pytest.fixture
def uploads(monkeypatch: pytest.MonkeyPatch) -> list[tuple[set[str], str, dict[str, Any]]]:
    """What would have gone to the Hub: the names of the files, the repository, the options."""
    uploaded: list[tuple[set[str], str, dict[str, Any]]] = []

    def upload_folder(folder: Path, repo_id: str, **options: Any) -> str:
        uploaded.append(({path.name for path in folder.iterdir()}, repo_id, options))
        return "https://huggingface.co/commit"

    monkeypatch.setattr("xlm_core.hub.upload_folder", upload_folder)
    return uploaded


def test_the_files_go_to_the_hub(tokenizer: XLMTokenizer, uploads: list[Any]) -> None:
    assert tokenizer.push_to_hub("me/xlm", private=True, create_pr=True) == "https://huggingface.co/commit"

    ((names, repo_id, options),) = uploads
    assert names == {"vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json"}
    assert (repo_id, options["private"], options["create_pr"]) == ("me/xlm", True, True)
    assert options["commit_message"] == "Upload tokenizer"


def test_saving_can_go_on_to_the_hub(tokenizer: XLMTokenizer, uploads: list[Any], tmp_path: Path) -> None:
    tokenizer.save_pretrained(tmp_path / "xlm-mine", push_to_hub=True, token="secret")
    tokenizer.save_pretrained(tmp_path / "xlm-mine", push_to_hub=True, repo_id="me/xlm")

    assert [(repo_id, options["token"]) for _, repo_id, options in uploads] == [
        ("xlm-mine", "secret"),
        ("me/xlm", None),
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"legacy_format": False}, "a `tokenizer.json` cannot hold Moses' rules"),
        ({"repo_id": "me/xlm", "private": True}, r"\['repo_id', 'private'\] need `push_to_hub=True`"),
    ],
)
def test_saving_refuses_what_it_would_ignore(
    tokenizer: XLMTokenizer, tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        tokenizer.save_pretrained(tmp_path, **options)


def test_arguments_of_hugging_face_that_change_nothing_are_taken(folder: Path) -> None:
    tokenizer = XLMTokenizer.from_pretrained(folder, use_fast=False, trust_remote_code=True)

    assert (tokenizer.is_fast, tokenizer.name_or_path) == (True, str(folder))
