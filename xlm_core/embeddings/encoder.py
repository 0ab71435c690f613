"""Sentence embeddings, whichever framework computes: texts → rows → states of the layers → one vector for each text."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Literal, Protocol

import numpy as np

from ..checks import check_vocabulary, shown
from ..config import XLMConfig
from ..data.batches import batches_by_length
from ..data.collate import collate
from ..data.padding import pad_columns
from ..errors import InputError, XLMWarning
from ..progress import track
from ..tokenizer import XLMTokenizer
from ..tokenizer.calling import AUTO
from .options import EncodeOptions, Layers, chosen_layers
from .pooling import Pooling, pool
from .similarity import normalized
from .texts import Text, check_texts, read_list, read_stream

Row = Mapping[str, Sequence[int]]


class StatesRunner(Protocol):
    """A body of either framework: the only part of an encoder that is not here."""

    config: XLMConfig

    def states(self, batch: Mapping[str, np.ndarray], layers: Sequence[int]) -> np.ndarray:
        """A batch of `collate` -> the mean of these layers' states, float32 (B, T, D); 0 is the embeddings."""
        ...

    def tensor(self, array: np.ndarray) -> Any:
        """The framework's tensor of an array, where the model is."""
        ...


class SentenceEncoder:
    """Gives each text one vector: the mean, or another pooling, of the states of its tokens.

    Raises: VocabularyError if the tokenizer has more pieces than the model.
    """

    def __init__(self, run: StatesRunner, tokenizer: XLMTokenizer) -> None:
        check_vocabulary(len(tokenizer), run.config.vocab_size)
        self.run, self.tokenizer, self.config = run, tokenizer, run.config

    def encode(
        self,
        texts: str | Iterable[str],
        *,
        lang: str | Iterable[str] | None = None,
        pooling: Pooling = "mean",
        layer: Layers = "all",
        special_tokens: bool = True,
        normalize: bool = False,
        batch_size: int | None = None,
        max_tokens: int | None = None,
        block: int = 4096,
        truncation: bool = True,
        show_progress_bar: bool | None = None,
        output: Literal["numpy", "tensor"] = "numpy",
    ) -> Any:
        """One text -> (D,); a list of N texts -> (N, D), in their order; an iterator -> an iterator of blocks (n, D).

        lang: the language of the texts, or one for each. pooling: over the tokens, of which padding is none.
        layer: whose states: a number, from 0, the embeddings, to L, the last layer, or counted from the end; several,
        which are averaged; ``"all"`` averages all but the embeddings. special_tokens: whether those around a text
        count in the pooling; the model sees them either way. normalize: to length 1.

        Texts are computed with others of about their length: ``batch_size`` at a time, or as many as fill
        ``max_tokens`` positions; 32 texts if neither is given. Of an iterator ``block`` texts are read at a time, so
        that any number of texts passes through bounded memory.
        truncation: cut texts that have more tokens than the model has positions, with one warning. show_progress_bar:
        None shows it on a terminal, for more than one text. output: an array, or the framework's tensor, where the
        model is; float32.

        An empty text has only special tokens; it has the vector 0 if these do not count. An empty list gives (0, D).

        Raises: InputError for what is no text, texts that are too long and not to be cut, a pooling or a layer that
            there is not, and numbers below 1; LanguageError for an unknown language. What concerns a list is raised
            before anything is computed.
        """
        options = EncodeOptions(
            pooling, layer, special_tokens, normalize, batch_size, max_tokens, block, truncation, output
        )
        options.check(self.config)
        if isinstance(texts, str):
            return self._array(read_list([texts], self._one(lang), self._check_lang), options, bool(show_progress_bar))[
                0
            ]
        if check_texts(texts):
            return self._array(read_list(texts, lang, self._check_lang), options, show_progress_bar)
        blocks = self._blocks(read_stream(texts, lang), options, show_progress_bar)
        return (self._as_asked(block, options) for block in blocks)

    def _array(self, texts: Sequence[Text], options: EncodeOptions, show: bool | None) -> Any:
        """The vectors of a list. -> (N, D)."""
        vectors = np.empty((len(texts), self.config.emb_dim), np.float32)
        start = 0
        for block in self._blocks(texts, options, show):
            vectors[start : start + len(block)] = block
            start += len(block)
        return self._as_asked(vectors, options)

    def _as_asked(self, vectors: np.ndarray, options: EncodeOptions) -> Any:
        return vectors if options.output == "numpy" else self.run.tensor(vectors)

    def _blocks(self, texts: Iterable[Text], options: EncodeOptions, show: bool | None) -> Iterator[np.ndarray]:
        """The vectors of so many texts at a time, in order. -> (n, D)."""
        vectors = track(self._vectors(iter(texts), options), "texts", show)
        while block := list(islice(vectors, options.block)):
            yield np.stack([vector for _, vector in sorted(block, key=lambda pair: pair[0])])

    def _vectors(self, texts: Iterator[Text], options: EncodeOptions) -> Iterator[tuple[int, np.ndarray]]:
        """The place of each text and its vector (D,), block by block, the longest texts of a block first."""
        has_warned = False
        while block := list(islice(texts, options.block)):
            rows, cut = self._rows(block, options)
            if cut and not has_warned:
                has_warned = True
                warnings.warn(self._what_was_cut(cut), XLMWarning, stacklevel=2)
            lengths = [len(row["input_ids"]) for row in rows]
            for numbers in batches_by_length(lengths, **options.limits._asdict()):
                vectors = self._pooled([rows[number] for number in numbers], options)
                yield from zip((block[number].place for number in numbers), vectors, strict=True)

    def _pooled(self, rows: Sequence[Row], options: EncodeOptions) -> np.ndarray:
        """One batch. -> (B, D)."""
        batch = collate(rows, self.config)
        counts = batch["attention_mask"].astype(bool)
        states = self.run.states(batch, chosen_layers(options.layer, self.config))
        if not options.special_tokens:
            counts &= ~self._special(rows, counts.shape[1])
        vectors = pool(states, counts, options.pooling)
        return normalized(vectors) if options.normalize else vectors

    def _special(self, rows: Sequence[Row], length: int) -> np.ndarray:
        """(B, T), True at special tokens."""
        columns = {"special_tokens_mask": [row["special_tokens_mask"] for row in rows]}
        padded = pad_columns(columns, length, self.config.pad_index)
        return np.asarray(padded["special_tokens_mask"], bool)

    def _rows(self, block: Sequence[Text], options: EncodeOptions) -> tuple[list[Row], list[Text]]:
        """What the model is given for each text, and the texts that had to be cut for it."""
        limit = self.config.max_position_embeddings
        rows = self._tokenized(block)
        long = [number for number, row in enumerate(rows) if len(row["input_ids"]) > limit]
        cut = [block[number] for number in long]
        if cut and not options.truncation:
            raise InputError(
                f"a text must have at most {limit} tokens, the model's `max_position_embeddings`; got "
                f"{len(rows[long[0]]['input_ids'])} in text {cut[0].place}, {shown(cut[0].text)}. "
                "Split it, or pass `truncation=True`."
            )
        for number, row in zip(long, self._tokenized(cut, truncation=True, max_length=limit), strict=True):
            rows[number] = row
        return rows, cut

    def _tokenized(self, block: Sequence[Text], **options: Any) -> list[Row]:
        if not block:
            return []
        langs = [each.lang for each in block]
        columns = self.tokenizer(
            [each.text for each in block],
            lang=None if langs.count(None) == len(langs) else langs,
            return_langs=None if self.config.has_lang_embeddings else False,
            return_special_tokens_mask=True,
            verbose=False,
            **options,
        )
        names = list(columns)
        return [
            dict(zip(names, values, strict=True)) for values in zip(*(columns[name] for name in names), strict=True)
        ]

    def _what_was_cut(self, cut: Sequence[Text]) -> str:
        return (
            f"texts have more than {self.config.max_position_embeddings} tokens, the model's "
            f"`max_position_embeddings`, and were cut; the first is text {cut[0].place}, {shown(cut[0].text)}. "
            "Split them, or pass `truncation=False` to have an error instead. This is said once."
        )

    def _check_lang(self, lang: str) -> None:
        if lang != AUTO:
            self.tokenizer.tokenize("", lang=lang)

    def _one(self, lang: Any) -> str | None:
        if lang is None or isinstance(lang, str):
            return lang
        raise InputError(f"`lang` must be one language for one text; got {lang!r}.")
