"""How a text may go on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from ..checks import shown
from ..data.batches import Limits
from ..errors import InputError
from ..generation import GenerationOptions
from ..tokenizer import XLMTokenizer
from .base import Pipeline, Row, Runner
from .examples import Lang, TextExample, read_text
from .results import Result


class Writer(Protocol):
    """What a runner for this task can do besides."""

    def generate(self, batch: Mapping[str, np.ndarray], **options: Any) -> np.ndarray:
        """How the model goes on with prompts: their tokens and the new ones. (B, T) -> (R, T + N)."""
        ...


@dataclass(frozen=True)
class GenerationResult(Result):
    """A text that a model wrote, after the one it was given."""

    generated_text: str


@dataclass(frozen=True)
class Writing:
    """What a call asked for: the options of ``generate``, and whether the prompt is part of the result."""

    arguments: Mapping[str, Any]
    n_texts: int
    return_full_text: bool


class TextGenerationPipeline(Pipeline[TextExample, Writing, list[GenerationResult], list[GenerationResult]]):
    """Goes on with a text. The prompt begins as texts do and is left open: it has no ``</s>`` after it.

    What is written has spaces between words as the tokenizer splits them, punctuation marks among them.

    Raises: InputError for ``max_tokens``, which would count the prompts alone.

    Differs: Hugging Face closes the prompt with ``</s>``, after which a model begins something else.
    """

    run: Any

    def __init__(
        self, run: Runner, tokenizer: XLMTokenizer, *, batch_size: int | None = None, max_tokens: int | None = None
    ) -> None:
        if max_tokens is not None:
            raise InputError(
                f"`max_tokens` must be left out for text-generation, where texts grow; got {max_tokens!r}. Give "
                "`batch_size`, and to the call `max_new_tokens`, which is how many a text grows by."
            )
        super().__init__(run, tokenizer, batch_size=batch_size)

    def __call__(
        self,
        inputs: Any,
        *,
        lang: Any = None,
        return_full_text: bool = True,
        mode: str | None = None,
        batch_size: int | None = None,
        show_progress: bool | None = None,
        **arguments: Any,
    ) -> Any:
        """A list of `GenerationResult` for a text, as many as ``num_return_sequences`` asks for.

        inputs: a text, a list of them or any other iterable. lang: the language of the texts, or a list with one for
        each. return_full_text: with the text that was given in front. mode: ``"mask-append"`` for models that are not
        causal. Other ``arguments`` are those of the model's ``generate``, such as ``max_new_tokens`` and ``num_beams``,
        for all texts. batch_size: as for the pipeline, for this call; what is drawn with a ``seed`` depends on it, too.
        show_progress: None shows it on a terminal.

        Raises: InputError for what is no text, has too many tokens, or options that are impossible; TypeError for those
            that do not exist; LanguageError for an unknown language.
        """
        options = GenerationOptions(**arguments)
        writing = Writing({**arguments, "mode": mode}, options.num_return_sequences, return_full_text)
        return self._results(inputs, lang, writing, Limits(batch_size), show_progress)

    def read(self, item: Any, lang: Lang) -> TextExample:
        """A text."""
        example = read_text(item, lang)
        if example.pair is None:
            return example
        raise InputError(f"a text must be a string; got {shown(item)}, a pair.")

    def preprocess(self, example: TextExample, options: Writing) -> list[Row]:
        """The text without its last special token."""
        rows = self._rows(example.text, None, example.lang)
        return self._whole([replace(row, inputs=_opened(row.inputs)) for row in rows], example.text, "Shorten it.")

    def compute(self, rows: Sequence[Row], options: Writing) -> dict[str, np.ndarray]:
        """The new tokens of each row. -> (B, n_texts, N)."""
        batch = self.batch(rows)
        tokens = self.run.generate(batch, **options.arguments)
        return {"tokens": tokens[:, batch["input_ids"].shape[1] :].reshape(len(rows), options.n_texts, -1)}

    def postprocess(
        self, example: TextExample, row: Row, outputs: Mapping[str, np.ndarray], options: Writing
    ) -> list[GenerationResult]:
        """The texts that were written."""
        written = [self.tokenizer.decode(tokens, skip_special_tokens=True) for tokens in outputs["tokens"]]
        return [GenerationResult(self._text(example.text, each, options.return_full_text)) for each in written]

    def combine(
        self, example: TextExample, parts: list[list[GenerationResult]], options: Writing
    ) -> list[GenerationResult]:
        """Those of the one row."""
        return parts[0]

    def _text(self, prompt: str, written: str, return_full_text: bool) -> str:
        return " ".join(filter(None, [prompt, written])) if return_full_text else written


def _opened(inputs: Mapping[str, Sequence[int]]) -> dict[str, Sequence[int]]:
    return {name: row[:-1] for name, row in inputs.items()}
