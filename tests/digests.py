"""The texts whose tokens are recorded as digests, and the digests; standard library only.

Real text is not part of this project: it is read where it is, and only digests of what becomes of it are kept.
"""

from __future__ import annotations

import gzip
import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from adversarial import strings

TEXT = Path(os.environ.get("XLM_TEST_TEXT", Path(__file__).parents[2] / "shared" / "data" / "text"))
"""A folder of gzipped text files named after languages, one sentence a line."""

COUNT = 3000
SEED = 20190122


def adversarial_texts() -> list[str]:
    """Strings that are hard to tokenize."""
    return list(strings(SEED, COUNT))


def real_texts() -> dict[str, list[str]]:
    """Language → sentences, as many of each language, from all over its file; nothing if the folder is not there."""
    files = sorted(TEXT.glob("*.txt.gz"))
    return {path.name.partition(".")[0]: _sample(path, COUNT // len(files)) for path in files}


def digest(tokens: Iterable[str]) -> str:
    """A few letters that differ if the tokens differ."""
    data = "\n\n".join(tokens).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(data, digest_size=6).hexdigest()


def _sample(path: Path, count: int) -> list[str]:
    lines = gzip.decompress(path.read_bytes()).decode("utf-8").split("\n")
    return lines[:: max(len(lines) // count, 1)][:count]
