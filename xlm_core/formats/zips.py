"""Zip files as PyTorch and Keras write them: entries are mapped where they are stored as they are."""

from __future__ import annotations

import io
import mmap
import struct
import zipfile
from collections.abc import Iterator

SIGNATURE = b"PK\x03\x04"
LOCAL_HEADER = struct.Struct("<4s22xHH")


class Zip:
    """The entries of a mapped zip, by name.

    Raises: whatever `zipfile` makes of a damaged file; its readers turn that into their own error.
    """

    def __init__(self, source: mmap.mmap) -> None:
        self.source = source
        self.archive = zipfile.ZipFile(Window(memoryview(source)))
        self.entries = {entry.filename: entry for entry in self.archive.infolist()}
        if len(self.entries) < len(self.archive.infolist()):
            raise ValueError("it is a zip that has an entry twice")

    @staticmethod
    def signed(source: mmap.mmap) -> bool:
        """Whether a file starts as a zip does."""
        return source[: len(SIGNATURE)] == SIGNATURE

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __contains__(self, name: str) -> bool:
        return name in self.entries

    def entry(self, name: str, limit: int) -> memoryview:
        """The bytes of an entry, mapped or unpacked; one that is packed must not become longer than ``limit``."""
        if name not in self.entries:
            raise ValueError(f"it is a zip without `{name:.80}`")
        entry = self.entries[name]
        if entry.compress_type == zipfile.ZIP_STORED:
            start = self._start(entry)
            return memoryview(self.source)[start : start + entry.file_size]
        if entry.file_size > limit:
            raise ValueError(f"its entry `{name:.80}` must have {limit} bytes; unpacked it has {entry.file_size}")
        with self.archive.open(entry) as packed:
            return memoryview(packed.read(limit))

    def _start(self, entry: zipfile.ZipInfo) -> int:
        """Where the bytes of an entry lie."""
        signature, name_length, extra_length = LOCAL_HEADER.unpack_from(self.source, entry.header_offset)
        if signature != SIGNATURE:
            raise ValueError(f"its entry `{entry.filename:.80}` is not where the zip says")
        return entry.header_offset + LOCAL_HEADER.size + int(name_length) + int(extra_length)


class Window(io.RawIOBase):
    """Mapped bytes as a file to read from, without copying them."""

    def __init__(self, source: memoryview) -> None:
        self.source, self.position = source, 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """The position."""
        return self.position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self.position, io.SEEK_END: len(self.source)}[whence]
        if start + offset < 0:
            raise ValueError(f"a position in a file must not be negative; got {start + offset}")
        self.position = start + offset
        return self.position

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # what callers hand over
        """Fill a buffer as far as there are bytes."""
        taken = self.source[self.position : self.position + len(buffer)]
        buffer[: len(taken)] = taken
        self.position += len(taken)
        return len(taken)
