"""How much sentences mean what another one does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..checks import check_text, shown
from ..data.batches import Limits
from ..embeddings.pooling import pool
from ..embeddings.similarity import similarity
from ..errors import InputError
from .base import Pipeline, Row
from .examples import Lang, TextExample, check_keys, language_of, one_language
from .feature_extraction import Cut


@dataclass(frozen=True)
class Comparison:
    """A sentence, those it is compared with, and the languages of it and of them."""

    source: str
    sentences: tuple[str, ...]
    lang: Lang


class SentenceSimilarityPipeline(Pipeline[Comparison, Cut, np.ndarray, list[float]]):
    """Compares a sentence with others: the cosine between their vectors, from -1 to 1.

    The vector of a sentence is the mean over its tokens and over all layers but the embeddings, as `SentenceEncoder`
    gives it; for other vectors, and for many sentences, take that.
    """

    def __call__(
        self,
        source_sentence: Any,
        sentences: str | list[str] | None = None,
        *,
        lang: Any = None,
        truncation: bool = False,
        batch_size: int | None = None,
        max_tokens: int | None = None,
        show_progress: bool | None = None,
    ) -> Any:
        """A list of numbers, one for each sentence.

        source_sentence: a text, with ``sentences`` to compare it with; or a dict of both, a list of such dicts or any
        other iterable of them, which gives a list of numbers for each. lang: one language for all, or a tuple of that
        of the source and that of the others. truncation: cut texts that are too long. batch_size, max_tokens: as for
        the pipeline, for this call. show_progress: None shows it on a terminal.

        Raises: InputError for what is no text, has too many tokens, or no sentences to compare; LanguageError for an
            unknown language.
        """
        if isinstance(source_sentence, str):
            source_sentence = {"source_sentence": source_sentence, "sentences": sentences}
        elif sentences is not None:
            raise InputError(f"`source_sentence` must be a string beside `sentences`; got {shown(source_sentence)}.")
        return self._results(source_sentence, lang, Cut(truncation), Limits(batch_size, max_tokens), show_progress)

    def read(self, item: Any, lang: Lang) -> Comparison:
        """A dict of a sentence and others."""
        if not isinstance(item, Mapping):
            raise InputError(
                f"a comparison must be a dict with `source_sentence` and `sentences`; got {shown(item)}, "
                f"a {type(item).__name__}."
            )
        check_keys(item, ("source_sentence", "sentences"), ("lang",))
        source = check_text(item["source_sentence"], "`source_sentence`")
        return Comparison(source, _sentences(item["sentences"]), one_language(item.get("lang", lang)))

    def preprocess(self, example: Comparison, options: Cut) -> list[Row]:
        """A row for the source and one for each sentence."""
        source = TextExample(example.source, None, language_of(example.lang, 0))
        others = [TextExample(text, None, language_of(example.lang, 1)) for text in example.sentences]
        return [row for text in (source, *others) for row in self._fitting(text, options.truncation)]

    def compute(self, rows: Sequence[Row], options: Cut) -> dict[str, np.ndarray]:
        """The states of all layers."""
        return self.run(self.batch(rows), output_hidden_states=True)

    def postprocess(self, example: Comparison, row: Row, outputs: Mapping[str, np.ndarray], options: Cut) -> np.ndarray:
        """The vector of a sentence. -> (D,)."""
        layers = [outputs[f"hidden_states_{number}"] for number in range(1, self.config.n_layers + 1)]
        states = np.stack(layers).astype(np.float64).mean(axis=0)  # (≥ T, D)
        return np.asarray(pool(states[None], np.arange(len(states))[None] < len(row), "mean")[0])

    def combine(self, example: Comparison, parts: list[np.ndarray], options: Cut) -> list[float]:
        """The cosines between the first vector and the others."""
        return [float(cosine) for cosine in similarity(parts[0], np.stack(parts[1:]))]


def _sentences(sentences: Any) -> tuple[str, ...]:
    found = (sentences,) if isinstance(sentences, str) else sentences
    if not isinstance(found, (list, tuple)) or not found:
        raise InputError(f"`sentences` must be one string or more; got {shown(sentences)}.")
    return tuple(check_text(sentence, "a sentence") for sentence in found)
