"""The command line of the core and of both frameworks: ``python -m xlm_core``, ``xlm_torch``, ``xlm_tf``."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from io import TextIOWrapper

from .commands import COMMANDS, MODEL_COMMANDS
from .commands.framework import Framework
from .errors import XLMError


def main(argv: Sequence[str], program: str, framework: Framework | None = None) -> int:
    """Run one command; 0 if it worked, 1 if the input was at fault, 2 for a wrong command line.

    Without a framework there are only the commands that need no model.
    """
    options = make_parser(program, with_models=framework is not None).parse_args(argv)
    _print_utf_8()
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _in_one_line(program)
            return int(options.run(options, framework))
    except XLMError as error:
        print(f"{program}: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        return _reader_has_gone()


def make_parser(program: str, *, with_models: bool = True) -> argparse.ArgumentParser:
    """The parser of ``python -m program``."""
    parser = argparse.ArgumentParser(prog=f"python -m {program}", description="XLM on the command line.")
    parser.set_defaults(program=program)
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for module in (*(MODEL_COMMANDS if with_models else ()), *COMMANDS):
        module.add_parser(commands, program)
    return parser


def _in_one_line(program: str) -> Callable[..., None]:
    """Shows a warning without the line of code that it came from."""

    def show(message: Warning | str, *_: object, **__: object) -> None:
        print(f"{program}: warning: {message}", file=sys.stderr)

    return show


def _print_utf_8() -> None:
    """Results are UTF-8 wherever they go, and on every system."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")


def _reader_has_gone() -> int:
    """Whoever read our output has closed it, as ``head`` does; Python must not try to flush the rest at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1
