"""What the commands' parsers share."""

from __future__ import annotations

import argparse
from typing import Any

DTYPES = ("float32", "bfloat16", "float16", "float64")


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


def add_input(
    parser: argparse.ArgumentParser,
    *,
    text: str = "a text",
    fields: str = "`text`, `text_pair`, `lang`",
) -> None:
    """Where texts come from: arguments, files, or else standard input; and what becomes of bad ones."""
    parser.add_argument(
        "texts", nargs="*", metavar="TEXT", help=f"{text}; without any, files or standard input are read"
    )
    parser.add_argument(
        "--file",
        action="append",
        default=[],
        metavar="PATH",
        help="a file with a text on each line; - is standard input",
    )
    parser.add_argument("--jsonl", action="store_true", help=f"lines are JSON: a string, or an object with {fields}")
    parser.add_argument("--keep-going", action="store_true", help="report a bad text and go on with the next")


def add_lang(parser: argparse.ArgumentParser) -> None:
    """``--lang``, for commands that read no pairs."""
    parser.add_argument("--lang", help="language of the texts; in JSON lines, of those that do not say")
    parser.set_defaults(pair=False, pair_lang=None)


def add_pairs(parser: argparse.ArgumentParser) -> None:
    """``--lang``, and what says that there are pairs and what language their second texts are in."""
    add_lang(parser)
    parser.add_argument("--pair", action="store_true", help="lines have two texts with a tab between them")
    parser.add_argument("--pair-lang", metavar="LANG", help="language of second texts (default: that of the first)")


def add_computing(parser: argparse.ArgumentParser, usual: int = 8, *, in_tokens: bool = True) -> None:
    """How a model computes, and ``--json``; and a way to refuse options that do not go together.

    usual: texts in a batch where nobody says. in_tokens: whether ``--max-tokens`` may say it.
    """
    where = f"{usual}, with --max-tokens no limit" if in_tokens else str(usual)
    parser.add_argument(
        "--batch-size",
        type=positive,
        metavar="N",
        help=f"texts at a time; with 1, each is answered as it comes (default: {where})",
    )
    if in_tokens:
        parser.add_argument(
            "--max-tokens", type=positive, metavar="N", help="as many texts at a time as fill N positions"
        )
    parser.set_defaults(max_tokens=None, usual_batch_size=usual)
    parser.add_argument("--device", metavar="NAME", help="where to compute, as the framework calls it")
    parser.add_argument("--dtype", choices=DTYPES, help="what to compute in (default: float32)")
    parser.add_argument("--json", action="store_true", help="one line of JSON for each text")
    parser.set_defaults(refuse=parser.error)


def given(options: argparse.Namespace, *names: str) -> dict[str, Any]:
    """The options of these names that the command line has, or that have a default."""
    return {name: value for name in names if (value := getattr(options, name)) is not None}


def count_or_all(value: str) -> int | str:
    """A whole number, or ``"all"``."""
    return value if value == "all" else int(value)


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
