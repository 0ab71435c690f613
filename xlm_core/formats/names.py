"""Which array of a file is which weight of a model: the body's prefix, other tasks' heads, and old leftovers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ..errors import CheckpointError, MissingWeights

BODY = "transformer."
HEADS = ("classifier.", "logits_proj.", "pred_layer.", "qa_outputs.", "sequence_summary.")
LEGACY = ("position_ids", "transformer.position_ids")
TIED = "pred_layer.proj.weight"


@dataclass(frozen=True)
class Names:
    """The names of a file, sorted by what becomes of them.

    ``found`` maps a model's name to the file's, in the model's order; ``set_aside`` are legacy names and other
    tasks' heads; ``unexpected`` is what no XLM model has. The copy of a tied weight is in none of them.
    """

    found: dict[str, str]
    set_aside: tuple[str, ...]
    unexpected: tuple[str, ...]


def match(path: Path, stored: Collection[str], wanted: Collection[str]) -> Names:
    """Sort a file's names for a model; ``transformer.`` is added or removed where the model has it otherwise.

    Raises: MissingWeights if file and model share no name, CheckpointError if two arrays claim one weight.
    """
    places = {name: place for name in stored if (place := _place(name, wanted))}
    if not places:
        raise _strangers(path, stored, wanted)
    _refuse_twins(path, places)
    claims = {place: name for name, place in places.items()}
    rest = sorted(name for name in stored if name not in places and not _is_tied_copy(name, wanted))
    return Names(
        found={name: claims[name] for name in wanted if name in claims},
        set_aside=tuple(name for name in rest if _is_known(name)),
        unexpected=tuple(name for name in rest if not _is_known(name)),
    )


def is_body(name: str, wanted: Collection[str]) -> bool:
    """Whether a weight belongs to the body: all of a bare model's do, and a task model's under ``transformer.``."""
    return name.startswith(BODY) or not any(other.startswith(BODY) for other in wanted)


def _place(name: str, wanted: Collection[str]) -> str | None:
    """The model's name for a stored one, None if it has none."""
    candidates = (name, BODY + name, name.removeprefix(BODY))
    return next((candidate for candidate in candidates if candidate in wanted), None)


def _is_known(name: str) -> bool:
    return name in LEGACY or name.startswith(HEADS)


def _is_tied_copy(name: str, wanted: Collection[str]) -> bool:
    """Whether the model writes with its embeddings, so that the output matrix in the file is a copy of them."""
    return name == TIED and any(other.startswith("pred_layer.") for other in wanted)


def _refuse_twins(path: Path, places: dict[str, str]) -> None:
    claimed: dict[str, str] = {}
    for name, place in places.items():
        if place in claimed:
            raise CheckpointError(
                f"`{path}` must hold each weight once; `{claimed[place]}` and `{name}` are both `{place}`. "
                "Remove one of them."
            )
        claimed[place] = name


def _strangers(path: Path, stored: Collection[str], wanted: Collection[str]) -> MissingWeights:
    found, expected = (", ".join(f"`{name}`" for name in islice(names, 3)) or "nothing" for names in (stored, wanted))
    return MissingWeights(
        f"`{path}` must hold weights of an XLM model such as {expected}; it holds {found} and no name that fits. "
        "Is it another model's, or are its names prefixed?"
    )
