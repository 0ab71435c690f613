"""What machine this is: nothing that is measured means anything without it."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

FLAGS = ("avx2", "fma", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "avx512_fp16", "amx_bf16", "amx_int8")
"""The instruction sets that products of matrices are made of, as Linux names them."""


def describe() -> dict[str, Any]:
    """Name, instruction sets, cores, memory and system."""
    return {
        "cpu": cpu_name(),
        "flags": cpu_flags(),
        "cores": n_cores(),
        "memory_gb": memory_gigabytes(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def cpu_name() -> str:
    """As the system has it."""
    found = re.search(r"^model name\s*:\s*(.+)$", _cpu_info(), re.MULTILINE)
    return found[1].strip() if found else platform.processor() or platform.machine()


def cpu_flags() -> list[str]:
    """Those of FLAGS that the system sees; none where it does not say."""
    found = re.search(r"^flags\s*:\s*(.+)$", _cpu_info(), re.MULTILINE)
    seen = set(found[1].split()) if found else set()
    return [flag for flag in FLAGS if flag in seen]


def n_cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory_gigabytes() -> float | None:
    """All of the machine's, where the system says."""
    found = re.search(r"^MemTotal:\s*(\d+) kB", _text("/proc/meminfo"), re.MULTILINE)
    return round(int(found[1]) / 1024**2, 1) if found else None


def slug(machine: dict[str, Any]) -> str:
    """A file's name for what was measured on it: "intel-xeon-processor-avx512-2-cores"."""
    best = "avx512" if "avx512f" in machine["flags"] else "avx2" if "avx2" in machine["flags"] else ""
    name = re.sub(r"\((R|TM)\)|@.*|CPU", " ", machine["cpu"])
    return _joined([*re.findall(r"[a-z0-9]+", name.lower()), best, str(machine["cores"]), "cores"])


def _joined(words: Iterable[str]) -> str:
    return "-".join(word for word in words if word)


def _cpu_info() -> str:
    return _text("/proc/cpuinfo")


def _text(path: str) -> str:
    """What a file of the system says; nothing on another system."""
    file = Path(path)
    return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""
