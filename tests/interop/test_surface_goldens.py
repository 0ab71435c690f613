"""The whole call returns what transformers' fast tokenizers return."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from surface_cases import calls, closed_ids, described
from vocabularies import uncased_merges, write_files
from xlm_core.tokenizer import XLMTokenizer

GOLDENS: dict[str, Any] = json.loads(
    (Path(__file__).parent.parent / "goldens" / "surface.json").read_text(encoding="utf-8")
)
CALLS = {name: (arguments, options) for name, arguments, options in calls()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_files(tmp_path_factory.mktemp("closed"), closed_ids(), uncased_merges())


def test_goldens_are_of_these_calls() -> None:
    """A changed call needs a new recording."""
    assert list(GOLDENS) == list(CALLS)


@pytest.mark.parametrize("name", CALLS)
def test_a_call_equals_that_of_a_fast_tokenizer(folder: Path, name: str) -> None:
    """Windows, offsets, words, texts, masks, padding, and every look-up."""
    arguments, options = CALLS[name]
    side = options.get("truncation_side", "right")
    options = {key: value for key, value in options.items() if key != "truncation_side"}
    tokenizer = XLMTokenizer.from_pretrained(folder, input_format="transformers-4", truncation_side=side)

    encoding = tokenizer(
        *arguments, bypass_tokenizer=True, return_special_tokens_mask=True, return_offsets_mapping=True, **options
    )

    assert json.loads(json.dumps(described(encoding))) == GOLDENS[name]
