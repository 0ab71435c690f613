"""What in a model is affected by another config."""

from __future__ import annotations

from dataclasses import dataclass

from ..config import XLMConfig
from ..manifest import Weight, manifest


@dataclass(frozen=True)
class Change:
    """A weight whose size changes along one axis."""

    weight: Weight
    axis: int

    @property
    def size(self) -> int:
        """How long the axis will be."""
        return self.weight.shape[self.axis]


def changes(before: XLMConfig, after: XLMConfig, task: str | None) -> dict[str, Change]:
    """The weights of other sizes under the second config, by name."""
    old, new = manifest(before, task), manifest(after, task)
    resized = {name: weight for name, weight in new.items() if weight.shape != old[name].shape}
    return {name: Change(weight, _axis(old[name].shape, weight.shape)) for name, weight in resized.items()}


def changed_layers(before: XLMConfig, after: XLMConfig, task: str | None) -> list[str]:
    """The outermost layers that hold such weights, as attribute paths: ``transformer.attentions.0``, ``pred_layer``."""
    return sorted({layer_of(name) for name in changes(before, after, task)})


def layer_of(name: str) -> str:
    """The outermost layer of the body or of the head that holds a weight."""
    steps = name.split(".")
    first = int(steps[0] == "transformer")
    return ".".join(steps[: first + (2 if steps[first + 1].isdigit() else 1)])


def _axis(old: tuple[int, ...], new: tuple[int, ...]) -> int:
    return [before != after for before, after in zip(old, new, strict=True)].index(True)
