"""The judge: every workload, ours and others taking turns, as a table of ratios, shares of the peak and memory.

python -m benchmarks.run                                 all, into benchmarks/results/
python -m benchmarks.run --quick                         fewer rows, rounds and others
python -m benchmarks.run --only fill-mask --rounds 3     some rows, by a word of their name
python -m benchmarks.run --size tiny --rounds 1          every row with a small model, to see that it works
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import ceiling, growth, machine, report
from benchmarks.checkpoints import Checkpoints
from benchmarks.harness import Budget, Settings, measure, measure_fresh
from benchmarks.rows import Row, chosen
from benchmarks.sizes import SIZES
from benchmarks.variants import ENVIRONMENTS
from xlm_core.files import write_text

RESULTS = Path(__file__).with_name("results")
MUCH_IDLE = 0.05
"""CPU seconds between two turns of a process."""


def main() -> None:
    options = parse()
    rows = [row.at(options.size) if options.size else row for row in chosen(options.only, options.quick)]
    if not rows:
        sys.exit(f"no row has one of {options.only} in its name")
    if options.list:
        return print(*(row.name for row in rows), sep="\n")
    results = told(rows, options)
    print("\n" + report.machine_line(results["machine"]), report.table(results), sep="\n\n")
    return None


def told(rows: list[Row], options: argparse.Namespace) -> dict[str, Any]:
    """What was found, and in the file beside what it had."""
    results = {"machine": machine.describe(), "date": now(), "rows": []}
    file = results_file(options)
    whole = merged(json.loads(file.read_text(encoding="utf-8")), results) if file and file.exists() else results
    for part in parts(rows, options):
        results, whole = merged(results, part), merged(whole, part)
        save(whole, file)
    if options.docs:
        report.write_docs(whole)
    return results


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=[], metavar="WORD", help="rows whose name has one of the words")
    parser.add_argument("--quick", action="store_true", help="fewer rows, rounds and others")
    parser.add_argument("--rounds", type=int, help="at least so many (default: 5, quick 3)")
    parser.add_argument("--seconds", type=float, help="no new round of a row after so many (default: 12)")
    parser.add_argument("--size", choices=SIZES, help="of the models, instead of each row's own")
    parser.add_argument("--env", action="append", default=[], metavar="NAME=PYTHON", help=environments())
    parser.add_argument("--threads", type=int, default=machine.n_cores(), help="(default: the cores, %(default)s)")
    parser.add_argument("--scratch", type=Path, help="where checkpoints are made, and kept (default: a new folder)")
    parser.add_argument("--output", type=Path, help="a file of results; rows that it has are replaced, others stay")
    parser.add_argument("--docs", action="store_true", help="write the page of the documentation and its pictures")
    parser.add_argument("--list", action="store_true", help="print the names of the rows, and end")
    return parser.parse_args()


def environments() -> str:
    names = ", ".join(name for name in ENVIRONMENTS if name != "ours")
    return f"the interpreter of an environment: {names} (default: XLM_BENCH_NAME, or .bench/NAME/bin/python)"


def parts(rows: list[Row], options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """What is found, row by row; ceiling and growth are measured when all rows are."""
    settings = make_settings(options)
    with tempfile.TemporaryDirectory() as scratch:
        checkpoints = Checkpoints(options.scratch or Path(scratch))
        for row in rows:
            yield {"rows": [run_row(row, checkpoints, settings)]}
        if not (options.only or options.quick):
            size = options.size or "base"
            yield {"ceiling": timed("ceiling", ceiling.measured, size, settings)}
            yield {"growth": timed("growth", growth.measured, size, checkpoints, settings)}


def make_settings(options: argparse.Namespace) -> Settings:
    rounds, seconds, short = (3, 12.0, 2.0) if options.quick else (5, 12.0, 5.0)
    budget = Budget(options.rounds or rounds, options.seconds or seconds, short)
    return Settings(budget, options.threads, dict(each.split("=", 1) for each in options.env))


def run_row(row: Row, checkpoints: Checkpoints, settings: Settings) -> dict[str, Any]:
    """One row: what is asked, what is to be reached, and what was found."""
    workload = import_module(f"benchmarks.workloads.{row.case.workload}")
    folder = Path()
    if workload.TASK:
        folder = checkpoints.folder(row.case, workload.TASK, getattr(workload, "CAUSAL", False))
    work = workload.work(row.case)
    names = (*row.variants, "ceiling") if work else row.variants
    found = timed(row.name, measure_fresh if row.fresh else measure, row.case, names, folder, settings)
    tell(row, found)
    return {
        "name": row.name,
        "ours": row.ours,
        "variants": names,
        "targets": {target.against: target.on(machine.cpu_flags()) for target in row.targets},
        "share": row.share,
        "needs": row.needs,
        "work": work,
        "peak_work": found.notes.get("ceiling", {}).get("gflop"),
        **found.to_json(row.ours),
    }


def timed(name: str, function: Any, *arguments: Any) -> Any:
    """The result of a call, and on the screen how long it took."""
    start = time.perf_counter()
    result = function(*arguments)
    print(f"{time.perf_counter() - start:6.1f} s  {name}", file=sys.stderr, flush=True)
    return result


def tell(row: Row, found: Any) -> None:
    """What a reader should know at once."""
    for name, reason in found.missing.items():
        print(f"          missing: {name}: {reason[:300]}", file=sys.stderr)
    for name, seconds in found.idle.items():
        if seconds > MUCH_IDLE:
            print(f"          {name} used {seconds:.2f} s of CPU time while it waited", file=sys.stderr)


def results_file(options: argparse.Namespace) -> Path | None:
    """All rows go to a file of this machine; some rows only where they are told to."""
    if options.output or options.only or options.quick or options.size:
        return options.output
    return RESULTS / f"{machine.slug(machine.describe())}.json"


def save(results: dict[str, Any], file: Path | None) -> None:
    """After every row, for half an hour may be cut short."""
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_text(file, json.dumps(results, indent=1, ensure_ascii=False) + "\n")


def merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """New rows in the place of old ones of the same name, or at the end."""
    fresh = {row["name"]: row for row in new.get("rows", ())}
    kept = [fresh.pop(row["name"], row) for row in old["rows"]]
    return {**old, **new, "rows": [*kept, *fresh.values()]}


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d")


if __name__ == "__main__":
    main()
