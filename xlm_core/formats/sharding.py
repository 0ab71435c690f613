"""Weights spread over several files, and the index that says which is where."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError
from . import safetensors, torch_writer
from .base import Array, Checkpoint, StoredArray, damaged, kept_dtype, mapped, numpy_dtype, selected, source, writing
from .tensorflow import canonical

UNITS = {unit + byte: base**power for base, byte in ((1000, "B"), (1024, "iB")) for power, unit in enumerate("KMGT", 1)}


@dataclass(frozen=True)
class Layout:
    """What the files of a format are called, and how one of them is written."""

    stem: str
    suffix: str
    write: Callable[[Path, Mapping[str, Array], str | None], None]

    def single(self, variant: str | None = None) -> str:
        """The file that has all weights: `model.safetensors`, `model.fp16.safetensors`."""
        return f"{self._start(variant)}{self.suffix}"

    def index(self, variant: str | None = None) -> str:
        """The index of shards: `model.safetensors.index.json`, `model.safetensors.index.fp16.json`."""
        return f"{self.stem}{self.suffix}.index.{variant + '.' if variant else ''}json"

    def shard(self, number: int, count: int, variant: str | None = None) -> str:
        """A shard: `model-00001-of-00002.safetensors`."""
        return f"{self._start(variant)}-{number:05}-of-{count:05}{self.suffix}"

    def is_own(self, name: str, variant: str | None = None) -> bool:
        """Whether a file of this name is one that is written here."""
        start, suffix = re.escape(self._start(variant)), re.escape(self.suffix)
        return name == self.index(variant) or re.fullmatch(rf"{start}(-\d{{5}}-of-\d{{5}})?{suffix}", name) is not None

    def _start(self, variant: str | None) -> str:
        return f"{self.stem}.{variant}" if variant else self.stem


def _write_safetensors(path: Path, arrays: Mapping[str, Array], dtype: str | None) -> None:
    safetensors.write(path, arrays, dtype=dtype)


SAFETENSORS = Layout("model", ".safetensors", _write_safetensors)
TORCH = Layout("pytorch_model", ".bin", torch_writer.write)


def read(index: Path, locate: Callable[[str], Path], read_shard: Callable[[Path], Checkpoint]) -> Checkpoint:
    """Open the files that an index names as one checkpoint.

    ``locate`` finds a shard by its name, on disk or on the Hub; ``read_shard`` opens it.

    Raises: CheckpointError if index and shards disagree or the index points out of its folder, FetchError if a shard
    is missing.
    """
    table = _parse(index)
    listed = {canonical(name): shard for name, shard in _weight_map(index, table).items()}
    shards = {name: read_shard(_inside(index, locate(name))) for name in sorted(set(listed.values()))}
    _compare(index, listed, _contents(index, shards))
    arrays = {name: shards[shard].stored(name) for name, shard in listed.items()}
    return Checkpoint(index, arrays, _metadata(table))


def write(
    folder: Path,
    arrays: Mapping[str, Array],
    max_shard_size: int | str,
    dtype: str | None = None,
    layout: Layout = SAFETENSORS,
    variant: str | None = None,
) -> None:
    """Write weights to one file, or to several with an index if they are larger than ``max_shard_size``.

    All files take their names at the end, the index last; then those of an earlier save that no longer belong are
    removed.
    """
    sizes = {name: _stored_size(source(arrays, name), dtype) for name in arrays}
    shards = name_shards(split(sizes, parse_size(max_shard_size)), layout, variant)
    index_file = layout.index(variant)
    with ExitStack() as stack:
        if len(shards) > 1:  # the first to enter is the last to leave: the index takes its name after the shards
            index = stack.enter_context(writing(folder / index_file))
            index.write_text(_index(shards, arrays, sizes), encoding="utf-8")
        for name, members in shards.items():
            path = stack.enter_context(writing(folder / name))
            layout.write(path, selected(arrays, members), dtype)
    written = {*shards, index_file} if len(shards) > 1 else {*shards}
    _remove_stale(folder, written, layout, variant)


def split(sizes: Mapping[str, int], max_shard_size: int) -> list[list[str]]:
    """Names in their order, cut where the next array would exceed the limit; a larger array has a shard to itself."""
    shards: list[list[str]] = [[]]
    filled = 0
    for name, size in sizes.items():
        if shards[-1] and filled + size > max_shard_size:
            shards.append([])
            filled = 0
        shards[-1].append(name)
        filled += size
    return shards


def name_shards(shards: list[list[str]], layout: Layout, variant: str | None = None) -> dict[str, list[str]]:
    """File name -> the names of its arrays."""
    if len(shards) == 1:
        return {layout.single(variant): shards[0]}
    return {layout.shard(number, len(shards), variant): names for number, names in enumerate(shards, 1)}


def parse_size(size: int | str) -> int:
    """A number of bytes; 5 GB is 5 * 1000**3 bytes, 5 GiB is 5 * 1024**3.

    Raises: InputError if it is neither a number above zero nor such a text.
    """
    text = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]i?B)", str(size))
    number = int(float(text[1]) * UNITS[text[2]]) if text else size
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise InputError(f"`max_shard_size` must be a number of bytes or a text like '5GB' or '200MB'; got {size!r}.")
    return number


def _parse(index: Path) -> dict[str, Any]:
    try:
        table = json.loads(mapped(index)[:], object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise damaged(index, f"must be a JSON index of weight files; {error}") from error
    if not isinstance(table, dict):
        raise damaged(index, f"must be a JSON object; got a {type(table).__name__}")
    return table


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object whose keys must differ."""
    table = dict(pairs)
    if len(table) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"`{next(key for key in keys if keys.count(key) > 1)}` is listed twice")
    return table


