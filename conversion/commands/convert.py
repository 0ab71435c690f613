"""``convert``: a model from any format into another, with its config and its tokenizer."""

from __future__ import annotations

import argparse
from typing import Any

from ..answers import Answer
from ..options import add_source, new_parser

FORMATS = ("safetensors", "torch", "tf", "keras", "original")
DTYPES = ("float16", "bfloat16", "float32", "float64")
EXAMPLES = """\
  xlm-convert convert xlm-demo demo-tf --to tf
  xlm-convert convert xlm-demo demo-half --to torch --dtype float32 --max-shard-size 5MB --dry-run
"""


def add_parser(commands: Any) -> None:
    """Its arguments."""
    parser = new_parser(
        commands,
        "convert",
        run,
        summary="convert a model into another format",
        description="Convert a model into another format, its config and its tokenizer with it, and tell what was done."
        " Weights are read and written one at a time; DST appears when all is written, and stays as it was if not.",
        examples=EXAMPLES,
    )
    add_source(parser)
    parser.add_argument("target", metavar="DST", help="folder to write to")
    parser.add_argument("--to", required=True, choices=FORMATS, help="format to write")
    parser.add_argument("--dtype", choices=DTYPES, help="number format to write (default: that of SRC)")
    parser.add_argument(
        "--max-shard-size", metavar="SIZE", help="split larger weights over several files (default: 5GB)"
    )
    parser.add_argument("--force", action="store_true", help="replace files of this kind that are in DST")
    parser.add_argument("--dry-run", action="store_true", help="tell what would be done, and write nothing")
    parser.add_argument("--leave-out", action="store_true", help="leave out weights that no XLM model has")
    _add_original(parser.add_argument_group("if SRC is a file of the original code"))


def _add_original(group: Any) -> None:
    group.add_argument("--codes", metavar="FILE", help="its merges (default: `codes` beside SRC)")
    group.add_argument("--vocab", metavar="FILE", help="its vocabulary (default: what the file holds)")
    group.add_argument(
        "--lowercase",
        action=argparse.BooleanOptionalAction,
        help="whether its texts were lower-cased, without accents (default: if no piece has a capital)",
    )
    group.add_argument(
        "--causal",
        action=argparse.BooleanOptionalAction,
        help="whether it looks to the left only (default: if it was trained so)",
    )


def run(options: argparse.Namespace) -> Answer:
    """Convert a model."""
    from ..converting import convert

    return convert(options).answer()
