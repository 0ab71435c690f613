"""The measured process, run by the interpreter of an environment: requests, a line of JSON each, answered in turn.

{"do": "build", "variant": …, "case": {…}, "folder": …} makes a step ready, {"do": "look"} runs it once and tells some
numbers of its result, {"do": "run", "repeats": …} times it. An error is told, not raised: the other variants go on.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

from benchmarks.memory import forget_peak, peak_megabytes, resident_megabytes
from benchmarks.sizes import Case
from benchmarks.steps import Step, numbers

LIBRARIES = {
    "torch": "torch",
    "transformers": "transformers",
    "tensorflow": "tensorflow",
    "keras": "keras",
    "tf_keras": "tf_keras",
    "onnxruntime": "onnxruntime",
    "openvino": "openvino",
    "numpy": "numpy",
    "tokenizers": "tokenizers",
}
"""Modules whose versions are told where a variant has loaded them, and their distributions."""


class Measured:
    """Answers requests about one step at a time."""

    def __init__(self) -> None:
        self._step: Step | None = None
        self._last = time.process_time()

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """What a request asks for, and the CPU seconds used since the last one: waiting should cost nothing.

        The step may fail in any way, for it calls other people's libraries; what it says goes to whoever asked.
        """
        waited = {"idle": self._idle()}
        try:
            method: Callable[..., dict[str, Any]] = getattr(self, request.pop("do"))
            return {**method(**request), **waited}
        except Exception as error:  # noqa: BLE001
            return {"error": f"{type(error).__name__}: {error}"[:2000]}
        finally:
            self._last = time.process_time()

    def build(self, variant: str, case: dict[str, Any], folder: str) -> dict[str, Any]:
        """Load the model and the data."""
        self._step = None
        gc.collect()
        start = time.perf_counter()
        described = Case(**case)
        workload = import_module(f"benchmarks.workloads.{described.workload}")
        self._step = workload.VARIANTS[variant](described, Path(folder))
        gc.collect()
        forget_peak()
        ready = {"ready": time.perf_counter() - start, "megabytes": resident_megabytes()}
        return {**ready, "factor": self._step.factor, "note": self._step.note, "versions": versions()}

    def look(self) -> dict[str, Any]:
        """Numbers of the result, after a run that warms up."""
        start = time.perf_counter()
        result = self._ready().run()
        seconds = time.perf_counter() - start
        return {"numbers": numbers(result), "seconds": seconds, "peak": peak_megabytes()}

    def run(self, repeats: int) -> dict[str, Any]:
        """Seconds of one run, the mean of several."""
        step = self._ready()
        start = time.perf_counter()
        for _ in range(repeats):
            step.run()
        seconds = (time.perf_counter() - start) / repeats * step.factor
        return {"seconds": seconds, "peak": peak_megabytes()}

    def _ready(self) -> Step:
        if self._step is None:
            raise RuntimeError("nothing was built")
        return self._step

    def _idle(self) -> float:
        """CPU seconds since the last answer."""
        return time.process_time() - self._last


def versions() -> dict[str, str]:
    """Of the libraries that are loaded."""
    return {name: version_of(module) for module, name in LIBRARIES.items() if module in sys.modules}


def version_of(module: str) -> str:
    """As the module says, or else its distribution."""
    return str(getattr(sys.modules[module], "__version__", None) or version(LIBRARIES[module]))


def private_output() -> IO[str]:
    """Where answers go; what libraries print goes to the errors."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return answers


def main() -> None:
    answers, measured = private_output(), Measured()
    for line in sys.stdin:
        print(json.dumps(measured.answer(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
