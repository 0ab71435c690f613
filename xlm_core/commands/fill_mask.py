"""``fill-mask``: the likeliest words for each mask."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .options import add_model, new_parser

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
    parser.add_argument("texts", nargs="+", metavar="TEXT", help="a text with one [MASK] or more")
    add_model(parser)
    parser.add_argument("--lang", help="language of the texts")
    parser.add_argument("--top-k", type=int, default=5, metavar="K", help="words per mask (default: %(default)s)")
    parser.add_argument("--targets", nargs="+", metavar="WORD", help="consider only these words")
    parser.add_argument("--batch-size", type=int, default=8, metavar="N", help="texts at a time (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="one line of JSON for each text")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, pipeline: Callable[..., Any]) -> int:
    """Print the words for each text."""
    unmasker = pipeline("fill-mask", options.model, batch_size=options.batch_size)
    results = unmasker(options.texts, lang=options.lang, top_k=options.top_k, targets=options.targets)
    for text, found in zip(options.texts, results, strict=True):
        masks = found if isinstance(found[0], list) else [found]
        print(_as_json(text, masks) if options.json else _as_text(text, masks))
    return 0


def _as_json(text: str, masks: list[list[FillMaskResult]]) -> str:
    return json.dumps({"text": text, "masks": [[dict(each) for each in mask] for mask in masks]}, ensure_ascii=False)


def _as_text(text: str, masks: list[list[FillMaskResult]]) -> str:
    """The text, then for each mask its words, one a line."""
    lines = [f"  {each.score:.4f}  {each.token_str}" for mask in masks for each in mask]
    return "\n".join([text, *lines])
