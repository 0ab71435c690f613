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
        width = len(config.heads(layer)) * config.head_dim
        for projection in ("q_lin", "k_lin", "v_lin"):
            yield from linear(f"{prefix}attentions.{layer}.{projection}", width, dim)
        yield from linear(f"{prefix}attentions.{layer}.out_lin", dim, width)
        yield from layer_norm(f"{prefix}layer_norm1.{layer}", dim)
        yield from linear(f"{prefix}ffns.{layer}.lin1", config.hidden_dim, dim)
        yield from linear(f"{prefix}ffns.{layer}.lin2", dim, config.hidden_dim)
        yield from layer_norm(f"{prefix}layer_norm2.{layer}", dim)


def adaptive_softmax(config: XLMConfig, name: str) -> Iterator[Weight]:
    """A score for each frequent word and each cluster of rare ones, and two layers without bias for each cluster."""
    clusters = config.asm_clusters
    yield from linear(f"{name}.head", (config.asm_cutoffs or [0])[0] + len(clusters), config.emb_dim)
    for number, (width, size) in enumerate(clusters):
        yield Weight(f"{name}.tail.{number}.0.weight", (width, config.emb_dim), Kind.LINEAR)
        yield Weight(f"{name}.tail.{number}.1.weight", (size, width), Kind.LINEAR)


def language_modeling(config: XLMConfig) -> Iterator[Weight]:
    """Scores of the vocabulary; their weight is ``embeddings.weight`` itself where the config ties the two."""
    if config.asm:
        yield from adaptive_softmax(config, "pred_layer.proj")
    elif config.tie_word_embeddings:
        yield Weight("pred_layer.proj.bias", (config.vocab_size,), Kind.BIAS)
    else:
        yield from linear("pred_layer.proj", config.vocab_size, config.emb_dim)


def sequence_summary(config: XLMConfig) -> Iterator[Weight]:
    """One vector per text, projected if the config says so."""
    if config.summary_use_proj:
        yield from linear("sequence_summary.summary", config.summary_dim, config.emb_dim)


def multiple_choice(config: XLMConfig) -> Iterator[Weight]:
    """A score for each choice, from the summary of its text."""
    yield from sequence_summary(config)
    yield from linear("logits_proj", 1, config.num_labels)


def token_classification(config: XLMConfig) -> Iterator[Weight]:
    """Scores of the labels for each token."""
    yield from linear("classifier", config.num_labels, config.emb_dim)


def spans(config: XLMConfig) -> Iterator[Weight]:
    """Scores for a span's start and for its end, apart."""
    yield from linear("qa_outputs", 2, config.emb_dim)


def beam_spans(config: XLMConfig) -> Iterator[Weight]:
    """Scores for a span's start, for its end given its start, and for there being no answer."""
    dim = config.emb_dim
    yield from linear("qa_outputs.start_logits.dense", 1, dim)
    yield from linear("qa_outputs.end_logits.dense_0", dim, 2 * dim)
    yield from layer_norm("qa_outputs.end_logits.LayerNorm", dim)
    yield from linear("qa_outputs.end_logits.dense_1", 1, dim)
    yield from linear("qa_outputs.answer_class.dense_0", dim, 2 * dim)
    yield Weight("qa_outputs.answer_class.dense_1.weight", (1, dim), Kind.LINEAR)


HEADS: dict[str, Callable[[XLMConfig], Iterator[Weight]]] = {
    "language-modeling": language_modeling,
    "sequence-classification": sequence_summary,
    "multiple-choice": multiple_choice,
    "token-classification": token_classification,
    "question-answering-simple": spans,
    "question-answering": beam_spans,
}


def manifest(config: XLMConfig, task: str | None = None) -> dict[str, Weight]:
    """Every weight of a model, by name; ``task=None`` is the bare XLMModel."""
    weights = body(config) if task is None else (*body(config, "transformer."), *HEADS[task](config))
    return {weight.name: weight for weight in weights}


def check_buildable(config: XLMConfig, task: str | None = None) -> None:
    """Refuse a config that describes a model which cannot be built.

    Raises: ConfigError naming the field or fields.
    """
    if task in ("sequence-classification", "multiple-choice") and config.summary_dim != config.num_labels:
        raise ConfigError(
            f"a summary must be `num_labels` = {config.num_labels} wide for {task}; it is {config.summary_dim}, with "
            f"summary_use_proj={config.summary_use_proj} and summary_proj_to_labels={config.summary_proj_to_labels}."
        )
    if task == "question-answering-simple" and config.num_labels != 2:
        raise ConfigError(f"`num_labels` must be 2 for {task}, a start and an end; got {config.num_labels}.")
