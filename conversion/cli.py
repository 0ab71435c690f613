"""``xlm-convert``: parser, dispatch and exit codes; nothing heavy is imported before a command runs."""

from __future__ import annotations

import argparse
import json
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from xlm_core.errors import XLMError

from .answers import Answer
from .commands import COMMANDS

PROGRAM = "xlm-convert"
INTERRUPTED = 130
"""What shells report of a program that was stopped with Ctrl-C."""
NO_BARS = "HF_HUB_DISABLE_PROGRESS_BARS"
"""What keeps the Hub's client from showing how far a download is; it reads this when it is imported."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 if it worked, 1 if the input was at fault or two models differ, 2 for a wrong command line.

    130 after Ctrl-C, as in a shell. ``argv`` is what comes after the program's name, None what it was called with.
    """
    options = make_parser().parse_args(argv)
    if options.quiet or not sys.stderr.isatty():
        os.environ.setdefault(NO_BARS, "1")
    try:
        with _warnings_in_one_line():
            answer = options.run(options)
        _print(answer, options)
    except XLMError as error:
        _complain(str(error))
        return 1
    except KeyboardInterrupt:
        _complain("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        return _reader_has_gone()
    return int(answer.status)


def make_parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    parser = argparse.ArgumentParser(
        prog=PROGRAM, description="Convert, inspect and compare the weights of XLM models, in any of their formats."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for module in COMMANDS:
        module.add_parser(commands)
    return parser


def _print(answer: Answer, options: argparse.Namespace) -> None:
    if options.json:
        print(json.dumps(answer.table, ensure_ascii=False))
    elif not options.quiet:
        print("\n".join(answer.lines))
    sys.stdout.flush()


def _complain(message: object) -> None:
    print(f"{PROGRAM}: {message}", file=sys.stderr)


@contextmanager
def _warnings_in_one_line() -> Iterator[None]:
    """Say what the library warns of as the program's own remarks, without a line of source code."""

    def show(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        _complain(message)

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = show
        yield


def _reader_has_gone() -> int:
    """Whoever read our output has closed it, as ``head`` does; Python must not try to flush the rest at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1
