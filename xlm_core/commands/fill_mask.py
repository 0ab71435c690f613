"""``fill-mask``: the likeliest words for each mask."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from .answering import Task, answer, as_json, as_lines
from .framework import Framework, load_pipeline
from .options import add_computing, add_input, add_model, add_pairs, new_parser
from .streams import Parser, Text

if TYPE_CHECKING:
    from ..pipelines import FillMaskResult

EXAMPLES = """\
  PROGRAM fill-mask --lang fr "Un homme fait du [MASK]."
  PROGRAM fill-mask --lang en --top-k 3 --json "A [MASK] is sleeping." "Two men [MASK] chess."
"""


def add_parser(commands: Any, program: str) -> None:
    """Its arguments."""
    parser = new_parser(
        commands,
        "fill-mask",
        program,
        help="the likeliest words for each [MASK]",
        description="Print the likeliest words for each mask of each text, with their probabilities.",
        examples=EXAMPLES,
    )
    add_input(parser, text="a text with one [MASK] or more")
    add_model(parser)
    add_pairs(parser)
    parser.add_argument("--top-k", type=int, default=5, metavar="K", help="words per mask (default: %(default)s)")
    parser.add_argument("--targets", nargs="+", metavar="WORD", help="consider only these words")
    add_computing(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, framework: Framework) -> int:
    """Print the words for each text."""
    unmasker = load_pipeline("fill-mask", options, framework)
    asked = {"lang": options.lang, "top_k": options.top_k, "targets": options.targets}
    task = Task(
        Parser(options.jsonl, options.pair),
        lambda items: unmasker(items, **asked, show_progress=False),
        _as_json if options.json else _as_text,
    )
    return answer(options, unmasker.tokenizer, task)


def _masks(found: Any) -> list[list[FillMaskResult]]:
    return found if isinstance(found[0], list) else [found]


def _as_json(text: Text, found: Any) -> str:
    return as_json(text, masks=[[dict(each) for each in mask] for mask in _masks(found)])


def _as_text(text: Text, found: Any) -> str:
    return as_lines(text, (f"{each.score:.4f}  {each.token_str}" for mask in _masks(found) for each in mask))
