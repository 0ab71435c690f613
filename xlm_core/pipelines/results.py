"""What every result of a pipeline is: a frozen dataclass that is read as a dict, too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True)
class Result(Mapping[str, Any]):
    """A result by attribute, and by name as the dicts of Hugging Face's pipelines are read; ``dict(result)`` is one."""

    def __getitem__(self, name: str) -> Any:
        if name not in self:
            raise KeyError(name)
        return getattr(self, name)

    def __contains__(self, name: object) -> bool:
        return name in tuple(self)

    def __iter__(self) -> Iterator[str]:
        return (each.name for each in fields(self))

    def __len__(self) -> int:
        return len(fields(self))
