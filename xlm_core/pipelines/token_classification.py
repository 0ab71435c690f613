"""A label for each token of a text, and the entities that they make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np

from ..checks import check_choice, check_not_negative, check_text, shown
from ..data.batches import Limits
from ..errors import InputError
from ..tokenizer.pieces.bpe import END_OF_WORD
from .base import Pipeline, Row
from .entities import STRATEGIES, EntityResult, Piece, entities, tokens_labelled, without_overlaps
from .examples import Lang, check_keys, one_language
from .results import Result
from .scores import softmax


@dataclass(frozen=True)
class TaggedText:
    """A text, or the words of one, and its language."""

    content: str | tuple[str, ...]
    lang: Lang

    def text(self, delimiter: str) -> str:
        """The text; words with the delimiter between them."""
        return self.content if isinstance(self.content, str) else delimiter.join(self.content)

    def starts(self, delimiter: str) -> list[int] | None:
        """Where each word starts in the text; None if the tokenizer finds the words."""
        if isinstance(self.content, str):
            return None
        return list(accumulate((len(word) + len(delimiter) for word in self.content), initial=0))


@dataclass(frozen=True)
class Tagging:
    """What a call asked for: what becomes of tokens, which labels are left out, how a text is given and cut."""

    strategy: str
    ignore_labels: tuple[str, ...]
    stride: int | None
    has_words: bool
    delimiter: str


class TokenClassificationPipeline(Pipeline[TaggedText, Tagging, Sequence[Result], Sequence[Result]]):
    """Labels the tokens of a text, or finds its entities. ``text[result.start:result.end]`` is what was labelled.

    A word is what the tokenizer splits off, a punctuation mark too, or what was given as one. A text without words
    gives an empty list.

    Differs: Hugging Face takes for a word what stands between spaces, and cuts a text that is too long where no
        ``stride`` is given, which is an `InputError` here.
    """

    def __call__(
        self,
        inputs: Any,
        *,
        lang: Any = None,
        aggregation_strategy: str = "none",
        ignore_labels: Sequence[str] = ("O",),
        stride: int | None = None,
        is_split_into_words: bool = False,
        delimiter: str = " ",
        batch_size: int | None = None,
        max_tokens: int | None = None,
        show_progress: bool | None = None,
    ) -> Any:
        """inputs: a text, a list of them or any other iterable.

        lang: the language of the texts, or a list with one for each. aggregation_strategy: ``"none"`` gives a
        `TokenResult` for each token; the others an `EntityResult` for each group: ``"simple"`` groups tokens by their
        labels, ``"first"``, ``"average"`` and ``"max"`` give each word one label before. ignore_labels: what is left
        out. stride: computes a text in windows that share so many tokens. is_split_into_words: a text is a list of
        words, which start and end count in as if ``delimiter`` stood between them. batch_size, max_tokens: as for the
        pipeline, for this call. show_progress: None shows it on a terminal.

        Raises: InputError for what is no text, a text with too many tokens without a stride, an unknown strategy, a
            stride without a strategy; LanguageError for an unknown language.
        """
        tagging = Tagging(
            check_choice("aggregation_strategy", aggregation_strategy, STRATEGIES),
            _labels(ignore_labels),
            _stride(stride, aggregation_strategy),
            is_split_into_words,
            check_text(delimiter, "`delimiter`"),
        )
        is_one = isinstance(inputs, (str, Mapping, tuple)) or (is_split_into_words and _is_words(inputs))
        return self._results(inputs, lang, tagging, Limits(batch_size, max_tokens), show_progress, is_one)

    def read(self, item: Any, lang: Lang) -> TaggedText:
        """A text or its words."""
        if isinstance(item, Mapping):
            check_keys(item, ("text",), ("lang",))
            item, lang = item["text"], item.get("lang", lang)
        if isinstance(item, (list, tuple)):
            return TaggedText(tuple(check_text(word, "a word") for word in item), one_language(lang))
        return TaggedText(check_text(item), one_language(lang))

    def preprocess(self, example: TaggedText, options: Tagging) -> list[Row]:
        """The text, or windows over it."""
        content, lang = example.content, example.lang
        if isinstance(content, str) is options.has_words:
            wanted = "a list of words with" if options.has_words else "a string without"
            raise InputError(f"a text must be {wanted} `is_split_into_words=True`; got {shown(content)}.")
        given = list(content) if options.has_words else content
        if options.stride is None:
            rows = self._rows(given, None, lang, is_split_into_words=options.has_words)
            return self._whole(rows, example.text(options.delimiter), "Split it, or pass `stride=…` and a strategy.")
        return self._rows(
            given,
            None,
            lang,
            is_split_into_words=options.has_words,
            truncation=True,
            max_length=self.config.max_position_embeddings,
            stride=self._fitting_stride(options.stride),
            return_overflowing_tokens=True,
        )

    def postprocess(
        self, example: TaggedText, row: Row, outputs: Mapping[str, np.ndarray], options: Tagging
    ) -> Sequence[Result]:
        """The tokens of a row with their labels, or the entities that they make."""
        labels = self.config.id2label or {}
        pieces = self._pieces(example, row, softmax(outputs["logits"][: len(row)]), options.delimiter)
        if options.strategy == "none":
            tokens = tokens_labelled(pieces, labels)
            return [token for token in tokens if token.entity not in options.ignore_labels]
        found = entities(pieces, options.strategy, labels, self.tokenizer.convert_tokens_to_string)
        return [entity for entity in found if entity.entity_group not in options.ignore_labels]

    def combine(self, example: TaggedText, parts: list[Sequence[Result]], options: Tagging) -> Sequence[Result]:
        """Those of the one row, or of all windows where they do not overlap."""
        if len(parts) == 1:
            return parts[0]
        return without_overlaps(entity for part in parts for entity in part if isinstance(entity, EntityResult))

    def _pieces(self, example: TaggedText, row: Row, scores: np.ndarray, delimiter: str) -> list[Piece]:
        """The tokens of a row that stand for characters. scores (T, N)."""
        encoding, text, starts = row.encoding, example.text(delimiter), example.starts(delimiter)
        pieces = []
        for index, word in enumerate(encoding.word_ids):
            if word is not None:
                start, end = (place + (starts[word] if starts else 0) for place in encoding.offsets[index])
                token = spelling = encoding.tokens[index]
                if encoding.ids[index] == self.tokenizer.unk_token_id:
                    token = text[start:end]
                    spelling = token + END_OF_WORD * (encoding.word_ids[index + 1] != word)
                pieces.append(Piece(token, spelling, scores[index], index, word, start, end))
        return pieces

    def _fitting_stride(self, stride: int) -> int:
        """The stride, once it is known to leave room for tokens of the next window."""
        room = self.config.max_position_embeddings - self.tokenizer.num_special_tokens_to_add()
        if stride < room:
            return stride
        raise InputError(f"`stride` must be smaller than {room}, the tokens of a text in a window; got {stride}.")


def _is_words(inputs: Any) -> bool:
    """Whether a list is the words of one text rather than many texts."""
    return isinstance(inputs, (list, tuple)) and all(isinstance(word, str) for word in inputs)


def _labels(labels: Any) -> tuple[str, ...]:
    if isinstance(labels, str) or not isinstance(labels, Iterable):
        raise InputError(f"`ignore_labels` must be a list of labels; got {labels!r}.")
    return tuple(check_text(label, "a label to ignore") for label in labels)


def _stride(stride: int | None, strategy: str) -> int | None:
    if stride is None:
        return None
    if strategy == "none":
        raise InputError(
            f"`stride` needs an `aggregation_strategy`, by which windows are joined; got 'none' with stride={stride}."
        )
    return check_not_negative("stride", stride)
