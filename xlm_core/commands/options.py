"""What the commands' parsers share."""

from __future__ import annotations

import argparse
from typing import Any


def new_parser(commands: Any, name: str, program: str, *, help: str, description: str, examples: str) -> Any:  # noqa: A002  argparse calls it so
    """A command's parser, whose help ends with examples; ``PROGRAM`` in them is the way to call the command line."""
    return commands.add_parser(
        name,
        help=help,
        description=description,
        epilog="examples:\n" + examples.replace("PROGRAM", f"python -m {program}").rstrip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_model(parser: argparse.ArgumentParser) -> None:
    """``--model``."""
    parser.add_argument("--model", default="xlm-demo", help="folder, Hub id or built-in name (default: %(default)s)")


def add_input(parser: argparse.ArgumentParser) -> None:
    """Where texts come from: arguments, files, or else standard input; and what becomes of bad ones."""
    parser.add_argument(
        "texts", nargs="*", metavar="TEXT", help="a text; without any, files or standard input are read"
    )
    parser.add_argument(
        "--file",
        action="append",
        default=[],
        metavar="PATH",
        help="a file with a text on each line; - is standard input",
    )
    parser.add_argument(
        "--jsonl", action="store_true", help="lines are JSON: a string, or an object with `text`, `text_pair`, `lang`"
    )
    parser.add_argument("--keep-going", action="store_true", help="report a bad text and go on with the next")


def codes(value: str) -> str | list[str]:
    """A language code, or several with commas between them."""
    found = value.split(",")
    if not all(found):
        raise argparse.ArgumentTypeError(f"must be language codes with commas between them; got {value!r}")
    return found if len(found) > 1 else value


def positive(value: str) -> int:
    """A whole number ≥ 1."""
    number = int(value)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1; got {value}")
    return number
