"""Damage a weight file many times and read it: `python tests/fuzz.py FILE COUNT SEED`, from the repository's root.

Prints a line for every file that is neither read nor refused by one of our errors, or that takes more than two
seconds, and one if the process has taken more memory than it may. Number N of a seed is always the same file.
"""

from __future__ import annotations

import io
import random
import sys
import tempfile
import time
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

from xlm_core.errors import XLMError
from xlm_core.formats.loading import open_weights, read_config
from xlm_core.hub import locate

SECONDS = 2.0
MEGABYTES = 1024
VALUES = (0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF)
HUGE = (2**31, 2**32 - 1, 2**40, 2**62, 2**63 - 1, 2**64 - 1)


def damaged(data: bytes, draw: random.Random) -> bytes:
    """A file with a little damage, in its zip's entries as often as in the zip."""
    if data.startswith(b"PK") and draw.random() < 0.6:
        return in_zip(data, draw)
    return draw.choice(DAMAGES)(data, draw)


def in_zip(data: bytes, draw: random.Random) -> bytes:
    """A sound zip with a damaged entry, sometimes packed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    small = [name for name, content in entries.items() if content]
    victim = draw.choice([*small, *(name for name in small if name.endswith((".pkl", ".json", ".h5")))])
    entries[victim] = draw.choice(DAMAGES)(entries[victim], draw)
    with zipfile.ZipFile(buffer, "w", draw.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def bytes_changed(data: bytes, draw: random.Random) -> bytes:
    """Some bytes are others."""
    changed = bytearray(data)
    for _ in range(draw.choice((1, 1, 2, 4, 16))):
        changed[place(data, draw)] = draw.choice((*VALUES, draw.randrange(256)))
    return bytes(changed)


def number_changed(data: bytes, draw: random.Random) -> bytes:
    """A number is huge."""
    start, size = place(data, draw), draw.choice((4, 8))
    return data[:start] + (draw.choice(HUGE) % 2 ** (8 * size)).to_bytes(size, "little") + data[start + size :]


def cut(data: bytes, draw: random.Random) -> bytes:
    """The file ends early."""
    return data[: place(data, draw)]


def part_removed(data: bytes, draw: random.Random) -> bytes:
    """A few bytes are missing."""
    start = place(data, draw)
    return data[:start] + data[start + draw.randrange(1, 64) :]


def part_repeated(data: bytes, draw: random.Random) -> bytes:
    """A few bytes are there again, elsewhere."""
    start, target = place(data, draw), place(data, draw)
    piece = data[start : start + draw.randrange(1, 64)]
    return data[:target] + piece + data[target + draw.choice((0, len(piece))) :]


def place(data: bytes, draw: random.Random) -> int:
    """A position, at the beginning and at the end more often than elsewhere."""
    size = len(data)
    return draw.choice(
        (draw.randrange(size), draw.randrange(min(size, 4096)), size - 1 - draw.randrange(min(size, 512)))
    )


DAMAGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    bytes_changed,
    bytes_changed,
    bytes_changed,
    number_changed,
    cut,
    part_removed,
    part_repeated,
)


def attempt(path: Path) -> str:
    """Read everything in a file; what went wrong, if it is not for us to say."""
    start = time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            checkpoint = open_weights(locate(path))
            read_config(locate(path))
            for name in checkpoint:
                checkpoint[name].sum()
    except XLMError:
        pass
    except Exception as error:  # noqa: BLE001  # this is what is looked for
        return f"{type(error).__name__}: {error}"
    seconds = time.perf_counter() - start
    return f"took {seconds:.1f} s" if seconds > SECONDS else ""


def main(source: Path, count: int, seed: int) -> None:
    """Damage and read; the file lies where its neighbours are, for an index needs them."""
    data = source.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        for neighbour in source.parent.iterdir():
            Path(folder, neighbour.name).write_bytes(neighbour.read_bytes())
        path = Path(folder, source.name)
        for number in range(count):
            path.unlink()
            path.write_bytes(damaged(data, random.Random(f"{seed}-{number}")))
            if problem := attempt(path):
                say(f"file {number} of seed {seed}: {problem}")
    if (taken := megabytes()) > MEGABYTES:
        say(f"took {taken} MB")


def say(line: str) -> None:
    """Print at once: the next file may be the last."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def megabytes() -> int:
    """The most memory that the program ever had, where the system tells that apart from what started it; else 0."""
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="ascii", errors="replace").split("\n") if status.exists() else []
    return next((int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM")), 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
