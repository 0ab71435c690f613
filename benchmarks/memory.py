"""How much memory a process holds, and has held at most since it was told to forget."""

from __future__ import annotations

import re
import resource
import sys
from pathlib import Path

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def forget_peak() -> None:
    """From here on the peak counts; a system other than Linux counts from the start of the process."""
    if _CLEAR.exists():
        _CLEAR.write_text("5")


def peak_megabytes() -> float:
    """The most that was resident."""
    return _status("VmHWM") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _units_of_a_megabyte()


def resident_megabytes() -> float | None:
    """What is resident now; None where the system does not say."""
    return _status("VmRSS")


def _status(field: str) -> float | None:
    if not _STATUS.exists():
        return None
    found = re.search(rf"^{field}:\s*(\d+) kB", _STATUS.read_text(encoding="utf-8"), re.MULTILINE)
    return int(found[1]) / 1024 if found else None


def _units_of_a_megabyte() -> int:
    return 1024 if sys.platform == "linux" else 1024**2
