"""Variants taking turns: a process for each, a warm-up, then rounds in random order until there are enough.

A process waits on a pipe between its turns, with every thread asleep; what it uses all the same is told (`idle`).
"""

from __future__ import annotations

import json
import math
import random
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from benchmarks.machine import n_cores
from benchmarks.sizes import Case
from benchmarks.variants import ROOT, VARIANTS, interpreter, variables

Answer = dict[str, Any]
LEAST_SECONDS = 0.1
"""A turn repeats its step until it takes so long."""
PAUSE = 0.01
"""Between turns, for the threads of the last one to fall asleep."""


@dataclass(frozen=True)
class Budget:
    """How long to measure a row: so many rounds, more of them while they are short, none after ``seconds``."""

    rounds: int = 5
    seconds: float = 60.0
    short: float = 8.0

    def is_spent(self, n_rounds: int, seconds: float) -> bool:
        """Whether it is enough."""
        if n_rounds >= self.rounds:
            return seconds >= self.short or n_rounds >= 5 * self.rounds
        return n_rounds > 0 and seconds >= self.seconds


@dataclass(frozen=True)
class Settings:
    """What holds for a whole run."""

    budget: Budget = Budget()
    threads: int = field(default_factory=n_cores)
    interpreters: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0


class WorkerError(Exception):
    """A measured process could not do what it was asked."""


class Worker:
    """A measured process."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115  # closed by `end`
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": self._errors}
        self._process = subprocess.Popen(command, text=True, cwd=ROOT, env=environment, **pipes)

    @classmethod
    def of(cls, variant: str, settings: Settings) -> Self:
        """The process of a variant.

        Raises: WorkerError if its environment is not there.
        """
        environment = VARIANTS[variant].environment
        python = interpreter(environment, settings.interpreters)
        if python is None:
            raise WorkerError(f"no environment {environment!r}: `make bench-env` makes it")
        return cls([python, "-m", "benchmarks.worker"], variables(variant, settings.threads))

    def ask(self, **request: Any) -> Answer:
        """Ask, and wait for the answer."""
        self.tell(**request)
        return self.hear()

    def tell(self, **request: Any) -> None:
        """Ask without waiting."""
        try:
            print(json.dumps(request), file=self._process.stdin, flush=True)
        except BrokenPipeError:
            raise WorkerError(self._last_words()) from None

    def hear(self) -> Answer:
        """The answer to what was told.

        Raises: WorkerError if the process has ended or the request failed.
        """
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise WorkerError(self._last_words())
        answer: Answer = json.loads(line)
        if "error" in answer:
            raise WorkerError(answer["error"])
        return answer

    def end(self) -> None:
        """Let it finish, and wait until its memory is free."""
        self._process.communicate()
        self._errors.close()

    def _last_words(self) -> str:
        self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().strip().splitlines()
        return f"the process ended with {self._process.returncode}: {' '.join(lines[-3:])[:2000]}"


@dataclass
class Measured:
    """What was found of one case: seconds of each variant in each round, and what was told besides."""

    case: Case
    rounds: list[dict[str, float]] = field(default_factory=list)
    peaks: dict[str, float] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, Any] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    results: dict[str, Any] = field(default_factory=dict)
    idle: dict[str, float] = field(default_factory=dict)

    def add_round(self, answers: Mapping[str, Answer]) -> None:
        """Keep what each variant told."""
        self.rounds.append({name: answer["seconds"] for name, answer in answers.items()})
        for name, answer in answers.items():
            self.peaks[name] = max(answer["peak"], self.peaks.get(name, 0.0))
            self.idle[name] = max(answer["idle"], self.idle.get(name, 0.0))

    def leave_out(self, name: str, reason: str) -> None:
        """Forget a variant that failed in its turn, as one that the machine had no memory for."""
        self.missing[name] = reason
        for each in self.rounds:
            each.pop(name, None)

    def distances(self, ours: str) -> dict[str, float]:
        """How far each result is from ours at the most, where both have as many numbers."""
        own = self.results.get(ours)
        others = {name: theirs for name, theirs in self.results.items() if name != ours and own and theirs}
        return {name: _distance(own, theirs) for name, theirs in others.items() if len(theirs) == len(own or [])}

    def to_json(self, ours: str) -> dict[str, Any]:
        """All but the results themselves."""
        kept = {name: value for name, value in asdict(self).items() if name != "results"}
        return {**kept, "distances": self.distances(ours)}


def measure(case: Case, names: Iterable[str], folder: Path, settings: Settings) -> Measured:
    """One case, by variants that keep their processes."""
    found = Measured(case)
    workers = started(names, settings, found)
    try:
        built(workers, case, folder, found)
        repeats = warmed_up(workers, found)
        take_turns(workers, settings, found, lambda name: _turn(workers[name], repeats[name]))
    finally:
        for worker in workers.values():
            worker.end()
    return found


def measure_fresh(case: Case, names: Iterable[str], folder: Path, settings: Settings) -> Measured:
    """One case, each turn in a process of its own, whose first run it is; the first round is not counted."""
    found = Measured(case)
    able = {name: name for name in names if _is_able(name, case, folder, settings, found)}
    take_turns(able, settings, found, lambda name: _fresh_turn(name, case, folder, settings))
    return found


def started(names: Iterable[str], settings: Settings, found: Measured) -> dict[str, Worker]:
    """The processes of the variants whose environment is there."""
    workers = {}
    for name in names:
        try:
            workers[name] = Worker.of(name, settings)
        except WorkerError as error:
            found.missing[name] = str(error)
    return workers


def built(workers: dict[str, Worker], case: Case, folder: Path, found: Measured) -> None:
    """Make all ready at the same time; those that cannot be leave, and it is said why."""
    for name, worker in workers.items():
        worker.tell(do="build", variant=name, case=asdict(_own_case(name, case)), folder=str(folder))
    for name, answer in _those_who_can(workers, lambda worker: worker.hear(), found).items():
        found.notes[name] = {"ready": answer["ready"], "megabytes": answer["megabytes"], **answer["note"]}
        found.versions[name] = answer["versions"]


def warmed_up(workers: dict[str, Worker], found: Measured) -> dict[str, int]:
    """Run each once, twice if that is short; how often to repeat it in a turn."""
    looks = _those_who_can(workers, lambda worker: worker.ask(do="look"), found)
    found.results |= {name: look["numbers"] for name, look in looks.items()}
    short = {name: worker for name, worker in workers.items() if looks[name]["seconds"] < 1}
    again = {name: worker.ask(do="run", repeats=1)["seconds"] for name, worker in short.items()}
    return {name: repeats_of(again.get(name, LEAST_SECONDS)) for name in workers}


def repeats_of(seconds: float) -> int:
    """How often to repeat what takes so long."""
    return max(1, min(1000, math.ceil(LEAST_SECONDS / max(seconds, 1e-6))))


def take_turns(names: Iterable[str], settings: Settings, found: Measured, turn: Callable[[str], Answer]) -> None:
    """Rounds, each in another order, until there are enough."""
    draw, order, start = random.Random(settings.seed), list(names), time.perf_counter()  # noqa: S311
    while order and not settings.budget.is_spent(len(found.rounds), time.perf_counter() - start):
        draw.shuffle(order)
        answers = {}
        for name in tuple(order):
            try:
                answers[name] = turn(name)
            except WorkerError as error:
                order.remove(name)
                found.leave_out(name, str(error))
            time.sleep(PAUSE)
        found.add_round(answers)


def _own_case(name: str, case: Case) -> Case:
    """What a variant computes: the ceiling is no workload's own."""
    return replace(case, workload="ceiling") if name == "ceiling" else case


