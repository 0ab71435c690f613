"""What people read of the results."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from benchmarks import plots, report
from benchmarks.pages import replace_between

MACHINE = {"cpu": "A CPU", "cores": 2, "memory_gb": 8.0, "flags": ["avx2"]}


def row(**changes: object) -> dict:
    """Ours at 1 s, theirs at 2 s, the ceiling at 10 GFLOP in 0.5 s; 15 GFLOP are useful."""
    rounds = [{"ours": 1.0, "hf-eager": 2.0, "ceiling": 0.5}] * 3
    return {
        "name": "body",
        "ours": "ours",
        "variants": ["ours", "hf-eager", "ceiling"],
        "targets": {"hf-eager": 1.5},
        "share": 0.7,
        "needs": [],
        "work": 15.0,
        "peak_work": 10.0,
        "rounds": rounds,
        "peaks": {"ours": 100.0, "hf-eager": 200.0, "ceiling": 50.0},
        "missing": {},
        "distances": {"hf-eager": 2e-6},
        "versions": {"ours": {"torch": "2.13.0"}},
        **changes,
    }


def cells(**changes: object) -> list[str]:
    return next(report.lines_of(row(**changes), MACHINE))


def test_a_line_tells_ratio_times_shares_memory_and_whether_it_is_enough() -> None:
    assert cells() == [
        "body",
        "Hugging Face, PyTorch",
        "2.00× [2.00–2.00]",
        "1 s",
        "2 s",
        "75%",
        "38%",
        "100",
        "200",
        "2e-06",
        "≥ 1.50×, 70% of the peak",
        "reached",
    ]


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"targets": {"hf-eager": 3.0}}, "**ratio not reached**"),
        ({"share": 0.9}, "**share not reached**"),
        ({"targets": {"hf-eager": 3.0}, "share": 0.9}, "**not reached**"),
        ({"needs": ["avx512_bf16"]}, "does not apply: the CPU has none of avx512_bf16"),
        ({"targets": {}}, ""),
    ],
)
def test_what_is_not_reached_is_said(changes: dict, verdict: str) -> None:
    assert cells(**changes)[-1] == verdict


def test_what_is_missing_is_said() -> None:
    assert cells(missing={"hf-eager": "no environment"})[2] == "missing, Hugging Face, PyTorch: no environment"
    assert cells(missing={"ours": "it | failed"})[2] == "missing, ours, PyTorch: it / failed"


def test_a_table_has_as_many_cells_in_every_line() -> None:
    lines = report.table({"rows": [row(), row(missing={"ours": "x"})], "machine": MACHINE}).splitlines()

    assert len(lines) == 4
    assert len({line.count("|") for line in lines}) == 1


@pytest.mark.parametrize(("seconds", "shown"), [(None, "–"), (2.0, "2 s"), (0.0123, "12.3 ms"), (4.5e-5, "45 µs")])
def test_times_have_units(seconds: float | None, shown: str) -> None:
    assert report.shown_seconds(seconds) == shown


def test_pictures_are_drawings_that_a_browser_reads() -> None:
    points = [{"number": n, "seconds": n / 100, "megabytes": 100.0 + n} for n in (16, 64, 256)]
    curve = {"title": "a <body>", "axis": "tokens", "variants": {"ours": points, "hf-eager": "no environment"}}

    drawn = report.pictures({"rows": [row()], "growth": {"length": curve}})

    assert set(drawn) == {"ratios.svg", "peak.svg", "length-seconds.svg", "length-megabytes.svg"}
    assert all(ET.fromstring(picture).tag.endswith("svg") for picture in drawn.values())


def test_a_curve_in_proportion_is_straight() -> None:
    """Ten times as much is as far away in both directions, wherever it is."""
    scale = plots.Scale(1.0, 1000.0, 0.0, 300.0)

    assert [round(scale.place(number)) for number in (1, 10, 100, 1000)] == [0, 100, 200, 300]


def test_a_part_of_a_page_is_replaced_and_the_rest_stays() -> None:
    page = "before <!-- a -->\nold\n<!-- /a --> after"

    assert replace_between(page, "a", "new") == "before <!-- a -->\nnew\n<!-- /a --> after"


def test_a_page_without_the_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="<!-- b -->"):
        replace_between("no marks", "b", "new")


def test_the_documentation_has_a_place_for_everything() -> None:
    """What `make bench` writes into the page finds its marks there."""
    page = report.PAGE.read_text(encoding="utf-8")

    assert all(f"<!-- {name} -->" in page and f"<!-- /{name} -->" in page for name in report.PARTS)
