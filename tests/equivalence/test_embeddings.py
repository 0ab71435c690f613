"""Sentence embeddings in both frameworks: equal to each other and to the definition in float64."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from frameworks import FRAMEWORKS, Framework
from tolerances import assert_close
from xlm_core.embeddings import SentenceEncoder
from xlm_core.errors import InputError
from xlm_core.tokenizer import XLMTokenizer

TEXTS = ["A man is riding a bike down the street.", "Ein Hund.", "", "Un homme fait du vélo.", "Muž jede na kole."]
LANGS = ["en", "de", "en", "fr", "cs"]
CALLS: list[dict[str, Any]] = [
    {},
    {"lang": LANGS},
    {"lang": LANGS, "pooling": "max", "layer": -1, "special_tokens": False},
    {"lang": LANGS, "pooling": "first", "layer": [0, 2]},
    {"lang": LANGS, "pooling": "last", "layer": 3, "max_tokens": 16},
]


@pytest.fixture(scope="module", params=FRAMEWORKS, ids=lambda framework: framework.name)
def loaded(request: pytest.FixtureRequest, demo: Path) -> tuple[Framework, SentenceEncoder]:
    return request.param, request.param.package.XLMSentenceEncoder.from_pretrained(demo)


def defined(framework: Framework, encoder: Any, text: str, lang: str | None, call: dict[str, Any]) -> np.ndarray:
    """One text by itself, the layers averaged and the tokens pooled in float64."""
    ids = encoder.tokenizer([text], lang=lang, return_tensors="np")
    states = framework.run(encoder.run.model, **dict(ids), output_hidden_states=True)["hidden_states"]
    layer = call.get("layer", range(1, 5))
    chosen = [states[each] for each in ([layer] if isinstance(layer, int) else layer)]
    tokens = np.mean([each[0].astype(np.float64) for each in chosen], axis=0)
    tokens = tokens if call.get("special_tokens", True) else tokens[1:-1]
    if not len(tokens):
        return np.zeros(tokens.shape[1])
    return {"mean": tokens.mean(axis=0), "first": tokens[0], "max": tokens.max(axis=0), "last": tokens[-1]}[
        call.get("pooling", "mean")
    ]


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_vectors_are_what_the_definition_says(loaded: tuple[Framework, Any], call: dict[str, Any]) -> None:
    """In each framework, so that the two are equal within the same tolerance."""
    framework, encoder = loaded

    vectors = encoder.encode(TEXTS, **call)

    langs = call.get("lang", [None] * len(TEXTS))
    expected = [defined(framework, encoder, *each, call) for each in zip(TEXTS, langs, strict=True)]
    assert_close(vectors, expected, "states")


def test_both_frameworks_give_the_same_vectors(demo: Path) -> None:
    if len(FRAMEWORKS) < 2:
        pytest.skip("needs two frameworks, and one is not installed")
    one, other = (
        framework.package.XLMSentenceEncoder.from_pretrained(demo).encode(TEXTS, lang=LANGS) for framework in FRAMEWORKS
    )

    assert_close(one, other, "states")


def test_a_model_with_a_head_gives_what_its_body_gives(loaded: tuple[Framework, Any], demo: Path) -> None:
    framework, encoder = loaded
    model = framework.model_class("XLMWithLMHeadModel").from_pretrained(demo)
    other = framework.package.XLMSentenceEncoder(model, XLMTokenizer.from_pretrained(demo))

    assert_close(other.encode(TEXTS[0]), encoder.encode(TEXTS[0]), "exact")


def test_tensors_are_of_the_framework(loaded: tuple[Framework, Any]) -> None:
    framework, encoder = loaded

    tensor = encoder.encode(TEXTS, output="tensor")

    assert type(tensor) is type(framework.tensor(np.zeros(1)))
    assert_close(framework.array(tensor), encoder.encode(TEXTS), "exact")


def test_a_table_gets_the_column(loaded: tuple[Framework, Any], demo: Path) -> None:
    """The class that a worker of Ray Data makes for itself."""
    framework, encoder = loaded
    embedder = framework.package.XLMTextEmbedder(demo, lang="de", text_column="satz")

    table = embedder({"satz": np.array(TEXTS[:2])})

    assert_close(table["embedding"], encoder.encode(TEXTS[:2], lang="de"), "exact")


def test_what_is_no_model_is_refused(loaded: tuple[Framework, Any], demo: Path) -> None:
    framework, encoder = loaded
    make = framework.package.XLMSentenceEncoder

    with pytest.raises(InputError, match=r"`model` must be an .*XLMPreTrainedModel; got a str"):
        make("xlm-demo", encoder.tokenizer)
    with pytest.raises(InputError, match="`tokenizer` must be an XLMTokenizer, or where to find one; got None"):
        make(encoder.run.model, None)
