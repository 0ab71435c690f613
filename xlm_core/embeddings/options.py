"""What a call of ``encode`` asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..checks import check_choice, check_positive
from ..config import XLMConfig
from ..data.batches import Limits
from ..errors import InputError
from ..inputs import check_flag
from .pooling import Pooling, check_pooling

Layers = int | Sequence[int] | Literal["all"]

_BATCH_SIZE = 32
"""Texts in a batch where nobody says."""


@dataclass(frozen=True)
class EncodeOptions:
    """The arguments of ``encode`` besides the texts; see there."""

    pooling: Pooling
    layer: Layers
    special_tokens: bool
    normalize: bool
    batch_size: int | None
    max_tokens: int | None
    block: int
    truncation: bool
    output: str

    def check(self, config: XLMConfig) -> None:
        """Refuse what no model, or not this one, can do.

        Raises: InputError.
        """
        check_pooling(self.pooling)
        check_choice("output", self.output, ("numpy", "tensor"))
        for name in ("special_tokens", "normalize", "truncation"):
            if getattr(self, name) is None:
                raise InputError(f"`{name}` must be True or False; got None.")
            check_flag(name, getattr(self, name))
        Limits(self.batch_size, self.max_tokens).checked()
        check_positive("block", self.block)
        chosen_layers(self.layer, config)

    @property
    def limits(self) -> Limits:
        """The most texts and the most positions of a batch."""
        return Limits(self.batch_size, self.max_tokens).or_texts(_BATCH_SIZE)


def chosen_layers(layer: Layers, config: XLMConfig) -> tuple[int, ...]:
    """The layers that are averaged, counted from 0, the embeddings.

    Raises: InputError for a layer that the model has not.
    """
    last = config.n_layers
    if isinstance(layer, str) and layer == "all":
        return tuple(range(1, last + 1))
    wanted: Any = layer if _is_list(layer) else [layer]
    if not len(wanted) or not all(_is_whole(each) and -last - 1 <= each <= last for each in wanted):
        raise InputError(
            f"`layer` must be from {-last - 1} to {last}, a list of such numbers or 'all', for a model of {last} "
            f"layers; got {layer!r}."
        )
    return tuple(int(each) % (last + 1) for each in wanted)


def _is_list(layer: object) -> bool:
    return isinstance(layer, Sequence) and not isinstance(layer, str)


def _is_whole(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool)
