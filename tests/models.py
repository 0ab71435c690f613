"""Small models in folders, with the tokenizer of the demonstration checkpoint, one for each command."""

from __future__ import annotations

from pathlib import Path

import tiny
from pipeline_cases import CONFIG, FOLLOWS, TAGS, TASKS
from xlm_core.formats.loading import save
from xlm_core.tokenizer import XLMTokenizer

MODELS = {
    "my-causal-model": ("XLMWithLMHeadModel", {"causal": True}),
    "my-classifier": ("XLMForSequenceClassification", {"id2label": {0: "good", 1: "bad", 2: "neither"}}),
    "my-nli-model": ("XLMForSequenceClassification", {"id2label": FOLLOWS}),
    "my-reader": ("XLMForQuestionAnsweringSimple", {}),
    "my-tagger": ("XLMForTokenClassification", {"id2label": TAGS}),
}
"""Folder → the class of the model and what is special about it."""


def write_models(folder: Path) -> Path:
    """All of them below a folder; weights are a function of their names."""
    tokenizer = XLMTokenizer.from_pretrained("xlm-demo")
    for name, (model, changes) in MODELS.items():
        config = CONFIG.replace(architectures=[model], lang2id=tokenizer.lang2id, **changes)
        tokenizer.save_pretrained(folder / name)
        config.save_pretrained(folder / name)
        save(folder / name, tiny.weights(config, TASKS[model]))
    return folder
