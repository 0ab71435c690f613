"""Low-rank adapters: what they are, where they start, and what a layer is with one merged into it.

Source: Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models", section 4.1.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ..config import XLMConfig
from ..errors import ConfigError, MissingWeights, ShapeMismatch, UnexpectedWeights
from ..fields import check, listing, real, whole
from ..manifest import Kind, manifest

Arrays = dict[str, np.ndarray]

TARGETS = ("k_lin", "lin1", "lin2", "out_lin", "q_lin", "v_lin")
"""The body's linear layers, by the last step of their paths."""


@dataclass(frozen=True)
class LoraConfig:
    """W x becomes W x + alpha / rank · B A x in the targets, with A (rank, in) and B (out, rank).

    Raises: ConfigError for a value that describes no adapter.
    """

    rank: int = whole(8, 1)
    alpha: float = real(8.0)
    targets: tuple[str, ...] = listing()
    dropout: float = real(0.0, 0, 1)

    def __post_init__(self) -> None:
        check(self)
        unknown = sorted({*self.targets} - {*TARGETS})
        if unknown or not self.targets:
            raise ConfigError(f"`targets` must be some of {list(TARGETS)}; got {list(self.targets)}.")

    @property
    def scale(self) -> float:
        """How much of B A x is added."""
        return self.alpha / self.rank


def adapted_layers(config: XLMConfig, task: str | None, lora: LoraConfig) -> list[str]:
    """The paths of the layers that an adapter is put beside."""
    names = (weight.name for weight in manifest(config, task).values() if weight.kind is Kind.LINEAR)
    paths = [name.rpartition(".")[0] for name in names]
    return [path for path in paths if path.rpartition(".")[2] in lora.targets and "." in path]


def adapter_shapes(config: XLMConfig, task: str | None, lora: LoraConfig) -> dict[str, tuple[int, int]]:
    """Every adapter weight's shape, by name: that of the layer, and ``lora_a`` or ``lora_b``."""
    return dict(_shapes(config, task, lora))


def initial_arrays(config: XLMConfig, task: str | None, lora: LoraConfig, seed: int) -> Arrays:
    """A from N(0, 1 / in), B zero, so that a model computes at first what it did before."""
    shapes = adapter_shapes(config, task, lora)
    return {name: _draw(name, shape, seed) if name.endswith("a") else _zeros(shape) for name, shape in shapes.items()}


def merge(weights: Mapping[str, np.ndarray], adapters: Mapping[str, np.ndarray], lora: LoraConfig) -> Arrays:
    """W + alpha / rank · B A for every adapter, under the name of W."""
    paths = [name.removesuffix(".lora_a") for name in adapters if name.endswith(".lora_a")]
    return {
        f"{path}.weight": weights[f"{path}.weight"]
        + np.float32(lora.scale) * (adapters[f"{path}.lora_b"] @ adapters[f"{path}.lora_a"])
        for path in paths
    }


def check_adapters(config: XLMConfig, task: str | None, lora: LoraConfig, arrays: Mapping[str, np.ndarray]) -> Arrays:
    """The arrays that are weights of the model itself, the others being the adapters it needs, all of them.

    Raises: MissingWeights, UnexpectedWeights or ShapeMismatch for adapters of another model.
    """
    adapters = adapter_shapes(config, task, lora)
    own = {name: weight.shape for name, weight in manifest(config, task).items()}
    if missing := sorted(adapters.keys() - arrays.keys()):
        raise MissingWeights(f"the adapters must be those of this model; `{missing[0]}` is missing.")
    if unexpected := sorted(arrays.keys() - adapters.keys() - own.keys()):
        raise UnexpectedWeights(f"the adapters must be those of this model; it has no place for `{unexpected[0]}`.")
    for name, array in sorted(arrays.items()):
        if array.shape != (wanted := (adapters | own)[name]):
            raise ShapeMismatch(f"`{name}` must have shape {wanted}; got {array.shape}. It is of another model.")
    return {name: array for name, array in arrays.items() if name in own}


def _shapes(config: XLMConfig, task: str | None, lora: LoraConfig) -> Iterator[tuple[str, tuple[int, int]]]:
    weights = manifest(config, task)
    for path in adapted_layers(config, task, lora):
        out_dim, in_dim = weights[f"{path}.weight"].shape
        yield f"{path}.lora_a", (lora.rank, in_dim)
        yield f"{path}.lora_b", (out_dim, lora.rank)


def _draw(name: str, shape: tuple[int, int], seed: int) -> np.ndarray:
    """From the name and the seed alone, whatever else is drawn."""
    values: np.ndarray = np.random.default_rng([seed, zlib.crc32(name.encode())]).normal(0, shape[1] ** -0.5, shape)
    return values.astype(np.float32)


def _zeros(shape: tuple[int, int]) -> np.ndarray:
    return np.zeros(shape, np.float32)
