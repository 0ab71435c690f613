"""``ner``: the names in each text, or whatever else a model labels words with."""

from __future__ import annotations

import argparse
from typing import Any

from .answering import Task, answer, as_json, as_lines
from .framework import Framework, load_pipeline
from .options import add_computing, add_input, add_lang, add_model, given, new_parser
from .streams import Parser, Text

EXAMPLES = """\
  PROGRAM ner --model my-tagger --lang en "A man in Prague is riding a bike."
  PROGRAM ner --model my-tagger --lang en --aggregation first --stride 32 --json --file texts.txt > names.jsonl
"""


def add_parser(commands: Any, program: str) -> None:
    """Its arguments."""
    parser = new_parser(
        commands,
        "ner",
        program,
        help="the names in each text, or other entities",
        description="Print the entities of each text: the probability, the label, the words, and the characters from "
        "which to which they go.",
        examples=EXAMPLES,
    )
    add_input(parser, fields="`text`, `lang`")
    add_model(parser)
    add_lang(parser)
    parser.add_argument(
        "--aggregation",
        choices=("none", "simple", "first", "average", "max"),
        default="simple",
        help="how tokens become entities; with none, each token is printed (default: %(default)s)",
    )
    parser.add_argument(
        "--ignore-labels", type=_labels, metavar="A,B,…", help="labels to leave out, with commas (default: O)"
    )
    parser.add_argument("--stride", type=int, metavar="N", help="read long texts in windows that share N tokens")
    add_computing(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, framework: Framework) -> int:
    """Print the entities of each text."""
    tagger = load_pipeline("token-classification", options, framework)
    asked = given(options, "ignore_labels", "stride")
    task = Task(
        Parser(options.jsonl),
        lambda items: tagger(items, aggregation_strategy=options.aggregation, show_progress=False, **asked),
        _as_json if options.json else _as_text,
    )
    return answer(options, tagger.tokenizer, task)


def _labels(value: str) -> list[str]:
    return [label for label in value.split(",") if label]


def _as_json(text: Text, entities: Any) -> str:
    return as_json(text, entities=[dict(each) for each in entities])


def _as_text(text: Text, entities: Any) -> str:
    return as_lines(text, (_entity(dict(each)) for each in entities))


def _entity(found: dict[str, Any]) -> str:
    """An entity, or a token with its label."""
    label = found.get("entity_group") or found["entity"]
    return f"{found['score']:.4f}  {label}  {found['word']}  {found['start']}-{found['end']}"
