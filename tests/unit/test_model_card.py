"""The page that goes with a model says what the model is, in a form that the Hub understands."""

from __future__ import annotations

import pytest
from huggingface_hub import ModelCard

from tiny import CONFIG
from xlm_core.manifest import HEADS
from xlm_core.model_card import model_card

TASKS = {
    None: "feature-extraction",
    "language-modeling": "fill-mask",
    "sequence-classification": "text-classification",
    "multiple-choice": "multiple-choice",
    "token-classification": "token-classification",
    "question-answering-simple": "question-answering",
    "question-answering": "question-answering",
}


def test_every_head_has_a_page() -> None:
    assert set(TASKS) == {None, *HEADS}


@pytest.mark.parametrize("task", TASKS)
def test_the_hub_reads_the_fields(task: str | None) -> None:
    config = CONFIG.replace(lang2id={"no": 0, "en": 1}, n_langs=2)

    data = ModelCard(model_card(config, task, "someone/a-model", license_id="mit", tags=["nli"])).data.to_dict()

    assert data == {
        "language": ["en", "no"],
        "license": "mit",
        "library_name": "xlm",
        "pipeline_tag": TASKS[task],
        "tags": ["xlm", "nli"],
    }


def test_what_is_not_known_is_left_out() -> None:
    card = model_card(CONFIG.replace(lang2id=None, n_langs=1), None, "a-model")

    assert ModelCard(card).data.to_dict().keys() == {"library_name", "pipeline_tag", "tags"}
    assert "license" not in card


def test_a_causal_model_generates_text() -> None:
    assert "pipeline_tag: text-generation" in model_card(CONFIG.replace(causal=True), "language-modeling", "a-model")


def test_a_classifier_lists_its_labels_in_order() -> None:
    config = CONFIG.replace(id2label={0: "contradiction", 1: "entailment"})

    assert "Labels: `contradiction`, `entailment`." in model_card(config, "sequence-classification", "a-model")


def test_the_page_shows_how_to_load_the_model() -> None:
    card = model_card(CONFIG, "language-modeling", "someone/a-model")

    assert "# a-model" in card
    assert 'model = XLMWithLMHeadModel.from_pretrained("someone/a-model")' in card
