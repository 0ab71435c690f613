"""What the pipelines share: from examples to rows, in batches through a model, to results in order."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from ..checks import check_vocabulary, shown
from ..config import XLMConfig
from ..data.batches import Limits, batches_by_length
from ..data.collate import MODEL_INPUTS, collate
from ..errors import InputError, XLMWarning
from ..progress import track
from ..tokenizer import BatchEncoding, XLMTokenizer
from ..tokenizer.batches.row import Encoding
from .examples import Lang, TextExample, is_one_text, one_language, read_many

Example = TypeVar("Example")
Options = TypeVar("Options")
Part = TypeVar("Part")
R = TypeVar("R")

_BATCH_SIZE = 8
"""Rows in a batch where nobody says."""

_BATCHES = 8
"""Of so many batches the rows are sorted by length, so that little is padded; results come as examples did."""


class Runner(Protocol):
    """A model of either framework: the only part of a pipeline that is not here."""

    config: XLMConfig
    task: str | None

    def __call__(self, batch: Mapping[str, np.ndarray], *, output_hidden_states: bool = False) -> dict[str, np.ndarray]:
        """A batch of `collate` -> the model's outputs by name, as numpy arrays.

        On request those of all layers, too, as ``hidden_states_0``, the embeddings, ``hidden_states_1``, ….
        """
        ...


@dataclass(frozen=True)
class Row:
    """What a model is given for one text, pair or window: ``inputs`` by name, each of T numbers."""

    inputs: Mapping[str, Sequence[int]]
    tokens: BatchEncoding
    number: int

    def __len__(self) -> int:
        return len(self.inputs["input_ids"])

    @property
    def encoding(self) -> Encoding:
        """Everything that is known of each token; computed when it is asked for."""
        row: Encoding = self.tokens[self.number]
        return row


class Pipeline(ABC, Generic[Example, Options, Part, R]):
    """Makes rows of examples, runs them through a model in batches, and reads results off its outputs.

    One example gives its result; a list gives a list, and all of it is checked before anything is computed. Any other
    iterable – a generator, a dataset – gives an iterator: a few batches are read at a time, whatever its length.

    Rows are computed with others of about their length: ``batch_size`` at a time, or as many as fill ``max_tokens``
    positions, padding included; 8 if neither is given. A call may say otherwise for itself.

    A model with languages computes without one where no ``lang`` is given; a warning says so once.

    Raises: VocabularyError if the tokenizer has more pieces than the model; InputError for numbers below 1.
    """

    def __init__(
        self, run: Runner, tokenizer: XLMTokenizer, *, batch_size: int | None = None, max_tokens: int | None = None
    ) -> None:
        check_vocabulary(len(tokenizer), run.config.vocab_size)
        self.run, self.tokenizer, self.config = run, tokenizer, run.config
        self.limits = Limits(batch_size, max_tokens).checked()
        self._has_warned = False

    @abstractmethod
    def read(self, item: Any, lang: Lang) -> Example:
        """One example, checked, out of what a caller gave."""

    @abstractmethod
    def preprocess(self, example: Example, options: Options) -> list[Row]:
        """The rows that one example needs, at least one."""

    @abstractmethod
    def postprocess(self, example: Example, row: Row, outputs: Mapping[str, np.ndarray], options: Options) -> Part:
        """What one row tells. Its outputs have no batch axis, and may be longer than the row, which was padded."""

    @abstractmethod
    def combine(self, example: Example, parts: list[Part], options: Options) -> R:
        """The result of one example, of what each of its rows tells."""

    def batch(self, rows: Sequence[Row]) -> dict[str, np.ndarray]:
        """What the model is given for some rows, each value (B, T)."""
        return collate([row.inputs for row in rows], self.config)

    def compute(self, rows: Sequence[Row], options: Options) -> dict[str, np.ndarray]:
        """What the model gives for some rows, by name, the first axis of each being B."""
        return self.run(self.batch(rows))

    def _results(
        self,
        inputs: Any,
        lang: Any,
        options: Options,
        limits: Limits,
        show_progress: bool | None,
        is_one: bool | None = None,
    ) -> Any:
        """One result for one example, a list for a list, an iterator for any other iterable."""
        limits = limits.checked().or_else(self.limits).or_texts(_BATCH_SIZE)
        if is_one_text(inputs) if is_one is None else is_one:
            example = self.read(inputs, one_language(lang))
            return next(self._compute([(example, self.preprocess(example, options))], options, limits))
        examples = read_many(inputs, lang, self.read)
        prepared = ((example, self.preprocess(example, options)) for example in examples)
        if not isinstance(examples, list):
            return track(self._compute(prepared, options, limits), "texts", show_progress)
        listed = list(prepared)
        show = show_progress if len(_batches(_rows_of(listed), limits)) > 1 else bool(show_progress)
        return list(track(self._compute(listed, options, limits), "texts", show))

    def _compute(self, prepared: Iterable[tuple[Example, list[Row]]], options: Options, limits: Limits) -> Iterator[R]:
        """Results in order, a few batches at a time."""
        for window in _windows(prepared, limits):
            parts = iter(self._parts([(example, row) for example, rows in window for row in rows], options, limits))
            for example, rows in window:
                yield self.combine(example, list(islice(parts, len(rows))), options)

    def _parts(self, work: Sequence[tuple[Example, Row]], options: Options, limits: Limits) -> list[Part]:
        """What each row tells, in order, computed with others of the same inputs and about the same length."""
        parts: dict[int, Part] = {}
        for numbers in _batches([row for _, row in work], limits):
            outputs = self.compute([work[number][1] for number in numbers], options)
            for place, number in enumerate(numbers):
                own = {name: array[place] for name, array in outputs.items()}
                parts[number] = self.postprocess(*work[number], own, options)
        return [parts[number] for number in range(len(work))]

    def _rows(self, text: Any, pair: str | None, lang: Lang, **options: Any) -> list[Row]:
        """The rows of a text or pair: one, or one for each window; with languages if the model has them."""
        tokens = self.tokenizer(
            [text],
            None if pair is None else [pair],
            lang=[lang],
            return_langs=self._returns_langs(lang),
            verbose=False,
            **options,
        )
        names = [name for name in MODEL_INPUTS if name in tokens]
        return [
            Row({name: tokens[name][number] for name in names}, tokens, number)
            for number in range(len(tokens["input_ids"]))
        ]

    def _fitting(self, example: TextExample, truncation: bool) -> list[Row]:
        """The row of a text or pair that fits into the model, cut if that was asked for.

        Raises: InputError if it does not fit and was not to be cut.
        """
        text, pair, lang = example.text, example.pair, example.lang
        rows = self._rows(text, pair, lang)
        limit = self.config.max_position_embeddings
        if truncation and len(rows[0]) > limit:
            return self._rows(text, pair, lang, truncation=True, max_length=limit)
        return self._whole(rows, text, "Split it, or pass `truncation=True`.")

    def _whole(self, rows: list[Row], text: str, advice: str) -> list[Row]:
        """The rows themselves, once they are known to fit into the model.

        Raises: InputError.
        """
        limit = self.config.max_position_embeddings
        if len(rows[0]) > limit:
            raise InputError(
                f"a text must have at most {limit} tokens, the model's `max_position_embeddings`; got {len(rows[0])} "
                f"in {shown(text)}. {advice}"
            )
        return rows

    def _returns_langs(self, lang: Lang) -> bool:
        """Whether the model is told the language; without one, it only chooses how words are split."""
        if not self.config.has_lang_embeddings:
            return False
        if lang is None and not self._has_warned:
            self._has_warned = True
            languages = sorted(self.tokenizer.lang2id or self.config.lang2id or [])
            warnings.warn(
                f"the model knows languages{f', {languages},' if languages else ''} and was given none, so that it "
                "computes without. Pass `lang=…`. This is said once.",
                XLMWarning,
                stacklevel=2,
            )
        return lang is not None


def _rows_of(prepared: Iterable[tuple[Any, list[Row]]]) -> list[Row]:
    """All rows of some examples."""
    return [row for _, rows in prepared for row in rows]


def _batches(rows: Sequence[Row], limits: Limits) -> list[list[int]]:
    """The numbers of the rows of each batch, which all have the same inputs."""
    alike: dict[tuple[str, ...], list[int]] = {}
    for number, row in enumerate(rows):
        alike.setdefault(tuple(sorted(row.inputs)), []).append(number)
    return [
        [numbers[place] for place in batch]
        for numbers in alike.values()
        for batch in batches_by_length([len(rows[number]) for number in numbers], **limits._asdict())
    ]


def _windows(
    prepared: Iterable[tuple[Example, list[Row]]], limits: Limits
) -> Iterator[list[tuple[Example, list[Row]]]]:
    """Examples in lists whose rows fill a few batches; each alone where a batch is one row."""
    n_batches = 1 if limits.batch_size == 1 else _BATCHES
    window: list[tuple[Example, list[Row]]] = []
    n_rows = n_tokens = 0
    for each in prepared:
        window.append(each)
        n_rows, n_tokens = n_rows + len(each[1]), n_tokens + sum(map(len, each[1]))
        if limits.are_filled(n_batches, n_rows, n_tokens):
            yield window
            window, n_rows, n_tokens = [], 0, 0
    if window:
        yield window
