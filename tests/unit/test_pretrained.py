"""`from_pretrained` and `push_to_hub` of the models: what both frameworks do alike once the files are found."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import huggingface_hub
import numpy as np
import pytest

import tiny
from frameworks import Framework
from xlm_core import pretrained
from xlm_core.checkpoints import mended, mended_settings
from xlm_core.config import XLMConfig
from xlm_core.errors import FetchError, InputError, XLMWarning

CLM = "FacebookAI/xlm-clm-enfr-1024"
RELEASED = Path(__file__).parent.parent / "data" / "released_configs"


def test_a_known_mistake_is_mended_and_said_in_one_line() -> None:
    config = XLMConfig.from_json_file(RELEASED / "xlm-clm-enfr-1024.json")

    with pytest.warns(XLMWarning, match="was mended: causal=True") as said:
        right = mended(config, CLM, "mended")

    assert right.causal
    assert "\n" not in str(said[0].message)


def test_as_is_keeps_what_the_file_says() -> None:
    config = XLMConfig.from_json_file(RELEASED / "xlm-clm-enfr-1024.json")
    settings = {"do_lowercase_and_remove_accent": True}

    assert mended(config, CLM, "as-is") is config
    assert mended_settings(settings, CLM, "as-is") == settings


def test_a_tokenizer_keeps_the_case_that_its_model_knows() -> None:
    with pytest.warns(XLMWarning, match="do_lowercase_and_remove_accent=False"):
        assert mended_settings({}, "xlm-mlm-enro-1024", "mended") == {"do_lowercase_and_remove_accent": False}


@pytest.mark.parametrize("name", ["xlm-mlm-en-2048", "someone/xlm-clm-enfr-1024"])
def test_what_is_right_or_unknown_is_left_alone(name: str) -> None:
    settings = {"do_lowercase_and_remove_accent": True}

    assert mended_settings(settings, name, "mended") == settings


def test_hub_defaults_must_be_one_of_two(framework: Framework, tmp_path: Path) -> None:
    framework.build("XLMModel").save_pretrained(tmp_path)

    with pytest.raises(InputError, match="`hub_defaults` must be one of"):
        framework.model_class("XLMModel").from_pretrained(tmp_path, hub_defaults="as is")


def test_a_variant_names_the_files(framework: Framework, tmp_path: Path) -> None:
    model = framework.build("XLMModel")
    model.save_pretrained(tmp_path, variant="half")

    loaded = framework.model_class("XLMModel").from_pretrained(tmp_path, variant="half")

    assert (tmp_path / "model.half.safetensors").is_file()
    for name, array in model.to_arrays().items():
        assert np.array_equal(loaded.to_arrays()[name], array)
    with pytest.raises(FetchError):
        framework.model_class("XLMModel").from_pretrained(tmp_path)


@pytest.fixture
def pushed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder that stands for a repository, whose only file is named in its tests."""
    folder = tmp_path / "repository"

    def upload(source: Path, repo_id: str, **options: Any) -> str:
        shutil.copytree(source, folder)
        return f"https://hub/{repo_id} {options['commit_message']} {options['private']}"

    monkeypatch.setattr(pretrained, "upload_folder", upload)
    monkeypatch.setattr(pretrained, "has_file", lambda *arguments, **options: False)
    return folder


def test_a_model_is_pushed_with_a_card(framework: Framework, pushed: Path) -> None:
    model = framework.build("XLMForTokenClassification")

    url = model.push_to_hub("me/a-model", commit_message="First", private=True, license_id="mit", tags=["ner"])

    assert url == "https://hub/me/a-model First True"
    assert sorted(path.name for path in pushed.iterdir()) == ["README.md", "config.json", "model.safetensors"]
    data = huggingface_hub.ModelCard.load(pushed / "README.md").data
    assert (data.license, data.tags, data.pipeline_tag) == ("mit", ["xlm", "ner"], "token-classification")
    again = framework.model_class("XLMForTokenClassification").from_pretrained(pushed)
    assert again.config.replace(architectures=None, dtype=None) == model.config.replace(architectures=None, dtype=None)


def test_a_card_that_is_there_is_left_alone(
    framework: Framework, pushed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pretrained, "has_file", lambda *arguments, **options: True)

    framework.build("XLMModel").push_to_hub("me/a-model")

    assert not (pushed / "README.md").exists()


def test_every_weight_of_a_missing_head_is_drawn_in_both_frameworks(framework: Framework, tmp_path: Path) -> None:
    framework.build("XLMModel").save_pretrained(tmp_path)

    with pytest.warns(XLMWarning, match="A new head was initialised"):
        model = framework.model_class("XLMForTokenClassification").from_pretrained(tmp_path, num_labels=3)

    arrays = model.to_arrays()
    assert arrays["classifier.weight"].shape == (3, tiny.CONFIG.emb_dim)
    assert arrays["classifier.weight"].std() > 0
    assert not arrays["classifier.bias"].any()
