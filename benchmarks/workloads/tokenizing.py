"""Texts to ids, one by one, with warm memories; `benchmarks/tokenizer.py` looks closer, language by language."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.sizes import Case
from benchmarks.steps import Step

TASK = None
DEMO = Path(__file__).parents[2] / "examples" / "xlm-demo"
SENTENCES = [
    "Mr. Smith didn't say when the U.S. team would arrive, did he?",
    "A man rides a bicycle down the street.",
    "L'eau de l'étang n'est qu'à 5 % salée, dit-on.",
    "Er sagte: „Ich weiß es nicht.“ Dann ging er nach Hause.",
]


def work(case: Case) -> None:
    """No products."""


def ours(case: Case, folder: Path) -> Step:
    from xlm_core import XLMTokenizer

    return _called(XLMTokenizer.from_pretrained(DEMO, input_format="transformers-4", lang2id=None, id2lang=None))


def hugging_face(case: Case, folder: Path) -> Step:
    from transformers import XLMTokenizer

    files = (str(DEMO / name) for name in ("vocab.json", "merges.txt"))
    return _called(XLMTokenizer(*files, do_lowercase_and_remove_accent=True))


def _called(tokenizer: Any) -> Step:
    return Step(lambda: [number for text in SENTENCES for number in tokenizer(text)["input_ids"]])


VARIANTS = {"ours": ours, "hf-eager": hugging_face}
