"""The page of numbers has a row for every task model and kind of labels, and none that is larger than it may be."""

from __future__ import annotations

from pathlib import Path

import heads
from tolerances import ABSOLUTE

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "numerics.md"
ROWS = [
    line.strip("| ").split(" | ") for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")
]


def test_every_head_is_in_the_table() -> None:
    """After a change, `python -m tests.equivalence.report` prints the table anew."""
    assert {(row[0].strip("`"), row[1]) for row in ROWS} == {(head.name, head.title) for head in heads.HEADS}


def test_no_distance_in_the_table_is_beyond_the_tolerance() -> None:
    """What the docs show is what the tests allow."""
    distances = [float(cell) for row in ROWS for cell in row[3:-1] if cell != "–"]

    assert max(distances) <= ABSOLUTE["states"]
