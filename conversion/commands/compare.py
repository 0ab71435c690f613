"""``compare``: whether two checkpoints hold the same weights, and if not, which differ."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from ..answers import Answer, columns, shape, some
from ..options import add_pair, new_parser

if TYPE_CHECKING:
    from ..comparing import Comparison
    from ..sources import Source

EXAMPLES = """\
  xlm-convert compare xlm-demo demo-tf
  xlm-convert compare xlm-demo demo-tf --tolerance 1e-3 --json
"""
FURTHEST = 10
"""How many of the weights that differ are listed."""


def add_parser(commands: Any) -> None:
    """Its arguments."""
    parser = new_parser(
        commands,
        "compare",
        run,
        summary="compare the weights of two checkpoints",
        description="Compare the weights of two checkpoints, which may be of different formats. Number formats are "
        "told and may differ; the exit status is 0 if the numbers are the same, 1 if not.",
        examples=EXAMPLES,
    )
    add_pair(parser)


def run(options: argparse.Namespace) -> Answer:
    """Compare two models' weights."""
    from ..comparing import compare
    from ..sources import open_source

    first, second = open_source(options.first), open_source(options.second)
    found = compare(first.checkpoint, second.checkpoint, options.tolerance, False if options.quiet else None)
    table = {"first": str(first.path), "second": str(second.path), **found.table()}
    return Answer(lines(first, second, found), table, int(not found.is_same))


def lines(first: Source, second: Source, found: Comparison) -> list[str]:
    """For people."""
    kinds = sorted(set(found.dtypes.values()))
    formats = [f"{len(found.dtypes)}: {some([f'{a} and {b}' for a, b in kinds])}"] if kinds else []
    rows = [
        ("A", f"{first.path} ({first.format})"),
        ("B", f"{second.path} ({second.format})"),
        *_counted("only in A", found.only_in_first),
        *_counted("only in B", found.only_in_second),
        *_counted("other shape", [f"{name} ({shape(a)}, {shape(b)})" for name, (a, b) in found.shapes.items()]),
        *(("other dtype", text) for text in formats),
        *_counted("left out", found.left_out),
        ("compared", f"{len(found.differences)} weights; the largest difference is {found.largest:.3g}"),
        *((f"{found.differences[name]:.3g}", name) for name in found.different[:FURTHEST]),
        ("verdict", _verdict(found)),
    ]
    return columns(rows)


def _counted(title: str, names: Any) -> list[tuple[str, str]]:
    return [(title, f"{len(names)}: {some(list(names))}")] if names else []


def _verdict(found: Comparison) -> str:
    within = f", within {found.tolerance:g}" if found.tolerance else ""
    if found.is_same:
        return f"the same weights{within}"
    return f"different: {len(found.different)} of the compared weights{within and f' by more than {found.tolerance:g}'}"
