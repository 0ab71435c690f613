"""``verify``: whether two checkpoints are the same model: the same weights, and the same outputs in every framework."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from itertools import combinations
from typing import TYPE_CHECKING, Any

from ..answers import Answer, columns
from ..options import add_pair, distance, new_parser
from . import compare as compare_command

if TYPE_CHECKING:
    from ..running import Framework
    from ..sources import Source

EXAMPLES = """\
  xlm-convert verify xlm-demo demo-tf
  xlm-convert verify xlm-demo demo-tf --logits-tolerance 1e-5 --json
"""


def add_parser(commands: Any) -> None:
    """Its arguments."""
    parser = new_parser(
        commands,
        "verify",
        run,
        summary="check that two checkpoints are the same model",
        description="Compare the weights of two checkpoints, and what both compute for a fixed batch in PyTorch and in "
        "TensorFlow, as far as they are installed. The exit status is 0 if they are the same model, 1 if not.",
        examples=EXAMPLES,
    )
    add_pair(parser)
    parser.add_argument(
        "--logits-tolerance",
        type=distance,
        default=1e-4,
        metavar="X",
        help="largest difference of outputs that counts as none, relative to the largest output (default: %(default)s)",
    )


def run(options: argparse.Namespace) -> Answer:
    """Compare two models."""
    from ..comparing import compare
    from ..sources import open_source

    first, second = open_source(options.first), open_source(options.second)
    found = compare(first.checkpoint, second.checkpoint, options.tolerance, False if options.quiet else None)
    distances, scale = _distances(first, second) if found.is_same else ({}, 1.0)
    apart = [pair for pair, value in distances.items() if not value <= options.logits_tolerance * scale]
    table = {
        "first": str(first.path),
        "second": str(second.path),
        "same": found.is_same and not apart,
        "weights": found.table(),
        "logits": _table(distances, options.logits_tolerance, scale),
    }
    lines = [*compare_command.lines(first, second, found), *_lines(distances, found.is_same, bool(apart))]
    return Answer(lines, table, int(not table["same"]))


def _distances(first: Source, second: Source) -> tuple[dict[tuple[str, str], float], float]:
    """The largest difference between the outputs of any two of A and B in every framework, and the largest output."""
    from ..running import FRAMEWORKS, fixed_batch, largest, largest_difference

    batch = fixed_batch(first.config, first.task)
    outputs = {
        f"{name} in {framework.title}": framework.outputs(source, batch)
        for framework in _installed(FRAMEWORKS)
        for name, source in (("A", first), ("B", second))
    }
    pairs = {(one, two): largest_difference(outputs[one], outputs[two]) for one, two in combinations(outputs, 2)}
    return pairs, max(map(largest, outputs.values()), default=1.0)


def _installed(frameworks: tuple[Framework, ...]) -> list[Framework]:
    return [framework for framework in frameworks if framework.is_installed]


def _table(distances: Mapping[tuple[str, str], float], tolerance: float, scale: float) -> dict[str, Any]:
    from ..comparing import for_json

    return {
        "tolerance": tolerance,
        "largest_output": for_json(scale),
        "largest_difference": for_json(max(distances.values())) if distances else None,
        "pairs": [{"between": pair, "largest_difference": for_json(value)} for pair, value in distances.items()],
    }


def _lines(distances: Mapping[tuple[str, str], float], weights_are_same: bool, is_apart: bool) -> list[str]:
    if not weights_are_same:
        return ["", "outputs  not computed: the weights differ"]
    if not distances:
        return ["", "outputs  not computed: neither PyTorch nor TensorFlow is installed"]
    rows = columns(((f"{one}, {two}", f"{value:.3g}") for (one, two), value in distances.items()))
    return ["", "largest difference of outputs", *rows, "different outputs" if is_apart else "the same outputs"]
