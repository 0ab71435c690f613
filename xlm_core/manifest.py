"""The name, shape and kind of every weight, as a function of config and task: the contract of both frameworks.

Names are Hugging Face's, and so the keys of PyTorch's state dict; each is also the attribute path of the weight in both
frameworks. Shapes are PyTorch's: a linear weight is (out, in).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

from .config import XLMConfig
from .errors import ConfigError


class Kind(Enum):
    """What a weight is, which decides its name and its orientation in Keras."""

    LINEAR = "kernel"
    BIAS = "bias"
    EMBEDDING = "embeddings"
    SCALE = "gamma"
    SHIFT = "beta"


@dataclass(frozen=True)
class Weight:
    """One named array of a model."""

    name: str
    shape: tuple[int, ...]
    kind: Kind


def linear(name: str, out_dim: int, in_dim: int) -> Iterator[Weight]:
    """x (…, in_dim) -> (…, out_dim)."""
    yield Weight(f"{name}.weight", (out_dim, in_dim), Kind.LINEAR)
    yield Weight(f"{name}.bias", (out_dim,), Kind.BIAS)


def layer_norm(name: str, dim: int) -> Iterator[Weight]:
    """Scale and shift of a normalised vector."""
    yield Weight(f"{name}.weight", (dim,), Kind.SCALE)
    yield Weight(f"{name}.bias", (dim,), Kind.SHIFT)


def embedding(name: str, rows: int, dim: int) -> Iterator[Weight]:
    """A look-up table."""
    yield Weight(f"{name}.weight", (rows, dim), Kind.EMBEDDING)


def body(config: XLMConfig, prefix: str = "") -> Iterator[Weight]:
    """The weights of XLMModel, in the order of its state dict; a task model holds them under ``transformer.``."""
    dim = config.emb_dim
    yield from embedding(f"{prefix}position_embeddings", config.max_position_embeddings, dim)
    if config.has_lang_embeddings:
        yield from embedding(f"{prefix}lang_embeddings", config.n_langs, dim)
    yield from embedding(f"{prefix}embeddings", config.vocab_size, dim)
    yield from layer_norm(f"{prefix}layer_norm_emb", dim)
    for layer in range(config.n_layers):
        for projection in ("q_lin", "k_lin", "v_lin", "out_lin"):
            yield from linear(f"{prefix}attentions.{layer}.{projection}", dim, dim)
        yield from layer_norm(f"{prefix}layer_norm1.{layer}", dim)
        yield from linear(f"{prefix}ffns.{layer}.lin1", config.hidden_dim, dim)
        yield from linear(f"{prefix}ffns.{layer}.lin2", dim, config.hidden_dim)
        yield from layer_norm(f"{prefix}layer_norm2.{layer}", dim)


def language_modeling(config: XLMConfig) -> Iterator[Weight]:
    """Scores of the vocabulary; their weight is ``embeddings.weight`` itself where the config ties the two."""
    if config.tie_word_embeddings:
        yield Weight("pred_layer.proj.bias", (config.vocab_size,), Kind.BIAS)
    else:
        yield from linear("pred_layer.proj", config.vocab_size, config.emb_dim)


HEADS: dict[str, Callable[[XLMConfig], Iterator[Weight]]] = {
    "language-modeling": language_modeling,
}


def manifest(config: XLMConfig, task: str | None = None) -> dict[str, Weight]:
    """Every weight of a model, by name; ``task=None`` is the bare XLMModel."""
    weights = body(config) if task is None else (*body(config, "transformer."), *HEADS[task](config))
    return {weight.name: weight for weight in weights}


def check_buildable(config: XLMConfig) -> None:
    """Refuse a config that describes a model which this version cannot build.

    Raises: ConfigError naming the field.
    """
    not_built = {"asm": False, "chunk_size_feed_forward": 0, "pruned_heads": {}}
    for name, plain in not_built.items():
        if getattr(config, name) != plain:
            raise ConfigError(
                f"`{name}` must be {plain!r} in this version; got {getattr(config, name)!r}. "
                "Models that need more than that are not built yet."
            )