def _turn(worker: Worker, repeats: int) -> Answer:
    return worker.ask(do="run", repeats=repeats)


def _fresh_turn(name: str, case: Case, folder: Path, settings: Settings) -> Answer:
    worker = Worker.of(name, settings)
    try:
        worker.ask(do="build", variant=name, case=asdict(case), folder=str(folder))
        return {**_turn(worker, 1), "idle": 0.0}
    finally:
        worker.end()


def _is_able(name: str, case: Case, folder: Path, settings: Settings, found: Measured) -> bool:
    """Whether a variant works at all; its first turn also warms the disk's cache."""
    workers = started([name], settings, found)
    built(workers, case, folder, found)
    warmed = warmed_up(workers, found)
    for worker in workers.values():
        worker.end()
    return bool(warmed)


def _those_who_can(workers: dict[str, Worker], ask: Callable[[Worker], Answer], found: Measured) -> dict[str, Answer]:
    """The answers; a process that fails is ended, and its reason kept."""
    answers = {}
    for name, worker in list(workers.items()):
        try:
            answers[name] = ask(worker)
        except WorkerError as error:
            found.missing[name] = str(error)
            workers.pop(name).end()
    return answers


def _distance(ours: list[float], theirs: list[float]) -> float:
    return float(np.abs(np.subtract(ours, theirs)).max(initial=0.0))
