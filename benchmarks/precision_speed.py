"""How many times as fast as in float32 a body is in fewer bits, and how fast a causal model writes.

The models take turns; each figure is the median of their ratios. float32 is PyTorch's own kernel.

    python -m benchmarks.precision_speed [--size base] [--threads 1 2] [--rounds 9]
"""

from __future__ import annotations

import argparse
import copy
import statistics
import time
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import torch

from benchmarks.checkpoints import make_config
from benchmarks.machine import describe
from benchmarks.peers.torch_models import inferring, tensors
from benchmarks.report import machine_line
from benchmarks.sizes import SIZES, Case, texts
from xlm_core.errors import XLMWarning
from xlm_torch import XLMModel, XLMWithLMHeadModel, quantize

TASK = "language-modeling"
SHAPES = {"1 token": (1, 1), "1 × 128": (1, 128), "8 × 128": (8, 128)}
WRITTEN = {"max_new_tokens": 32, "do_sample": False, "eos_token_id": []}
Runs = Mapping[str, Callable[[], Any]]


def main() -> None:
    options = parse()
    warnings.simplefilter("ignore", XLMWarning)  # what is slow here is the question
    bodies = precisions(XLMModel(make_config(options.size, TASK)).eval())
    found = {shape: ratios(called(bodies, options.size, *SHAPES[shape]), options) for shape in SHAPES}
    del bodies
    writers = precisions(XLMWithLMHeadModel(make_config(options.size, TASK, causal=True)).eval())
    found["writing"] = ratios(written(writers, options.size), options)
    print(machine_line(describe()), "", *lines(found), sep="\n")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIZES, default="base", help="of the model (default: %(default)s)")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="numbers of threads (default: 1 2)")
    parser.add_argument("--rounds", type=int, default=9, help="turns of each (default: %(default)s)")
    return parser.parse_args()


def precisions(model: Any) -> dict[str, Any]:
    """The model in float32 and in what is compared with it."""
    lower = {"bfloat16": copy.deepcopy(model).to(torch.bfloat16), "int8": quantize(copy.deepcopy(model))}
    model.set_kernels("plain")
    return {"float32": model, **lower}


def called(models: Mapping[str, Any], size: str, batch: int, length: int) -> Runs:
    """Reading texts of a size."""
    inputs = tensors(texts(Case("forward", size, batch, length)))
    return {name: inferring(model, **inputs) for name, model in models.items()}


def written(models: Mapping[str, Any], size: str) -> Runs:
    """Writing after 16 tokens, greedily."""
    inputs = tensors(texts(Case("generation", size, 1, 16)))
    return {name: inferring(model.generate, **inputs, **WRITTEN) for name, model in models.items()}


def ratios(runs: Runs, options: argparse.Namespace) -> dict[str, list[float]]:
    """Of each but float32, one for each number of threads."""
    each = [_ratios(runs, threads, options.rounds) for threads in options.threads]
    return {name: [found[name] for found in each] for name in each[0]}


def _ratios(runs: Runs, threads: int, rounds: int) -> dict[str, float]:
    torch.set_num_threads(threads)
    for run in runs.values():
        run()
    times = [{name: _seconds(run) for name, run in runs.items()} for _ in range(rounds)]
    others = [name for name in runs if name != "float32"]
    return {name: statistics.median(each["float32"] / each[name] for each in times) for name in others}


def _seconds(run: Callable[[], Any]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def lines(found: Mapping[str, Mapping[str, list[float]]]) -> list[str]:
    """A table, a row for each precision."""
    names = next(iter(found.values()))
    rows = [[name, *(", ".join(f"{x:.1f}" for x in column[name]) for column in found.values())] for name in names]
    head = ["", *found]
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]


if __name__ == "__main__":
    main()
