"""What importing each package costs on top of the framework it needs.

Every import is a fresh process, the interpreter's start included. The processes take turns, so that a busy moment of
the machine hits all of them alike; one round goes before, uncounted, to warm the disk cache and write bytecode.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from statistics import median

PACKAGES = {"xlm_core": "numpy", "xlm_torch": "torch", "xlm_tf": "keras"}
"""Package -> what it imports anyway; `keras` brings TensorFlow."""
ROUNDS = 5


def main() -> None:
    modules = [module for pair in PACKAGES.items() for module in pair]
    rounds = [{module: seconds_to_import(module) for module in modules} for _ in range(1 + ROUNDS)]
    typical = {module: median(times[module] for times in rounds[1:]) for module in modules}

    print(f"median of {ROUNDS} fresh processes\n")
    for package, needed in PACKAGES.items():
        ratio = typical[package] / typical[needed]
        print(
            f"{package:<10} {typical[package]:6.2f} s   {needed:<6} alone {typical[needed]:6.2f} s   ratio {ratio:.2f}"
        )


def seconds_to_import(module: str) -> float:
    """Wall-clock time of a process that imports one module and ends."""
    quiet = os.environ | {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", f"import {module}"], check=True, env=quiet, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
