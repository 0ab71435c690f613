"""From results to what people read: the table, the plots, the page of the documentation.

python -m benchmarks.report RESULTS [--docs]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks import measures, plots
from benchmarks.pages import replace_between
from benchmarks.variants import ROOT, VARIANTS

PAGE = ROOT / "docs" / "explanation" / "speed.md"
PICTURES = PAGE.with_name("speed")
HEADINGS = (
    "workload",
    "against",
    "ratio",
    "ours",
    "theirs",
    "of the peak: ours",
    "theirs",
    "MB: ours",
    "theirs",
    "Δ",
    "target",
    "",
)
Json = Mapping[str, Any]


def table(results: Json) -> str:
    """A line for each pair of ours and another, in Markdown; what is missing is said."""
    lines = [cells for row in results["rows"] for cells in lines_of(row, results["machine"])]
    return markdown(HEADINGS, lines)


def lines_of(row: Json, machine: Json) -> Iterator[list[str]]:
    """The lines of one row: its name in the first alone."""
    name = row["name"]
    for other in others(row):
        cells = [missing(row, other)] if row["ours"] in row["missing"] or other in row["missing"] else []
        yield [name, title(other), *(cells or compared(row, other, machine))]
        name = ""


def others(row: Json) -> list[str]:
    """All that were to be measured besides ours."""
    return [each for each in row["variants"] if each not in (row["ours"], "ceiling")]


def missing(row: Json, other: str) -> str:
    """Why there is nothing to compare."""
    who = row["ours"] if row["ours"] in row["missing"] else other
    reason = row["missing"][who].splitlines()[0][:120].replace("|", "/")
    return f"missing, {title(who)}: {reason}"


def compared(row: Json, other: str, machine: Json) -> list[str]:
    """Ratio with quartiles, seconds, shares, memory, distance, target, and whether it is reached."""
    rounds, ours = row["rounds"], row["ours"]
    found = measures.ratio(rounds, other, ours)
    target = target_of(row, other)
    shares = [shown_share(measures.share(rounds, each, row["work"], row["peak_work"])) for each in (ours, other)]
    peaks = [f"{row['peaks'][each]:,.0f}" for each in (ours, other)]
    return [
        f"{found.middle:.2f}× [{found.low:.2f}–{found.high:.2f}]" if found else "–",
        *(shown_seconds(measures.typical(rounds, each)) for each in (ours, other)),
        *shares,
        *peaks,
        f"{row['distances'][other]:.0e}" if other in row["distances"] else "–",
        wanted(row, target),
        verdict(row, other, machine),
    ]


def target_of(row: Json, other: str) -> float | None:
    """The ratio that is to be reached against another."""
    return row["targets"].get(other)


def wanted(row: Json, target: float | None) -> str:
    """The ratio, and the share of the peak where there is one."""
    if target is None:
        return "–"
    share = f", {row['share']:.0%} of the peak" if row["share"] else ""
    return f"≥ {target:.2f}×{share}"


def verdict(row: Json, other: str, machine: Json) -> str:
    """Whether the targets are reached; where the instruction set is missing they do not apply."""
    target, found = target_of(row, other), measures.ratio(row["rounds"], other, row["ours"])
    if target is None or found is None:
        return ""
    if row["needs"] and not set(row["needs"]) & set(machine["flags"]):
        return f"does not apply: the CPU has none of {', '.join(row['needs'])}"
    share = measures.share(row["rounds"], row["ours"], row["work"], row["peak_work"])
    return _said(found.middle >= target, row["share"] is None or share is None or share >= row["share"])


def _said(is_fast: bool, is_near: bool) -> str:
    if is_fast and is_near:
        return "reached"
    return "**share not reached**" if is_fast else "**ratio not reached**" if is_near else "**not reached**"


def shown_share(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"


def shown_seconds(seconds: float | None) -> str:
    """In a unit that leaves few zeros."""
    if seconds is None:
        return "–"
    unit, factor = ("s", 1) if seconds >= 1 else ("ms", 1e3) if seconds >= 1e-3 else ("µs", 1e6)
    return f"{seconds * factor:.3g} {unit}"


def title(variant: str) -> str:
    return VARIANTS[variant].title if variant in VARIANTS else variant


def machine_line(machine: Json) -> str:
    """One sentence."""
    flags = ", ".join(machine["flags"]) or "no known instruction set"
    return f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']} GB; {flags}."


def versions_line(results: Json) -> str:
    """Every library, with all the versions that were measured."""
    found: dict[str, set[str]] = {}
    for row in results["rows"]:
        for libraries in row["versions"].values():
            for name, version in libraries.items():
                found.setdefault(name, set()).add(version)
    return ", ".join(f"{name} {' and '.join(sorted(versions))}" for name, versions in sorted(found.items()))


def ceiling_table(ceiling: Json) -> str:
    """GFLOP/s by library and place."""
    places = list(next(iter(next(iter(ceiling.values())).values())))
    lines = [
        [dtype, title(f"product-{library}"), *("–" if speed is None else f"{speed:.0f}" for speed in speeds.values())]
        for dtype, libraries in ceiling.items()
        for library, speeds in libraries.items()
    ]
    return markdown(("GFLOP/s", "", *places), lines)


def growth_table(growth: Json) -> str:
    """Seconds and megabytes at each number."""
    lines = [
        [curve["title"], f"{point['number']:,} {curve['axis']}", title(variant), *_grown(point)]
        for curve in growth.values()
        for variant, points in curve["variants"].items()
        for point in (points if isinstance(points, list) else [])
    ]
    return markdown(("", "", "", "time", "peak MB"), lines)


def _grown(point: Json) -> list[str]:
    return [shown_seconds(point["seconds"]), f"{point['megabytes']:,.0f}"]


def markdown(headings: tuple[str, ...], lines: list[list[str]]) -> str:
    """A table; short lines are filled up."""
    rows = [list(headings), ["---"] * len(headings), *([*line, *[""] * (len(headings) - len(line))] for line in lines)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def pictures(results: Json) -> dict[str, str]:
    """SVG by file name."""
    drawn = {"ratios.svg": ratio_bars(results), "peak.svg": share_bars(results)}
    growth = results.get("growth", {})
    for name, curve in growth.items():
        for field, unit in {"seconds": "seconds", "megabytes": "peak MB"}.items():
            curves = {
                title(variant): [(point["number"], point[field]) for point in points]
                for variant, points in curve["variants"].items()
                if isinstance(points, list)
            }
            drawn[f"{name}-{field}.svg"] = plots.lines(curve["title"], curves, curve["axis"], unit)
    return drawn


def ratio_bars(results: Json) -> str:
    """How many times as fast, beside each other that has a target."""
    found = [
        (row, other, measures.ratio(row["rounds"], other, row["ours"]))
        for row in results["rows"]
        for other in others(row)
        if other in row["targets"]
    ]
    bars = [
        plots.Bar(f"{row['name']} – {title(other)}", each.middle, each.low, each.high, target_of(row, other))
        for row, other, each in found
        if each is not None
    ]
    return plots.bars("Times as fast; the red mark is the target", bars)


def share_bars(results: Json) -> str:
    """How much of the peak each variant reaches."""
    bars = [
        plots.Bar(f"{row['name']} – {title(each)}", 100 * share, target=_percent(row, each))
        for row in results["rows"]
        for each in row["variants"]
        if (share := measures.share(row["rounds"], each, row["work"], row["peak_work"])) is not None
        and each != "ceiling"
    ]
    return plots.bars("Useful work, in percent of the peak; the red mark is the target", bars, "%")


def _percent(row: Json, variant: str) -> float | None:
    return 100 * row["share"] if row["share"] and variant == row["ours"] else None


def write_docs(results: Json) -> None:
    """The page's tables and its pictures; a part that was not measured stays as it is."""
    PICTURES.mkdir(exist_ok=True)
    for name, picture in pictures(results).items():
        (PICTURES / name).write_text(picture, encoding="utf-8")
    page = PAGE.read_text(encoding="utf-8")
    for name, write in PARTS.items():
        if name not in ("ceiling", "growth") or name in results:
            page = replace_between(page, name, write(results))
    PAGE.write_text(page, encoding="utf-8")


def measured_on(results: Json) -> str:
    """The machine, the libraries and the day."""
    return f"{machine_line(results['machine'])} {versions_line(results)}; {results['date']}."


PARTS: dict[str, Callable[[Json], str]] = {
    "machine": measured_on,
    "ceiling": lambda results: ceiling_table(results["ceiling"]),
    "table": table,
    "growth": lambda results: growth_table(results["growth"]),
}
"""The parts of the page that are written here."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("--docs", action="store_true", help="write the page of the documentation and its pictures")
    options = parser.parse_args()
    results = json.loads(options.results.read_text(encoding="utf-8"))
    print(machine_line(results["machine"]), table(results), sep="\n\n")
    if options.docs:
        write_docs(results)


if __name__ == "__main__":
    main()