def _weight_map(index: Path, table: Mapping[str, Any]) -> dict[str, str]:
    """The index's table, name of an array -> name of a file."""
    listed = table.get("weight_map")
    if not isinstance(listed, dict) or not listed:
        raise damaged(index, f"must have a `weight_map` from weights to files; got {type(listed).__name__}")
    for name, shard in listed.items():
        if not _is_plain(shard):
            raise damaged(
                index,
                f"must name files of its own folder; `{name}` is said to lie in {shard!r}",
                "Do not trust this checkpoint; nothing outside its folder was read.",
            )
    return listed


def _is_plain(name: object) -> bool:
    """Whether a file name stays in its folder on every system: no separators, no drive, no dots alone."""
    return isinstance(name, str) and re.fullmatch(r"[^/\\:\x00]+", name) is not None and name.strip(". ") != ""


def _inside(index: Path, shard: Path) -> Path:
    """The shard itself, if its links stay in the index's folder or in the Hub cache that the folder is part of."""
    homes = [index.parent, *(parent.parent / "blobs" for parent in index.parents if parent.name == "snapshots")]
    if any(shard.resolve().is_relative_to(home.resolve()) for home in homes):
        return shard
    problem = f"must name files of its own folder; `{shard.name}` is a link to `{shard.resolve()}`"
    raise damaged(index, problem, "Copy the file into the folder if you trust it.")


def _contents(index: Path, shards: Mapping[str, Checkpoint]) -> dict[str, str]:
    """Name of an array -> name of the file it really lies in."""
    found: dict[str, str] = {}
    for shard, checkpoint in shards.items():
        for name in checkpoint:
            if name in found:
                raise damaged(index, f"must have each weight once; `{name}` lies in `{found[name]}` and in `{shard}`")
            found[name] = shard
    return found


def _compare(index: Path, listed: Mapping[str, str], found: Mapping[str, str]) -> None:
    """Refuse an index that does not say what the shards hold."""
    for name in {**listed, **found}:
        if listed.get(name) != found.get(name):
            promised, actual = (f"`{table[name]}`" if name in table else "no file" for table in (listed, found))
            raise damaged(index, f"must agree with its files; it lists `{name}` in {promised}, it lies in {actual}")


def _metadata(table: Mapping[str, Any]) -> dict[str, str]:
    metadata = table.get("metadata")
    return {key: str(value) for key, value in metadata.items()} if isinstance(metadata, dict) else {}


def _stored_size(array: StoredArray, dtype: str | None) -> int:
    return math.prod(array.shape) * numpy_dtype(kept_dtype(array, dtype)).itemsize


def _index(shards: Mapping[str, Iterable[str]], arrays: Mapping[str, Array], sizes: Mapping[str, int]) -> str:
    parameters = sum(math.prod(source(arrays, name).shape) for name in arrays)
    metadata = {"total_parameters": parameters, "total_size": sum(sizes.values())}
    weight_map = {name: shard for shard, names in shards.items() for name in names}
    return json.dumps({"metadata": metadata, "weight_map": dict(sorted(weight_map.items()))}, indent=2) + "\n"


def _remove_stale(folder: Path, written: set[str], layout: Layout, variant: str | None) -> None:
    """Remove what an earlier save left under our own names, so that no reader meets two sets of weights."""
    for path in folder.iterdir():
        if layout.is_own(path.name, variant) and path.name not in written:
            path.unlink()
