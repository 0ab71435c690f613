"""The command line that both frameworks share: ``python -m xlm_torch …`` and ``python -m xlm_tf …``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

from .errors import XLMError
from .pipelines import FillMaskResult, Pipeline


def main(argv: Sequence[str], program: str, pipeline: Callable[..., Pipeline[Any, Any]]) -> int:
    """Run one command; 0 if it worked, 1 if the input was at fault, 2 for a wrong command line."""
    options = make_parser(program).parse_args(argv)
    try:
        return int(options.run(options, pipeline))
    except XLMError as error:
        print(f"{program}: {error}", file=sys.stderr)
        return 1


def make_parser(program: str) -> argparse.ArgumentParser:
    """The parser of ``python -m program``."""
    parser = argparse.ArgumentParser(prog=f"python -m {program}", description="XLM on the command line.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    _add_fill_mask(commands, program)
    return parser


def _add_fill_mask(commands: Any, program: str) -> None:
    parser = commands.add_parser(
        "fill-mask",
        help="the likeliest words for each [MASK]",
        description="Print the likeliest words for each mask of each text, with their probabilities.",
        epilog=f"""examples:
  python -m {program} fill-mask --lang fr "Un homme fait du [MASK]."
  python -m {program} fill-mask --lang en --top-k 3 --json "A [MASK] is sleeping." "Two men [MASK] chess."
""",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("texts", nargs="+", metavar="TEXT", help="a text with one [MASK] or more")
    parser.add_argument("--model", default="xlm-demo", help="folder, Hub id or built-in name (default: %(default)s)")
    parser.add_argument("--lang", help="language of the texts")
    parser.add_argument("--top-k", type=int, default=5, metavar="K", help="words per mask (default: %(default)s)")
    parser.add_argument("--targets", nargs="+", metavar="WORD", help="consider only these words")
    parser.add_argument("--batch-size", type=int, default=8, metavar="N", help="texts at a time (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="one line of JSON for each text")
    parser.set_defaults(run=_fill_mask)


def _fill_mask(options: argparse.Namespace, pipeline: Callable[..., Pipeline[Any, Any]]) -> int:
    unmasker: Any = pipeline("fill-mask", options.model, batch_size=options.batch_size)
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
