"""How fast a checkpoint is loaded into PyTorch, beside Hugging Face's `from_pretrained` of the same file.

The checkpoint has the size of the released one of 15 languages, its numbers are random. Two processes take turns;
what is compared is CPU time. "loaded" is `from_pretrained` alone, which maps the file in both libraries; "read" adds
a look at every number.

    python benchmarks/load.py --peer PYTHON
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from itertools import chain
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
WORKER = Path(__file__).with_name("peers") / "load.py"
LAYOUTS = {"model.safetensors": "safetensors", "pytorch_model.bin": "torch"}
CASES = {"loaded": False, "read": True}


class Process:
    """A process that loads checkpoints."""

    def __init__(self, kind: str, python: str) -> None:
        command = [python, str(WORKER), kind]
        self._process = subprocess.Popen(
            command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._answer()

    def load(self, folder: Path, use: bool) -> dict[str, Any]:
        """Seconds and peak megabytes of one `from_pretrained`."""
        print(json.dumps([str(folder), use]), file=self._process.stdin, flush=True)
        return self._answer()

    def end(self) -> None:
        """Let it finish."""
        self._process.communicate()

    def _answer(self) -> dict[str, Any]:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            sys.exit("the measured process has failed")
        return json.loads(line)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", required=True, help="an interpreter with transformers and PyTorch")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        results = [
            measure(filename, make_checkpoint(Path(scratch, layout), layout), options)
            for filename, layout in LAYOUTS.items()
        ]
    print(json.dumps(results, indent=2) if options.json else "\n".join(map(row, chain.from_iterable(results))))


def make_checkpoint(folder: Path, layout: str) -> Path:
    """A checkpoint of 250 million numbers."""
    sys.path.insert(0, str(ROOT))
    from xlm_core import XLMConfig
    from xlm_core.formats.loading import save
    from xlm_core.manifest import manifest

    config = XLMConfig(vocab_size=95_000, emb_dim=1024, n_layers=12, n_heads=8, n_langs=15)
    draw = np.random.default_rng(0)
    weights = manifest(config, "language-modeling").values()
    arrays = {weight.name: draw.standard_normal(weight.shape, np.float32) for weight in weights}
    config.save_pretrained(folder)
    save(folder, arrays, layout=layout)
    return folder


def measure(filename: str, folder: Path, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Seconds of both libraries, in each round, for each case."""
    processes = {"ours": Process("ours", sys.executable), "theirs": Process("theirs", options.peer)}
    rows = []
    for case, use in CASES.items():
        for process in processes.values():
            process.load(folder, use)
        rounds = [
            {name: process.load(folder, use) for name, process in processes.items()} for _ in range(options.rounds)
        ]
        seconds = {name: [each[name]["seconds"] for each in rounds] for name in processes}
        peaks = {name: max(each[name]["megabytes"] for each in rounds) for name in processes}
        rows.append({"file": filename, "case": case, "seconds": seconds, "megabytes": peaks})
    for process in processes.values():
        process.end()
    return rows


def row(measured: dict[str, Any]) -> str:
    """Medians, and the ratio with its quartiles."""
    ours, theirs = measured["seconds"]["ours"], measured["seconds"]["theirs"]
    low, middle, high = quantiles([their / our for our, their in zip(ours, theirs, strict=True)], n=4)
    times = f"ours {median(ours) * 1000:7.1f} ms   theirs {median(theirs) * 1000:7.1f} ms"
    peaks = ", ".join(f"{name} {peak:.0f} MB" for name, peak in measured["megabytes"].items())
    return (
        f"{measured['file']:<18} {measured['case']:<7} {times}   {middle:4.1f}× [{low:.1f}–{high:.1f}]   peak {peaks}"
    )


if __name__ == "__main__":
    main()
