"""Half precision, whole or mixed, with padding: every head gives finite numbers near float32's, in both frameworks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from safetensors import safe_open

import heads
import tiny
from citizens import CASE
from frameworks import FRAMEWORKS, Framework
from tolerances import assert_close, assert_half_close
from xlm_core.errors import InputError

HALVES = ("float16", "bfloat16")


@pytest.fixture(params=HALVES)
def dtype(request: pytest.FixtureRequest) -> str:
    return request.param


def saved(framework: Framework, head: heads.Head, folder: Path) -> Any:
    """A model of `tiny`, and its checkpoint in a folder."""
    model = framework.build(head.name, head.config)
    model.save_pretrained(folder)
    return model


@pytest.mark.parametrize("head", heads.HEADS, ids=str)
def test_half_weights_give_finite_numbers_near_float32(
    framework: Framework, head: heads.Head, dtype: str, tmp_path: Path
) -> None:
    """Loaded in half precision a model computes in it, its loss in float32, and no mask overflows."""
    model, inputs = saved(framework, head, tmp_path), head.inputs(CASE) | dict(head.labels)

    half = type(model).from_pretrained(tmp_path, dtype=dtype)

    assert_half_close(framework.run(half, **inputs), framework.run(model, **inputs), dtype)


@pytest.mark.parametrize("head", heads.HEADS, ids=str)
def test_mixed_precision_gives_finite_numbers_near_float32(framework: Framework, head: heads.Head, dtype: str) -> None:
    """PyTorch's autocast and Keras' mixed policies leave the weights whole and compute in half precision."""
    model, inputs = framework.build(head.name, head.config), head.inputs(CASE) | dict(head.labels)

    mixed = framework.run_mixed(model, dtype, **inputs)

    assert_half_close(mixed, framework.run(model, **inputs), dtype)


def test_large_quantities_do_not_overflow(framework: Framework, tmp_path: Path) -> None:
    """Squares beyond float16's 65504 are taken in float32."""
    head = next(head for head in heads.HEADS if head.title == "a quantity")
    model = saved(framework, head, tmp_path)
    far = {"labels": head.labels["labels"] + 1000}

    half = type(model).from_pretrained(tmp_path, dtype="float16")

    expected = framework.run(model, **head.inputs(CASE), **far)["loss"]
    actual = framework.run(half, **head.inputs(CASE), **far)["loss"]
    assert_close(actual / expected, 1, "float16")


@pytest.mark.parametrize("reader", FRAMEWORKS, ids=lambda framework: f"read by {framework.name}")
def test_half_checkpoints_are_exact(framework: Framework, reader: Framework, dtype: str, tmp_path: Path) -> None:
    """A half model is saved as it is, in file and config, and either framework reads the same numbers."""
    saved(framework, heads.HEADS[0], tmp_path / "whole")
    half = framework.model_class("XLMWithLMHeadModel").from_pretrained(tmp_path / "whole", dtype=dtype)

    half.save_pretrained(tmp_path / "half")

    cls = reader.model_class("XLMWithLMHeadModel")
    for read in (cls.from_pretrained(tmp_path / "half"), cls.from_pretrained(tmp_path / "half", torch_dtype=dtype)):
        for name, array in half.to_arrays().items():
            assert_close(read.to_arrays()[name], array, "exact", name)
    assert json.loads((tmp_path / "half" / "config.json").read_text())["dtype"] == dtype
    with safe_open(tmp_path / "half" / "model.safetensors", framework="numpy") as file:
        stored = {file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118  # it is no dict
    assert stored == {{"float16": "F16", "bfloat16": "BF16"}[dtype]}


def test_half_checkpoints_load_as_float32_unless_asked(framework: Framework, tmp_path: Path) -> None:
    """What computes is the caller's choice, not the file's."""
    saved(framework, heads.HEADS[0], tmp_path / "whole")
    cls = framework.model_class("XLMWithLMHeadModel")
    cls.from_pretrained(tmp_path / "whole", dtype="bfloat16").save_pretrained(tmp_path / "half")

    cls.from_pretrained(tmp_path / "half").save_pretrained(tmp_path / "again")

    assert json.loads((tmp_path / "again" / "config.json").read_text())["dtype"] == "float32"


def test_unknown_dtype_is_refused(framework: Framework, tmp_path: Path) -> None:
    """The message names what there is."""
    saved(framework, heads.HEADS[0], tmp_path)

    with pytest.raises(InputError, match=r"`dtype` must be one of \['float16', .*; got 'half'"):
        framework.model_class("XLMWithLMHeadModel").from_pretrained(tmp_path, dtype="half")


def test_the_frameworks_own_names_are_understood(framework: Framework, tmp_path: Path) -> None:
    """torch.bfloat16 and a Keras policy mean what they say."""
    saved(framework, heads.HEADS[0], tmp_path)

    half = framework.model_class("XLMWithLMHeadModel").from_pretrained(tmp_path, dtype=framework.own_dtype("bfloat16"))

    assert "bfloat16" in str(framework.call(half, **tiny.CASES[0].inputs()).logits.dtype)
