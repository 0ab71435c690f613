"""Where in a text the answer to a question is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..checks import check_not_negative, check_positive, check_text, shown
from ..data.batches import Limits
from ..data.padding import pad_row
from ..errors import InputError
from ..tokenizer.batches.row import Encoding
from .base import Pipeline, Row
from .examples import Lang, check_keys, language_of, one_language
from .results import Result
from .spans import Span, beam_spans, simple_spans

LONGEST_ROW = 384
"""How many tokens a question and a window may have, if the model takes as many and nobody said another number."""

SHARED = 128
"""How many tokens neighbouring windows share, at most, if nobody said another number."""


@dataclass(frozen=True)
class AnswerResult(Result):
    """An answer: its probability, and the characters of the context that it is, which are ``answer`` itself.

    Where there is none, an empty one at 0.
    """

    score: float
    start: int
    end: int
    answer: str


@dataclass(frozen=True)
class Question:
    """A question, the text that may hold its answer, and the language of each."""

    question: str
    context: str
    lang: Lang


@dataclass(frozen=True)
class Search:
    """What a call asked for."""

    top_k: int
    doc_stride: int | None
    max_answer_len: int
    max_seq_len: int
    max_question_len: int
    handle_impossible_answer: bool
    align_to_words: bool


class Answers(NamedTuple):
    """The answers of a window, and the probability that it holds none."""

    found: list[AnswerResult]
    null: float


class QuestionAnsweringPipeline(Pipeline[Question, Search, Answers, AnswerResult | list[AnswerResult]]):
    """Finds the answer to a question in a text. ``context[result.start:result.end]`` is the answer.

    A long text is read in windows. Spans of a window that are the same words are one answer, whose probability is their
    sum; of answers that several windows give, the surest counts.

    Differs: Hugging Face adds up windows, too, so that a probability may be 5; it takes any ``</s>`` for a place where
        answers may be, and the first token for the one that tells whether there is an answer, where XLM was trained to
        look at the first ``</s>``. It does not know the head with a beam.
    """

    def __call__(
        self,
        inputs: Any = None,
        *,
        question: str | list[str] | None = None,
        context: str | list[str] | None = None,
        lang: Any = None,
        top_k: int = 1,
        doc_stride: int | None = None,
        max_answer_len: int = 15,
        max_seq_len: int | None = None,
        max_question_len: int = 64,
        handle_impossible_answer: bool = False,
        align_to_words: bool = True,
        batch_size: int | None = None,
        max_tokens: int | None = None,
        show_progress: bool | None = None,
    ) -> Any:
        """An `AnswerResult` for a question, a list of them, best first, if ``top_k`` is more than 1.

        inputs: a dict with ``question`` and ``context``, a list of them or any other iterable; or these two as
        arguments, each a string or a list. lang: one language for both, a tuple of that of the question and that of the
        context, or a list with one of these for each. max_answer_len: in tokens. max_seq_len: tokens of the question
        and a window over the context, special ones included; at most 384, unless asked. doc_stride: tokens that
        neighbouring windows share. max_question_len: a longer question is an error. handle_impossible_answer: there may
        be no answer, which is a result, too. align_to_words: answers begin and end with words, not inside.
        batch_size, max_tokens: as for the pipeline, for this call. show_progress: None shows it on a terminal.

        Where nothing can be the answer, as for a head whose beam finds no span, the result is empty with score 0.

        Raises: InputError for a question or context that is no text or has no words, for a question that is too long or
            leaves no room for the context, and for numbers below 1; LanguageError for an unknown language.
        """
        limit = self.config.max_position_embeddings
        search = Search(
            top_k=check_positive("top_k", top_k),
            doc_stride=None if doc_stride is None else check_not_negative("doc_stride", doc_stride),
            max_answer_len=check_positive("max_answer_len", max_answer_len),
            max_seq_len=min(limit, LONGEST_ROW) if max_seq_len is None else _row_length(max_seq_len, limit),
            max_question_len=check_positive("max_question_len", max_question_len),
            handle_impossible_answer=handle_impossible_answer,
            align_to_words=align_to_words,
        )
        inputs = _given(inputs, question, context)
        return self._results(inputs, lang, search, Limits(batch_size, max_tokens), show_progress)

    def read(self, item: Any, lang: Lang) -> Question:
        """A dict of a question and its context."""
        if not isinstance(item, Mapping):
            raise InputError(
                f"a question must be a dict with `question` and `context`; got {shown(item)}, a {type(item).__name__}."
            )
        check_keys(item, ("question", "context"), ("lang",))
        question, context = (check_text(item[name], f"`{name}`") for name in ("question", "context"))
        return Question(question, context, one_language(item.get("lang", lang)))

    def preprocess(self, example: Question, options: Search) -> list[Row]:
        """The question with each window over the context."""
        length = self._question_length(example, options.max_question_len)
        room = options.max_seq_len - length - self.tokenizer.num_special_tokens_to_add(pair=True)
        rows = self._rows(
            example.question,
            example.context,
            example.lang,
            truncation="only_second",
            max_length=options.max_seq_len,
            stride=_stride(options, room, length),
            return_overflowing_tokens=True,
        )
        if not _allowed(rows[0].encoding).any():
            raise InputError(f"`context` must have at least one word; got {shown(example.context)}.")
        return rows

    def batch(self, rows: Sequence[Row]) -> dict[str, np.ndarray]:
        """As for every task; the head with a beam is told where an answer may be, and what tells that there is none."""
        batch = super().batch(rows)
        if not self._has_beam:
            return batch
        size = batch["input_ids"].shape[1]
        forbidden = [pad_row((~_allowed(row.encoding)).astype(int).tolist(), size, 1) for row in rows]
        return batch | {
            "p_mask": np.array(forbidden, np.int64),
            "cls_index": np.array([self._null_place(row) for row in rows], np.int64),
        }

    def postprocess(self, example: Question, row: Row, outputs: Mapping[str, np.ndarray], options: Search) -> Answers:
        """The best answers of a window."""
        allowed, longest = _allowed(row.encoding), options.max_answer_len
        most = options.top_k * 2 + 10 if options.align_to_words else options.top_k
        if self._has_beam:
            may_be_null = options.handle_impossible_answer
            spans = beam_spans(outputs, allowed, longest, most, may_be_null=may_be_null)
        else:
            spans = simple_spans(outputs, allowed, self._null_place(row), longest, most)
        answers = [_answer(example.context, row.encoding, span, options.align_to_words) for span in spans.found]
        return Answers(_summed(answers), spans.null)

    def combine(self, example: Question, parts: list[Answers], options: Search) -> AnswerResult | list[AnswerResult]:
        """The best answers of all windows."""
        best: dict[str, AnswerResult] = {}
        for answer in (each for part in parts for each in part.found):
            known = best.setdefault(answer.answer.lower(), answer)
            if answer.score > known.score:
                best[answer.answer.lower()] = answer
        answers = list(best.values())
        if options.handle_impossible_answer:
            answers.append(AnswerResult(min(part.null for part in parts), 0, 0, ""))
        ranked = sorted(answers or [AnswerResult(0.0, 0, 0, "")], key=lambda each: each.score, reverse=True)
        return ranked[0] if options.top_k == 1 else ranked[: options.top_k]

    @property
    def _has_beam(self) -> bool:
        return self.run.task == "question-answering"

    def _question_length(self, example: Question, longest: int) -> int:
        """How many tokens the question has, which must not be too many."""
        lang = language_of(example.lang, 0)
        tokens = self.tokenizer(
            example.question, lang=lang, return_langs=False, add_special_tokens=False, verbose=False
        )["input_ids"]
        if not 1 <= len(tokens) <= longest:
            wanted = f"at most {longest} tokens, `max_question_len`" if tokens else "at least one word"
            raise InputError(f"`question` must have {wanted}; got {len(tokens)} in {shown(example.question)}.")
        return len(tokens)

    def _null_place(self, row: Row) -> int:
        """Where a model looks if there is no answer: the first classification token, or else the first token."""
        ids, wanted = list(row.inputs["input_ids"]), self.tokenizer.cls_token_id
        return ids.index(wanted) if wanted in ids else 0


def _given(inputs: Any, question: Any, context: Any) -> Any:
    """What was given in one way or the other, as dicts."""
    if inputs is not None:
        if question is not None or context is not None:
            raise InputError("`inputs` holds questions and contexts; got `question` or `context` beside it.")
        return inputs
    if not isinstance(question, list) and not isinstance(context, list):
        return {"question": question, "context": context}
    questions = question if isinstance(question, list) else [question] * len(context)
    contexts = context if isinstance(context, list) else [context] * len(questions)
    if len(questions) != len(contexts):
        raise InputError(
            f"`question` and `context` must be equally many, or one of them a string; got {len(questions)} and "
            f"{len(contexts)}."
        )
    return [{"question": own, "context": text} for own, text in zip(questions, contexts, strict=True)]


def _row_length(max_seq_len: int, limit: int) -> int:
    if check_positive("max_seq_len", max_seq_len) <= limit:
        return max_seq_len
    raise InputError(
        f"`max_seq_len` must be at most {limit}, the model's `max_position_embeddings`; got {max_seq_len}."
    )


def _stride(search: Search, room: int, length: int) -> int:
    """What windows share, which must be less than the room for the context."""
    if room < 1:
        raise InputError(
            f"`max_seq_len` must leave room for the context; got {search.max_seq_len}, for a question of {length} "
            "tokens and special tokens. Shorten the question or raise `max_seq_len`."
        )
    if search.doc_stride is None:
        usual = min(search.max_seq_len // 2, SHARED)
        return usual if usual < room else room // 2
    if search.doc_stride < room:
        return search.doc_stride
    raise InputError(
        f"`doc_stride` must be smaller than {room}, the tokens of the context in a window; got {search.doc_stride}."
    )


def _allowed(encoding: Encoding) -> np.ndarray:
    """Where an answer may be: on the tokens of the context. -> (T,)."""
    return np.array([sequence == 1 for sequence in encoding.sequence_ids])


def _answer(context: str, encoding: Encoding, span: Span, align_to_words: bool) -> AnswerResult:
    """A span as characters; normalisation may change the order of tokens, so that all of them are looked at."""
    first, last = span.start, span.end
    if align_to_words:
        first = _edge(encoding, first, -1)
        last = _edge(encoding, last, 1)
    offsets = encoding.offsets[first : last + 1]
    start, end = min(place for place, _ in offsets), max(place for _, place in offsets)
    return AnswerResult(span.score, start, end, context[start:end])


def _edge(encoding: Encoding, token: int, step: int) -> int:
    """The outermost token, to one side, of the word that a token is of."""
    words, sequences = encoding.word_ids, encoding.sequence_ids
    while (words[token + step], sequences[token + step]) == (words[token], sequences[token]):
        token += step
    return token


def _summed(answers: Sequence[AnswerResult]) -> list[AnswerResult]:
    """Each answer once, in whatever case it is written, where it is likeliest; with the sum of its probabilities."""
    totals: dict[str, float] = {}
    places: dict[str, AnswerResult] = {}
    for answer in answers:
        name = answer.answer.lower()
        places.setdefault(name, answer)
        totals[name] = totals.get(name, 0.0) + answer.score
    return [AnswerResult(totals[name], each.start, each.end, each.answer) for name, each in places.items()]
