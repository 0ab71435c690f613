"""What models return: frozen dataclasses, generic over the framework's tensor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, Generic, Self, TypeVar

T = TypeVar("T")
_OUTPUTS: list[type[ModelOutput[Any]]] = []


@dataclass(frozen=True, eq=False)
class ModelOutput(Generic[T]):
    """Fields by attribute, by name and by number; a field that is None was not asked for and is left out.

    ``output.logits``, ``output["logits"]`` and ``output[0]`` are the same where logits are the first field that is set;
    iterating gives names, as in a dict, so that ``**output`` works; `to_tuple` gives the values. It has a dict's
    methods and is none: TensorFlow would try to rebuild one from pairs.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        _OUTPUTS.append(cls)

    def __getitem__(self, key: str | int | slice) -> Any:
        if isinstance(key, str):
            return dict(self._given())[key]
        return self.to_tuple()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self.keys())

    def __contains__(self, name: object) -> bool:
        return name in self.keys()

    def keys(self) -> tuple[str, ...]:
        """The names of the fields that are set, in order."""
        return tuple(name for name, _ in self._given())

    def values(self) -> tuple[Any, ...]:
        """The values of the fields that are set, in order."""
        return tuple(value for _, value in self._given())

    def items(self) -> tuple[tuple[str, Any], ...]:
        """Name and value of the fields that are set, in order."""
        return tuple(self._given())

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a field, or the default if it is not set."""
        return dict(self._given()).get(name, default)

    to_tuple = values

    def flat(self) -> dict[str, Any]:
        """The fields that are set, each layer of a tuple by itself as ``hidden_states_0``, …, for files of graphs."""
        flat: dict[str, Any] = {}
        for name, value in self.items():
            layers = isinstance(value, tuple)
            flat |= {f"{name}_{layer}": each for layer, each in enumerate(value)} if layers else {name: value}
        return flat

    def as_asked(self, return_dict: bool) -> Self | tuple[Any, ...]:
        """Itself, or the tuple for callers that asked for ``return_dict=False``."""
        return self if return_dict else self.to_tuple()

    def _given(self) -> Iterator[tuple[str, Any]]:
        for each in fields(self):
            value = getattr(self, each.name)
            if value is not None:
                yield each.name, value

    @classmethod
    def every_class(cls) -> tuple[type[ModelOutput[Any]], ...]:
        """All output classes, so that a framework can register them as containers."""
        return tuple(_OUTPUTS)

    # TensorFlow's protocol for containers that it does not know: two names, no import.
    def __tf_flatten__(self) -> tuple[tuple[tuple[str, ...]], tuple[Any, ...]]:
        return (self.keys(),), self.values()

    @classmethod
    def __tf_unflatten__(cls, metadata: tuple[tuple[str, ...]], components: tuple[Any, ...]) -> Self:
        return cls(**dict(zip(metadata[0], components, strict=True)))


@dataclass(frozen=True, eq=False)
class BaseModelOutput(ModelOutput[T]):
    """What the body returns.

    last_hidden_state (B, T, D); hidden_states: L + 1 tensors (B, T, D), the first after the embeddings, the last equal
    to last_hidden_state; attentions: L tensors (B, H, T, S) of probabilities, after dropout and head mask.
    """

    last_hidden_state: T
    hidden_states: tuple[T, ...] | None = None
    attentions: tuple[T, ...] | None = None


@dataclass(frozen=True, eq=False)
class TaskOutput(ModelOutput[T]):
    """What the outputs of the tasks share: they follow the body's."""

    @classmethod
    def after(cls, body: BaseModelOutput[T], **head: Any) -> Self:
        """The head's own fields, with what was asked of the body."""
        asked = {"hidden_states": body.hidden_states, "attentions": body.attentions}
        return cls(**head, **asked)


@dataclass(frozen=True, eq=False)
class LogitsOutput(TaskOutput[T]):
    """What a model with one table of scores returns.

    loss () where labels were given; logits (B, T, V) for language modelling, unless they were skipped, (B, N) per text,
    (B, T, N) per token, (B, K) per choice; hidden_states and attentions as the body's.
    """

    loss: T | None = None
    logits: T | None = None
    hidden_states: tuple[T, ...] | None = None
    attentions: tuple[T, ...] | None = None


@dataclass(frozen=True, eq=False)
class SpanOutput(TaskOutput[T]):
    """What `XLMForQuestionAnsweringSimple` returns.

    loss () where both positions were given; start_logits and end_logits (B, T).
    """

    loss: T | None = None
    start_logits: T | None = None
    end_logits: T | None = None
    hidden_states: tuple[T, ...] | None = None
    attentions: tuple[T, ...] | None = None


@dataclass(frozen=True, eq=False)
class XLMForQuestionAnsweringOutput(TaskOutput[T]):
    """What `XLMForQuestionAnswering` returns: the loss where both positions were given, or else the best spans.

    loss (). start_top_log_probs and start_top_index (B, n): the n = ``config.start_n_top`` likeliest starts.
    end_top_log_probs and end_top_index (B, e n): for each of these the e = ``config.end_n_top`` likeliest ends; entry
    ``rank * n + start`` is the end of that rank for that start. Where a text has fewer tokens, index -1 and 0.
    cls_logits (B,): how much there seems to be no answer.

    Differs: none in the numbers, but in the words: Hugging Face's documentation calls logarithms what its code and this
        one give as probabilities.
    """

    loss: T | None = None
    start_top_log_probs: T | None = None
    start_top_index: T | None = None
    end_top_log_probs: T | None = None
    end_top_index: T | None = None
    cls_logits: T | None = None
    hidden_states: tuple[T, ...] | None = None
    attentions: tuple[T, ...] | None = None
