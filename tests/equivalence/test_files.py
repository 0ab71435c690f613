"""What one framework saves, the other loads, to the bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import tiny
from frameworks import FRAMEWORKS, Framework
from tolerances import assert_close

NAMES = ("XLMModel", "XLMWithLMHeadModel")


@pytest.fixture(params=FRAMEWORKS, ids=lambda framework: f"into-{framework.name}")
def reader(request: pytest.FixtureRequest) -> Framework:
    return request.param


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", ["5GB", "10KB"], ids=["one-file", "shards"])
def test_what_one_saves_the_other_loads(
    framework: Framework, reader: Framework, name: str, size: str, tmp_path: Path
) -> None:
    """Weights and config survive the way through the disk into either framework."""
    model = framework.build(name)
    model.save_pretrained(tmp_path, max_shard_size=size)

    loaded, info = reader.model_class(name).from_pretrained(tmp_path, output_loading_info=True)

    for weight, array in model.to_arrays().items():
        assert_close(loaded.to_arrays()[weight], array, "exact", weight)
    assert loaded.config == model.config.replace(architectures=[name], dtype="float32")
    assert not any(info.values())


def test_saved_files_are_the_same(tmp_path: Path) -> None:
    """Both frameworks write the same bytes, so that nobody can tell which one saved a checkpoint."""
    for framework in FRAMEWORKS:
        framework.build("XLMWithLMHeadModel").save_pretrained(tmp_path / framework.name)

    one, *others = [
        {path.name: path.read_bytes() for path in (tmp_path / framework.name).iterdir()} for framework in FRAMEWORKS
    ]
    assert all(other == one for other in others)
    assert one.keys() == {"config.json", "model.safetensors"}


def test_untied_scores_survive(framework: Framework, reader: Framework, tmp_path: Path) -> None:
    """A model whose scores have a weight of their own keeps it."""
    config = tiny.CONFIG.replace(tie_word_embeddings=False)
    model = framework.build("XLMWithLMHeadModel", config)
    model.save_pretrained(tmp_path)

    loaded = reader.model_class("XLMWithLMHeadModel").from_pretrained(tmp_path)

    inputs = tiny.CASES[0].inputs()
    assert "pred_layer.proj.weight" in loaded.to_arrays()
    assert_close(reader.run(loaded, **inputs)["logits"], framework.run(model, **inputs)["logits"], "states")


def test_tied_scores_stay_tied_after_loading(framework: Framework, tmp_path: Path) -> None:
    """Training a loaded model moves the word table and the scores' weight together."""
    framework.build("XLMWithLMHeadModel").save_pretrained(tmp_path)
    model = framework.model_class("XLMWithLMHeadModel").from_pretrained(tmp_path)

    doubled = {name: array * 2 for name, array in model.to_arrays().items() if name == "transformer.embeddings.weight"}
    inputs = tiny.CASES[0].inputs()
    model.load_arrays(doubled)
    states = framework.run(model, **inputs, output_hidden_states=True)

    wanted = states["hidden_states"][-1] @ doubled["transformer.embeddings.weight"].T
    assert_close(states["logits"], wanted + model.to_arrays()["pred_layer.proj.bias"], "states")


def test_body_loads_from_a_head_and_says_what_it_left(framework: Framework, tmp_path: Path) -> None:
    """A body takes its weights out of a language model and reports the head it has no use for."""
    framework.build("XLMWithLMHeadModel").save_pretrained(tmp_path)

    body, info = framework.model_class("XLMModel").from_pretrained(tmp_path, output_loading_info=True)

    inputs = tiny.CASES[0].inputs()
    wanted = framework.run(framework.build("XLMWithLMHeadModel"), **inputs, output_hidden_states=True)
    assert_close(framework.run(body, **inputs)["last_hidden_state"], wanted["hidden_states"][-1], "exact")
    assert info["set_aside"] == ("pred_layer.proj.bias",)


def test_head_on_a_body_is_new_and_said_to_be(framework: Framework, tmp_path: Path) -> None:
    """A head that the checkpoint lacks is made new, with a warning that names its weights."""
    framework.build("XLMModel").save_pretrained(tmp_path)

    with pytest.warns(UserWarning, match=r"pred_layer\.proj\.bias"):
        model = framework.model_class("XLMWithLMHeadModel").from_pretrained(tmp_path)

    assert not model.to_arrays()["pred_layer.proj.bias"].any()
    assert_close(model.transformer.to_arrays()["embeddings.weight"], tiny.weights()["embeddings.weight"], "exact")


def test_overrides_reach_the_config(framework: Framework, tmp_path: Path) -> None:
    """A keyword of from_pretrained that is a field of the config replaces it."""
    framework.build("XLMModel").save_pretrained(tmp_path)

    assert framework.model_class("XLMModel").from_pretrained(tmp_path, causal=True).config.causal


def test_saving_copies(framework: Framework) -> None:
    """Arrays taken out of a model do not change with it."""
    model = framework.build("XLMModel")
    before = model.to_arrays()

    model.load_arrays({name: np.zeros_like(array) for name, array in before.items()})

    assert before["embeddings.weight"].any()
