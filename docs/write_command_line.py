"""Writes the reference page of the command line from what ``--help`` prints; a test compares the two."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from xlm_core.cli import make_parser

PAGE = Path(__file__).parent / "reference" / "command-line.md"
INTRODUCTION = """# Command line

`python -m xlm_torch` computes with PyTorch and `python -m xlm_tf` with TensorFlow; all else is the same. Results go to
standard output. The exit status is 0 if all went well, 1 if the input was at fault, which one line on standard error
explains, and 2 for a command line that cannot be read.

This page is what `--help` prints, written by `docs/write_command_line.py`.
"""


def page() -> str:
    """The whole page: the parser's help, then that of each command."""
    os.environ |= {"COLUMNS": "100", "NO_COLOR": "1"}
    parser = make_parser("xlm_torch")
    parsers = {"python -m xlm_torch": parser}
    parsers |= {f"python -m xlm_torch {name}": command for name, command in commands_of(parser).items()}
    sections = (f"## `{name}`\n\n```text\n{each.format_help().rstrip()}\n```\n" for name, each in parsers.items())
    return "\n".join([INTRODUCTION, *sections])


def commands_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The parsers of a parser's commands, by name."""
    groups = [action.choices for action in parser._actions if action.dest == "command"]  # noqa: SLF001  no public way
    return dict(groups[0] or {})


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
