"""What the measured processes have in common: texts once, then requests, a line of JSON each, answered in turn.

The first line is what the tokenizer is made from. A request names one of its methods and what it may remember.
"""

from __future__ import annotations

import json
import resource
import sys
import time
import zlib
from collections.abc import Callable, Sequence
from typing import Any, Protocol

_BATCH = 32
_MAX_LENGTH = 256


class Measured(Protocol):
    """A tokenizer with the texts that it is to encode."""

    texts: list[str]

    def forget(self) -> None:
        """Start with empty caches, everything else in place."""
        ...


def serve(build: Callable[..., Measured]) -> None:
    """Make the tokenizer, say so, and answer requests until there are none."""
    tokenizer = build(**json.loads(sys.stdin.readline()))
    _say({"ready": True, "version": getattr(tokenizer, "version", "")})
    for line in sys.stdin:
        _say(measure(tokenizer, **json.loads(line)))


def measure(tokenizer: Measured, method: str, memory: str) -> dict[str, Any]:
    """CPU seconds for all texts: with caches ``kept``, ``fresh`` ones, or ``half``: warm from other texts."""
    encode, texts = getattr(tokenizer, method), tokenizer.texts
    if memory != "kept":
        tokenizer.forget()
    if memory == "half":
        encode(texts[::2])
        texts = texts[1::2]
    start = time.process_time()
    rows = encode(texts)
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1024**2)
    return {"microseconds": seconds / len(texts) * 1e6, "megabytes": peak, "digests": digests(rows)}


def digests(rows: Sequence[Any]) -> list[int]:
    """A number for each row of ids, equal for equal rows."""
    return [zlib.crc32(str(row).encode()) for row in rows if isinstance(row, list)]


def batches(texts: list[str]) -> list[list[str]]:
    """The texts in batches, in their order."""
    return [texts[start : start + _BATCH] for start in range(0, len(texts), _BATCH)]


def call_options() -> dict[str, Any]:
    """How a batch is called."""
    return {"padding": True, "truncation": True, "max_length": _MAX_LENGTH, "return_tensors": "np"}


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
