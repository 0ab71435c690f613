"""What a conversion did, for people and for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xlm_core.formats.loading import LoadingInfo
from xlm_core.formats.names import TIED

from .answers import Answer, columns, size, some
from .comparing import WORDS
from .models import CLASSES, declared_task, head_names
from .sources import Source
from .targets import Job, Target
from .weights import Entry, entries, totals


@dataclass(frozen=True)
class Move:
    """A weight on its way: what it is called in either file, and whether the files have it in opposite directions."""

    weight: Entry
    target_name: str
    is_transposed: bool

    @property
    def is_renamed(self) -> bool:
        """Whether the files call it differently."""
        return self.weight.stored_name != self.target_name

    def table(self) -> dict[str, Any]:
        """For programs."""
        return {
            "name": self.weight.name,
            "source_name": self.weight.stored_name,
            "target_name": self.target_name,
            "shape": list(self.weight.shape),
            "source_dtype": self.weight.dtype,
            "transposed": self.is_transposed,
        }


@dataclass(frozen=True)
class Report:
    """What became of everything: ``files`` are names and bytes, bytes being None for what is not written yet."""

    source: Source
    folder: str
    target: Target
    job: Job
    info: LoadingInfo
    tokenizer: str
    files: Mapping[str, int | None]
    is_dry_run: bool

    def moves(self) -> list[Move]:
        """Every weight's way."""
        return [self._move(entry) for entry in entries(self.job.weights)]

    def missing(self) -> list[str]:
        """The head that the config promises and the file has not."""
        config = self.source.config
        promised = head_names(config, declared_task(config))
        return [name for name in promised if name not in self.source.checkpoint]

    def tied(self) -> dict[str, str]:
        """Weights that are another's, by name."""
        return {TIED: WORDS} if self.job.is_tied else {}

    def answer(self) -> Answer:
        """For people and for programs."""
        moves = self.moves()
        return Answer(self._lines(moves), self._table(moves))

    def _move(self, entry: Entry) -> Move:
        weight = self.job.manifest[entry.name]
        is_transposed = entry.is_transposed != self.target.turns(weight)
        return Move(entry, self.target.place(weight, self.job), is_transposed)

    def _table(self, moves: Sequence[Move]) -> dict[str, Any]:
        return {
            "source": str(self.source.path),
            "source_format": self.source.format,
            "target": self.folder,
            "target_format": self.target.title,
            "model": CLASSES[self.job.task],
            "dry_run": self.is_dry_run,
            "totals": totals(self.job.kept()),
            "weights": [move.table() for move in moves],
            "renamed": {move.weight.stored_name: move.target_name for move in moves if move.is_renamed},
            "transposed": [move.weight.name for move in moves if move.is_transposed],
            "tied": self.tied(),
            "missing": self.missing(),
            "unexpected": list(self.info.unexpected_keys),
            "set_aside": list(self.info.set_aside),
            "tokenizer": self.tokenizer,
            "files": dict(self.files),
        }

    def _lines(self, moves: Sequence[Move]) -> list[str]:
        sums = totals(self.job.kept())
        dtypes = ", ".join(sums["dtypes"])
        titles = ["would write" if self.is_dry_run else "written", *[""] * (len(self.files) - 1)]
        lists = {
            "renamed": [f"{move.weight.stored_name} → {move.target_name}" for move in moves if move.is_renamed],
            "transposed": [move.weight.name for move in moves if move.is_transposed],
            "tied": [f"{name} is {other}" for name, other in self.tied().items()],
            "missing": self.missing(),
            "unexpected": list(self.info.unexpected_keys),
            "set aside": list(self.info.set_aside),
        }
        return columns(
            [
                ("from", f"{self.source.path} ({self.source.format})"),
                ("to", f"{self.folder} ({self.target.title})"),
                ("model", f"{CLASSES[self.job.task]}, {sums['weights']} weights, {size(sums['bytes'])} of {dtypes}"),
                *((title, _counted(names)) for title, names in lists.items()),
                ("tokenizer", self.tokenizer),
                *zip(titles, self._files(), strict=True),
            ]
        )

    def _files(self) -> list[str]:
        return [name if length is None else f"{name} {size(length)}" for name, length in self.files.items()]


def _counted(names: Sequence[str]) -> str:
    return f"{len(names)}: {some(names)}" if names else "0"
