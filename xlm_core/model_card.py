"""The page that goes with a model on the Hub, made of what the model knows about itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from .config import XLMConfig


@dataclass(frozen=True)
class _Task:
    """What a page says about a kind of head: the Hub's name for the task, our class, and a sentence."""

    tag: str
    model: str
    sentence: str


_TASKS: Mapping[str | None, _Task] = MappingProxyType(
    {
        None: _Task("feature-extraction", "XLMModel", "It gives a vector for each piece of a text."),
        "language-modeling": _Task("fill-mask", "XLMWithLMHeadModel", "It finds the words that are hidden in a text."),
        "sequence-classification": _Task(
            "text-classification", "XLMForSequenceClassification", "It gives a text one of its labels."
        ),
        "multiple-choice": _Task("multiple-choice", "XLMForMultipleChoice", "It chooses one of several texts."),
        "token-classification": _Task(
            "token-classification", "XLMForTokenClassification", "It gives each piece of a text one of its labels."
        ),
        "question-answering-simple": _Task(
            "question-answering", "XLMForQuestionAnsweringSimple", "It finds the answer to a question in a text."
        ),
        "question-answering": _Task(
            "question-answering",
            "XLMForQuestionAnswering",
            "It finds the answer to a question in a text, or that there is none.",
        ),
    }
)
_CAUSAL = _Task("text-generation", "XLMWithLMHeadModel", "It continues a text.")


def model_card(
    config: XLMConfig, task: str | None, name: str, *, license_id: str | None = None, tags: Sequence[str] = ()
) -> str:
    """The page of a model called ``name``, in Markdown, with the Hub's fields in YAML before it.

    ``license_id`` is an identifier of the Hub, such as "cc-by-nc-4.0"; it is left out if it is not known. ``tags`` are
    added to those that follow from the config.
    """
    kind = _CAUSAL if task == "language-modeling" and config.causal else _TASKS[task]
    parts = [_fields(config, kind, license_id, tags), f"# {name.rpartition('/')[2]}", _summary(config, kind)]
    if task is not None and "classification" in task:
        parts.append(_labels(config))
    return "\n\n".join([*parts, _usage(kind, name)]) + "\n"


def _fields(config: XLMConfig, kind: _Task, license_id: str | None, tags: Sequence[str]) -> str:
    languages = _yaml_list("language", sorted(config.lang2id or ()))
    licence = [f"license: {license_id}"] if license_id else []
    labels = _yaml_list("tags", list(dict.fromkeys(["xlm", *tags])))
    return "\n".join(["---", *languages, *licence, "library_name: xlm", f"pipeline_tag: {kind.tag}", *labels, "---"])


def _yaml_list(key: str, values: Sequence[str]) -> list[str]:
    """Quoted, since YAML takes `no`, Norwegian, for a truth value."""
    return [f"{key}:", *(f'  - "{value}"' for value in values)] if values else []


def _summary(config: XLMConfig, kind: _Task) -> str:
    languages = ", ".join(sorted(config.lang2id or ())) or "not told apart by the model"
    rows = {
        "class": f"`{kind.model}`, `TF{kind.model}`",
        "languages": languages,
        "layers × width, heads": f"{config.n_layers} × {config.emb_dim}, {config.n_heads}",
        "vocabulary, longest text": f"{config.vocab_size:,} pieces, {config.max_position_embeddings} positions",
    }
    table = "\n".join(f"| {name} | {value} |" for name, value in rows.items())
    return f"An XLM (cross-lingual language model, arXiv 1901.07291). {kind.sentence}\n\n| | |\n| --- | --- |\n{table}"


def _labels(config: XLMConfig) -> str:
    labels = ", ".join(f"`{label}`" for _, label in sorted((config.id2label or {}).items()))
    return f"Labels: {labels}."


def _usage(kind: _Task, name: str) -> str:
    return f"""## How to use it

```python
from xlm_core import XLMTokenizer
from xlm_torch import {kind.model}  # in TensorFlow: from xlm_tf import TF{kind.model}

tokenizer = XLMTokenizer.from_pretrained("{name}")
model = {kind.model}.from_pretrained("{name}")
```"""
