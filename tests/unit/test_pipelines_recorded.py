"""Every pipeline around the reference model gives what transformers' own pipelines gave."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pipeline_cases import CASES, Case
from runners import ReferenceRunner
from tolerances import assert_close
from xlm_core.pipelines.factory import PIPELINES
from xlm_core.tokenizer import XLMTokenizer

GOLDENS = json.loads((Path(__file__).parents[1] / "goldens" / "pipelines.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def tokenizer() -> XLMTokenizer:
    """The one that the recorded calls were made with: its first token is the one that says there is no answer."""
    tokenizer = XLMTokenizer.from_pretrained("xlm-demo")
    tokenizer.cls_token = tokenizer.bos_token
    return tokenizer


def assert_same(actual: Any, expected: Any, what: str) -> None:
    """Equal, but for numbers that were computed, and spaces that Hugging Face loses between the words of an entity."""
    if isinstance(expected, list):
        assert len(actual) == len(expected), what
        for one, other in zip(actual, expected, strict=True):
            assert_same(one, other, what)
    elif isinstance(expected, dict):
        assert isinstance(actual, Mapping)
        assert list(actual) == list(expected)
        for name, value in expected.items():
            own = actual[name].replace(" ", "") if name == "word" else actual[name]
            assert_same(own, value.replace(" ", "") if name == "word" else value, f"{what}, {name}")
    elif isinstance(expected, float):
        assert_close(actual, expected, "scores", what)
    else:
        assert actual == expected, what


@pytest.mark.parametrize("case", CASES, ids=str)
def test_results_are_those_of_hugging_face(case: Case, tokenizer: XLMTokenizer) -> None:
    pipeline = PIPELINES[case.task](ReferenceRunner(case.config, case.head), tokenizer)

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="the model knows languages")
        assert_same(pipeline(*case.arguments, **case.options), GOLDENS[case.title], case.title)
