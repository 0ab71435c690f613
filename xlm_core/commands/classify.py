"""``classify``: the label of each text, one of those that a model was trained with or one that is given."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from .answering import Item, Task, answer, as_json, as_lines
from .framework import Framework, load_pipeline
from .options import add_computing, add_input, add_model, add_pairs, count_or_all, given, new_parser
from .streams import Parser, Text

EXAMPLES = """\
  PROGRAM classify --model my-classifier --lang en "A man is riding a bike." "It is raining."
  PROGRAM classify --model my-nli-model --lang en --candidate-labels "sport, food" --json "A man is riding a bike."
"""

Labels = list[dict[str, Any]]
"""Labels and their scores, best first."""

_TRAINED = ("function_to_apply", "truncation", "pair")
_GIVEN = ("hypothesis_template", "multi_label")


def add_parser(commands: Any, program: str) -> None:
    """Its arguments."""
    parser = new_parser(
        commands,
        "classify",
        program,
        help="the label of each text, or of each pair",
        description="Print the likeliest label of each text, or of each pair of texts. With --candidate-labels, tell "
        "which of these fit, by a model that was trained to tell whether one sentence follows from another.",
        examples=EXAMPLES,
    )
    add_input(parser)
    add_model(parser)
    add_pairs(parser)
    parser.add_argument(
        "--top-k", type=count_or_all, metavar="K", help="how many labels, or `all` (default: 1, of candidates all)"
    )
    parser.add_argument("--function-to-apply", choices=("sigmoid", "softmax", "none"), help="default: the config's")
    parser.add_argument("--truncation", action="store_true", default=None, help="cut texts that are too long")
    parser.add_argument("--candidate-labels", metavar="A,B,…", help="choose among these, with commas between them")
    parser.add_argument("--hypothesis-template", metavar="TEXT", help='default: "This example is {}."')
    parser.add_argument(
        "--multi-label", action="store_true", default=None, help="each candidate may hold, whatever the others"
    )
    add_computing(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, framework: Framework) -> int:
    """Print the labels of each text."""
    is_open = options.candidate_labels is not None
    _refuse(options, _TRAINED if is_open else _GIVEN, "has no effect with" if is_open else "needs")
    task = "zero-shot-classification" if is_open else "text-classification"
    classifier = load_pipeline(task, options, framework)
    compute = _candidates if is_open else _trained
    return answer(
        options,
        classifier.tokenizer,
        Task(
            Parser(options.jsonl, options.pair),
            lambda items: compute(classifier, items, options),
            _as_json if options.json else _as_text,
        ),
    )


def _refuse(options: argparse.Namespace, names: tuple[str, ...], relation: str) -> None:
    for name in names:
        if getattr(options, name):
            options.refuse(f"--{name.replace('_', '-')} {relation} --candidate-labels")


def _trained(classifier: Any, items: list[Item], options: argparse.Namespace) -> list[Labels]:
    found = classifier(
        items,
        top_k=None if options.top_k == "all" else options.top_k or 1,
        show_progress=False,
        **given(options, "function_to_apply", "truncation"),
    )
    return [[dict(each) for each in labels] for labels in found]


def _candidates(classifier: Any, items: list[Item], options: argparse.Namespace) -> list[Labels]:
    found = classifier(items, options.candidate_labels, show_progress=False, **given(options, *_GIVEN))
    most = None if options.top_k == "all" else options.top_k
    return [_ranked(each)[:most] for each in found]


def _ranked(found: Mapping[str, Any]) -> Labels:
    return [{"label": label, "score": score} for label, score in zip(found["labels"], found["scores"], strict=True)]


def _as_json(text: Text, labels: Labels) -> str:
    return as_json(text, labels=labels)


def _as_text(text: Text, labels: Labels) -> str:
    return as_lines(text, (f"{each['score']:.4f}  {each['label']}" for each in labels))
