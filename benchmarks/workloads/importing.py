"""A fresh interpreter that imports one package and ends, the interpreter's start included."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.sizes import Case
from benchmarks.steps import Step

TASK = None


def work(case: Case) -> None:
    """No products."""


def imported(case: Case, folder: Path, *, line: str) -> Step:
    command = [sys.executable, "-c", line]
    return Step(partial(_run, command))


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _line(code: str) -> Callable[[Case, Path], Step]:
    return partial(imported, line=code)


VARIANTS = {
    "core": _line("import xlm_core"),
    "ours": _line("import xlm_torch"),
    "ours-tf": _line("import xlm_tf"),
    "numpy": _line("import numpy"),
    "torch": _line("import torch"),
    "keras": _line("import keras"),
    "hf-eager": _line("from transformers import XLMModel"),
    "hf-tf-eager": _line("from transformers import TFXLMModel"),
}
