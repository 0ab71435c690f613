"""What the machine can at most: products of matrices by every library at hand, at 2048³ and at the base model's shapes.

python -m benchmarks.ceiling
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.harness import Settings, Worker, WorkerError
from benchmarks.sizes import SIZES, Case

LIBRARIES = {
    "float32": ("plain", "unpacked", "packed", "numpy", "tensorflow"),
    "bfloat16": ("plain", "unpacked", "packed", "tensorflow"),
    "int8": ("integers",),
}
ROWS = (1024, 128, 16, 1)
SQUARE = "2048³"
Shape = tuple[int, int, int]


def model_shapes(size: str, rows: int) -> dict[Shape, int]:
    """M, K, N of the products of a layer, and how many there are of each."""
    dim = SIZES[size].emb_dim
    return {(rows, dim, dim): 4, (rows, dim, 4 * dim): 1, (rows, 4 * dim, dim): 1}


def measured(size: str, settings: Settings, rounds: int = 3) -> dict[str, Any]:
    """GFLOP/s: number format → library → place; None where a library cannot."""
    libraries = sorted({name for names in LIBRARIES.values() for name in names})
    workers = {name: Worker.of(f"product-{name}", settings) for name in libraries}
    try:
        return {
            dtype: {name: speeds(workers[name], name, dtype, size, rounds) for name in names}
            for dtype, names in LIBRARIES.items()
        }
    finally:
        for worker in workers.values():
            worker.end()


def speeds(worker: Worker, library: str, dtype: str, size: str, rounds: int) -> dict[str, float | None]:
    """GFLOP/s of one library at each place."""
    places = {SQUARE: {(2048, 2048, 2048): 1}, **{f"{rows} rows": model_shapes(size, rows) for rows in ROWS}}
    return {place: speed(worker, library, dtype, shapes, rounds) for place, shapes in places.items()}


def speed(worker: Worker, library: str, dtype: str, shapes: dict[Shape, int], rounds: int) -> float | None:
    """All products of some shapes together, the best time of each; None if the library refuses one."""
    try:
        seconds = sum(count * best(worker, library, dtype, shape, rounds) for shape, count in shapes.items())
    except WorkerError:
        return None
    work = sum(2 * count * shape[0] * shape[1] * shape[2] for shape, count in shapes.items())
    return work / seconds / 1e9


def best(worker: Worker, library: str, dtype: str, shape: Shape, rounds: int) -> float:
    """Seconds of one product, at its best."""
    case = Case("ceiling", options={"shape": shape, "dtype": dtype})
    worker.ask(do="build", variant=f"product-{library}", case=asdict(case), folder=".")
    first = worker.ask(do="look")["seconds"]
    repeats = max(1, min(200, int(0.05 / first)))
    times = [worker.ask(do="run", repeats=repeats)["seconds"] for _ in range(rounds)]
    return float(min(times))


def peak(speeds_of_all: dict[str, Any], dtype: str = "float32") -> float:
    """The most of all libraries, of one number format."""
    return max(value or 0.0 for places in speeds_of_all[dtype].values() for value in places.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="base", choices=SIZES, help="whose shapes (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="write the figures to a file, too")
    options = parser.parse_args()
    found = {"machine": machine.describe(), "ceiling": measured(options.size, Settings())}
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    from benchmarks.report import ceiling_table, machine_line

    print(machine_line(found["machine"]), ceiling_table(found["ceiling"]), sep="\n\n")


if __name__ == "__main__":
    main()
