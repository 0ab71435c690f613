"""What the commands' parsers share."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from .answers import Answer

SOURCE_HELP = "folder, weight file, Hub id or built-in name"


def new_parser(
    commands: Any,
    name: str,
    run: Callable[[argparse.Namespace], Answer],
    *,
    summary: str,
    description: str,
    examples: str,
) -> argparse.ArgumentParser:
    """A command's parser, whose help ends with examples, with the options that every command has."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=description,
        epilog="examples:\n" + examples.rstrip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object for programs")
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")
    parser.set_defaults(run=run)
    return parser


def add_source(parser: argparse.ArgumentParser) -> None:
    """``SRC`` and where on the Hub it lies."""
    parser.add_argument("source", metavar="SRC", help=SOURCE_HELP)
    add_hub(parser)


def add_pair(parser: argparse.ArgumentParser) -> None:
    """``A``, ``B`` and how far their numbers may be apart."""
    parser.add_argument("first", metavar="A", help=SOURCE_HELP)
    parser.add_argument("second", metavar="B", help="the same")
    parser.add_argument(
        "--tolerance",
        type=distance,
        default=0.0,
        metavar="X",
        help="largest difference of weights that counts as none (default: %(default)s)",
    )


def add_hub(parser: argparse.ArgumentParser) -> None:
    """Which version of a repository on the Hub."""
    parser.add_argument("--revision", metavar="REV", help="branch, tag or commit of a Hub id")
    parser.add_argument("--subfolder", default="", metavar="NAME", help="folder of the model within SRC")
    parser.add_argument("--token", help="token for the Hub (default: that of `hf auth login`)")


def distance(value: str) -> float:
    """A number ≥ 0."""
    number = float(value)
    if not number >= 0:
        raise argparse.ArgumentTypeError(f"must be 0 or more; got {value}")
    return number
