"""Writes the reference page of the command line from what ``--help`` prints; a test compares the two."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import conversion.cli
import xlm_core.cli

PAGE = Path(__file__).parent / "reference" / "command-line.md"
INTRODUCTION = """# Command line

`python -m xlm_torch` computes with PyTorch and `python -m xlm_tf` with TensorFlow; all else is the same.
`python -m xlm_core` has the commands that need neither: `tokenize` and `train-tokenizer`. `xlm-convert` brings
checkpoints from one format into another. Results go to standard output. The exit status is 0 if all went well, 1 if
the input was at fault, which one line on standard error explains, and 2 for a command line that cannot be read.

This page is what `--help` prints, written by `docs/write_command_line.py`.
"""


def page() -> str:
    """The whole page: each program's help, then that of its commands."""
    os.environ |= {"COLUMNS": "100", "NO_COLOR": "1"}
    parsers = {
        **with_commands("python -m xlm_torch", xlm_core.cli.make_parser("xlm_torch")),
        **with_commands("xlm-convert", conversion.cli.make_parser()),
    }
    sections = (f"## `{name}`\n\n```text\n{each.format_help().rstrip()}\n```\n" for name, each in parsers.items())
    return "\n".join([INTRODUCTION, *sections])


def with_commands(program: str, parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The parsers of a program and of each of its commands, by what one types."""
    return {program: parser, **{f"{program} {name}": command for name, command in commands_of(parser).items()}}


def commands_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The parsers of a parser's commands, by name."""
    groups = [action.choices for action in parser._actions if action.dest == "command"]  # noqa: SLF001  no public way
    return dict(groups[0] or {})


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
