"""What the pipelines share: batches, checks of texts, results that are also dicts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from ..config import XLMConfig
from ..data.collate import collate
from ..errors import InputError, VocabularyError
from ..tokenizer import XLMTokenizer

Options = TypeVar("Options")
R = TypeVar("R")
Encoding = Mapping[str, Sequence[int]]


class Runner(Protocol):
    """A model of either framework: the only part of a pipeline that is not here."""

    config: XLMConfig

    def __call__(self, batch: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """A batch of `collate` -> the model's outputs by name, as numpy arrays."""
        ...


@dataclass(frozen=True)
class Result(Mapping[str, Any]):
    """A result by attribute, and by name as the dicts of Hugging Face's pipelines are read."""

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


class Pipeline(ABC, Generic[Options, R]):
    """Tokenises texts, runs them through a model in batches, and reads the results off its outputs.

    Raises: VocabularyError if the tokenizer has more pieces than the model.
    """

    def __init__(self, run: Runner, tokenizer: XLMTokenizer, *, batch_size: int = 8) -> None:
        config = run.config
        if len(tokenizer) > config.vocab_size:
            raise VocabularyError(
                f"the tokenizer must have at most `vocab_size` = {config.vocab_size} pieces, as the model has; "
                f"got {len(tokenizer)}. Use the tokenizer of the checkpoint."
            )
        _check_positive("batch_size", batch_size)
        self.run, self.tokenizer, self.config, self.batch_size = run, tokenizer, config, batch_size

    @abstractmethod
    def preprocess(self, text: str, lang: str | None) -> Encoding:
        """One text, checked and tokenised."""

    @abstractmethod
    def postprocess(self, encoding: Encoding, outputs: Mapping[str, np.ndarray], options: Options) -> R:
        """The result of one text, whose outputs have no batch axis."""

    def _results(self, inputs: str | Sequence[str], lang: str | Sequence[str] | None, options: Options) -> R | list[R]:
        """One result for one text, a list for a list."""
        if isinstance(inputs, str):
            return next(self._stream([inputs], [_one_language(lang)], options))
        if not isinstance(inputs, Sequence) or isinstance(inputs, (bytes, bytearray)):
            raise InputError(f"a text must be a string, or a list of strings; got {type(inputs).__name__}.")
        return list(self._stream(inputs, _languages(lang, len(inputs)), options))

    def _stream(self, texts: Sequence[str], langs: Sequence[str | None], options: Options) -> Iterator[R]:
        """Results in order. Every text is checked before the first is computed."""
        encodings = [self._checked(text, lang) for text, lang in zip(texts, langs, strict=True)]
        for start in range(0, len(encodings), self.batch_size):
            chunk = encodings[start : start + self.batch_size]
            outputs = self.run(collate(chunk, self.config))
            for row, encoding in enumerate(chunk):
                own = {name: array[row] for name, array in outputs.items()}
                yield self.postprocess(encoding, own, options)

    def _checked(self, text: str, lang: str | None) -> Encoding:
        if not isinstance(text, str):
            raise InputError(f"a text must be a string; got {text!r}, a {type(text).__name__}.")
        encoding = self.preprocess(text, lang)
        size, limit = len(encoding["input_ids"]), self.config.max_position_embeddings
        if size > limit:
            raise InputError(
                f"a text must have at most {limit} tokens, the model's `max_position_embeddings`; got {size} in "
                f"{text[:40]!r}…. Split it."
            )
        return encoding


def check_top_k(top_k: object, most: int) -> int:
    """How many results to give: what was asked for, or as many as there are.

    Raises: InputError unless it is a whole number ≥ 1.
    """
    return min(_check_positive("top_k", top_k), most)


def _check_positive(name: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InputError(f"`{name}` must be a whole number ≥ 1; got {value!r}.")
    return value


def _one_language(lang: str | Sequence[str] | None) -> str | None:
    if lang is None or isinstance(lang, str):
        return lang
    raise InputError(f"`lang` must be one language for one text; got {lang!r}.")


def _languages(lang: str | Sequence[str] | None, count: int) -> Sequence[str | None]:
    """One language for each text, or none for all: texts with and without cannot be in one batch."""
    if lang is None or isinstance(lang, str):
        return [lang] * count
    if not isinstance(lang, Sequence) or len(lang) != count or None in lang:
        raise InputError(f"`lang` must be one language, or one for each of the {count} texts; got {lang!r}.")
    return lang
