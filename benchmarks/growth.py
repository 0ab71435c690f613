"""How time and memory grow: with the length of texts, with their number in a batch, with how many stream through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.checkpoints import Checkpoints
from benchmarks.harness import Settings, Worker, WorkerError, repeats_of
from benchmarks.sizes import Case

LONG = 5.0
"""Seconds after which one run is enough."""


class Curve(NamedTuple):
    """What grows, from the smallest case to the largest: their numbers, and the cases."""

    title: str
    axis: str
    points: Mapping[int, Case]
    variants: Sequence[str]


def curves(size: str) -> dict[str, Curve]:
    """By length, by batch, by number of texts."""
    lengths, batches, counts = (16, 32, 64, 128, 256, 512), (1, 2, 4, 8, 16, 32), (250, 1000, 4000)
    both = ("ours", "hf-eager")
    return {
        "length": Curve(
            f"XLMModel, {size}, 4 texts", "tokens in a text", {n: Case("forward", size, 4, n) for n in lengths}, both
        ),
        "batch": Curve(
            f"XLMModel, {size}, 64 tokens", "texts in a batch", {n: Case("forward", size, n, 64) for n in batches}, both
        ),
        "texts": Curve(
            "XLMSentenceEncoder, a stream",
            "texts in all",
            {n: Case("streaming", "tiny", n, 0) for n in counts},
            both[:1],
        ),
    }


def measured(size: str, checkpoints: Checkpoints, settings: Settings) -> dict[str, Any]:
    """For each curve: variant → number → seconds, at the least, and megabytes, at the most."""
    folder = checkpoints.folder(Case("", size), "language-modeling")
    return {
        name: {
            "title": curve.title,
            "axis": curve.axis,
            "variants": {variant: points(variant, curve, folder, settings) for variant in curve.variants},
        }
        for name, curve in curves(size).items()
    }


def points(variant: str, curve: Curve, folder: Path, settings: Settings) -> list[dict[str, float]] | str:
    """One process, from the smallest case to the largest; the reason if it cannot."""
    try:
        worker = Worker.of(variant, settings)
    except WorkerError as error:
        return str(error)
    try:
        return [point(worker, variant, number, case, folder) for number, case in curve.points.items()]
    except WorkerError as error:
        return str(error)
    finally:
        worker.end()


def point(worker: Worker, variant: str, number: int, case: Case, folder: Path) -> dict[str, float]:
    """The shortest of three turns after a warm-up, which is enough where it is long; other work only adds."""
    worker.ask(do="build", variant=variant, case=asdict(case), folder=str(folder))
    first = worker.ask(do="look")
    repeats = repeats_of(first["seconds"])
    turns = [worker.ask(do="run", repeats=repeats) for _ in range(3)] if first["seconds"] < LONG else [first]
    seconds = min(turn["seconds"] for turn in turns)
    return {"number": number, "seconds": seconds, "megabytes": max(turn["peak"] for turn in turns)}
