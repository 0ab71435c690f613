"""Questions: the answer is a part of the context, whatever the model says; windows, both heads, and what is refused."""

from __future__ import annotations

import re
from itertools import product
from typing import Any

import numpy as np
import pytest

from pipeline_cases import CONFIG, LONG, OTHER, QUESTION, TEXT
from runners import Batch, ReferenceRunner, ScriptedRunner
from tolerances import assert_close
from xlm_core.errors import InputError
from xlm_core.pipelines import AnswerResult, QuestionAnsweringPipeline
from xlm_core.tokenizer import XLMTokenizer

HEADS = ["question-answering-simple", "question-answering"]
NASTY = "“L'été” à Prague, z.B. (No. 5): naïve ﬁancée… \"so\". 😀 'tis  dogs'!\n100 % — fin.\u200b x ,\" y"


@pytest.fixture(scope="module")
def tokenizer() -> XLMTokenizer:
    return XLMTokenizer.from_pretrained("xlm-demo")


def reader(tokenizer: XLMTokenizer, head: str = HEADS[0], **changes: Any) -> QuestionAnsweringPipeline:
    return QuestionAnsweringPipeline(ReferenceRunner(CONFIG.replace(**changes), head), tokenizer)


def pointing(tokenizer: XLMTokenizer, first: str, last: str, **changes: Any) -> QuestionAnsweringPipeline:
    """One that is sure of the tokens with which an answer begins and ends."""
    begins, ends = (tokenizer.convert_tokens_to_ids(token) for token in (first, last))

    def script(batch: Batch) -> dict[str, np.ndarray]:
        return {
            "start_logits": 20.0 * (batch["input_ids"] == begins),
            "end_logits": 20.0 * (batch["input_ids"] == ends),
        }

    return QuestionAnsweringPipeline(ScriptedRunner(CONFIG.replace(**changes), HEADS[0], script), tokenizer)


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("align", [True, False])
@pytest.mark.parametrize("context", [TEXT, LONG, NASTY, "x"], ids=["short", "long", "nasty", "one letter"])
def test_an_answer_is_what_stands_at_its_place(tokenizer: XLMTokenizer, head: str, align: bool, context: str) -> None:
    found = reader(tokenizer, head)(question=QUESTION, context=context, lang="en", top_k=30, align_to_words=align)

    assert found
    assert all(each.answer == context[each.start : each.end] for each in found)
    assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)
    assert all(0 <= each.score <= 1 + 1e-9 for each in found)


def test_the_answer_is_where_the_model_points(tokenizer: XLMTokenizer) -> None:
    """In whichever window it is."""
    context = f"{LONG} People run in the street . {LONG}"

    found = pointing(tokenizer, "run</w>", "street</w>")(question=QUESTION, context=context, lang="en")

    start = context.index("run")
    assert (found.answer, found.start, found.end) == ("run in the street", start, start + 17)
    assert found.score > 0.9


def test_answers_begin_and_end_with_words(tokenizer: XLMTokenizer) -> None:
    pipeline = pointing(tokenizer, "gue</w>", "gue</w>")

    found = [
        pipeline(question=QUESTION, context=TEXT, lang="en", align_to_words=align).answer for align in (True, False)
    ]

    assert found == ["Prague", "gue"]


def best_by_hand(
    pipeline: QuestionAnsweringPipeline, tokenizer: XLMTokenizer, context: str, longest: int, stride: int
) -> float:
    """The probability of the best span of all windows, one span after the other."""
    windows = tokenizer(
        QUESTION,
        context,
        lang="en",
        truncation="only_second",
        max_length=48,
        stride=stride,
        return_overflowing_tokens=True,
    )
    best = 0.0
    for number, ids in enumerate(windows["input_ids"]):
        outputs = pipeline.run({"input_ids": np.array([ids]), "langs": np.array([windows["langs"][number]])})
        own = [token for token, sequence in enumerate(windows.sequence_ids(number)) if sequence == 1]
        counted = [ids.index(tokenizer.cls_token_id), *own]
        start, end = (np.exp(outputs[f"{name}_logits"][0]) for name in ("start", "end"))
        start, end = start / start[counted].sum(), end / end[counted].sum()
        spans = [start[s] * end[e] for s, e in product(own, own) if s <= e < s + longest]
        best = max(best, *spans)
    return best


@pytest.mark.parametrize(("longest", "stride"), [(15, 24), (2, 24), (15, 5)])
def test_the_best_span_of_all_windows_wins(tokenizer: XLMTokenizer, longest: int, stride: int) -> None:
    pipeline = reader(tokenizer)
    options = {"max_answer_len": longest, "doc_stride": stride, "align_to_words": False}

    found = pipeline(question=QUESTION, context=LONG, lang="en", **options)

    assert_close(found.score, best_by_hand(pipeline, tokenizer, LONG, longest, stride), "scores")


def test_an_answer_has_no_more_tokens_than_asked(tokenizer: XLMTokenizer) -> None:
    pipeline = reader(tokenizer)

    found = pipeline(question=QUESTION, context=LONG, lang="en", max_answer_len=2, top_k=50, align_to_words=False)

    assert max(each.answer.count(" ") for each in found) == 1


def test_the_same_words_are_one_answer(tokenizer: XLMTokenizer) -> None:
    """Likelier than each place where they stand, and no likelier than certain, however many windows there are."""
    pipeline = pointing(tokenizer, "dogs</w>", "dogs</w>")

    once, twice, often = (
        pipeline(question=QUESTION, context="two dogs and a man " * count, lang="en", top_k=2) for count in (1, 2, 20)
    )

    assert [found[0].answer for found in (once, twice, often)] == ["dogs"] * 3
    assert all(found[1].answer != "dogs" for found in (once, twice, often))
    assert twice[0].score > 0.49
    assert often[0].score <= 1


@pytest.mark.parametrize("head", HEADS)
def test_there_may_be_no_answer(tokenizer: XLMTokenizer, head: str) -> None:
    pipeline = reader(tokenizer, head)

    found = pipeline(question=QUESTION, context=TEXT, lang="en", top_k=400, handle_impossible_answer=True)

    assert [each for each in found if not each.answer] == [
        AnswerResult(next(each.score for each in found if not each.answer), 0, 0, "")
    ]
    assert sum(each.score for each in found) <= 1 + 1e-9


def test_no_answer_is_told_by_the_first_closing_token(tokenizer: XLMTokenizer) -> None:
    """Which XLM was trained to look at; the first token of all is `<s>`."""
    pipeline = pointing(tokenizer, "</s>", "</s>")

    found = pipeline(question=QUESTION, context=TEXT, lang="en", handle_impossible_answer=True)

    ids = tokenizer(QUESTION, TEXT).input_ids
    assert (found.answer, found.start, found.end) == ("", 0, 0)
    assert found.score > 0.99
    assert ids.index(tokenizer.cls_token_id) == len(tokenizer(QUESTION).input_ids) - 1


def test_the_beam_is_told_where_answers_may_be(tokenizer: XLMTokenizer) -> None:
    pipeline = reader(tokenizer, HEADS[1])

    pipeline([{"question": QUESTION, "context": text} for text in (TEXT, OTHER)], lang="en")

    batch, question = pipeline.run.batches[0], len(tokenizer(QUESTION).input_ids)
    for ids, forbidden, tells in zip(batch["input_ids"], batch["p_mask"], batch["cls_index"], strict=True):
        last = len(ids) - 1 - ids[::-1].tolist().index(tokenizer.sep_token_id)
        assert np.flatnonzero(forbidden == 0).tolist() == list(range(question, last))
        assert tells == question - 1


@pytest.mark.parametrize("sure", [False, True])
def test_the_beam_multiplies_its_probabilities(tokenizer: XLMTokenizer, sure: bool) -> None:
    """Of start and end; and of there being an answer, if there may be none."""
    pipeline = reader(tokenizer, HEADS[1])

    found = pipeline(
        question=QUESTION, context=TEXT, lang="en", top_k=5, align_to_words=False, handle_impossible_answer=not sure
    )

    own = pipeline.run(pipeline.run.batches[0])
    none = 0.0 if sure else 1 / (1 + np.exp(-own["cls_logits"][0]))
    starts, ends = own["start_top_index"][0], own["end_top_index"][0].reshape(5, 5)
    scores = own["start_top_log_probs"][0] * own["end_top_log_probs"][0].reshape(5, 5) * (1 - none)
    spans = [scores[rank, s] for rank, s in product(range(5), range(5)) if 0 <= ends[rank, s] - starts[s] < 15]
    assert_close(max(each.score for each in found if each.answer), max(spans), "scores")


def test_a_beam_without_a_span_gives_nothing(tokenizer: XLMTokenizer) -> None:
    """All its ends are before its starts."""

    def script(batch: Batch) -> dict[str, np.ndarray]:
        ones = np.ones((len(batch["input_ids"]), 1))
        places = {"start_top_index": ones.astype(int) * 9, "end_top_index": ones.astype(int) * 8}
        return places | {"start_top_log_probs": ones, "end_top_log_probs": ones, "cls_logits": ones[:, 0]}

    pipeline = QuestionAnsweringPipeline(ScriptedRunner(CONFIG, HEADS[1], script), tokenizer)

    assert pipeline(question=QUESTION, context=TEXT, lang="en") == AnswerResult(0.0, 0, 0, "")


# ---- how questions are given


def test_questions_are_given_in_several_ways(tokenizer: XLMTokenizer) -> None:
    pipeline = reader(tokenizer)
    expected = [pipeline(question=QUESTION, context=text, lang="en") for text in (TEXT, OTHER)]
    pairs = [{"question": QUESTION, "context": text} for text in (TEXT, OTHER)]

    assert pipeline(pairs[0], lang="en") == expected[0]
    found = [
        pipeline(pairs, lang="en"),
        pipeline(question=QUESTION, context=[TEXT, OTHER], lang="en"),
        pipeline(question=[QUESTION] * 2, context=[TEXT, OTHER], lang="en"),
        list(pipeline(iter(pairs), lang="en")),
        pipeline([{**pair, "lang": "en"} for pair in pairs], lang="fr"),
    ]
    for answers in found:
        assert [(each.start, each.end) for each in answers] == [(each.start, each.end) for each in expected]
        assert_close([each.score for each in answers], [each.score for each in expected], "scores")


def test_a_question_may_have_another_language_than_its_context(tokenizer: XLMTokenizer) -> None:
    pipeline = reader(tokenizer)

    pipeline(question="Un homme ?", context=TEXT, lang=("fr", "en"))

    assert pipeline.run.batches[0]["langs"][0, :5].tolist() == [3] * 5
    assert set(pipeline.run.batches[0]["langs"][0, 5:].tolist()) == {2}


def test_one_result_or_as_many_as_asked(tokenizer: XLMTokenizer) -> None:
    pipeline = reader(tokenizer)

    assert isinstance(pipeline(question=QUESTION, context="x", lang="en"), AnswerResult)
    assert len(pipeline(question=QUESTION, context="x", lang="en", top_k=3)) == 1
    assert len(pipeline(question=QUESTION, context=LONG, lang="en", top_k=3)) == 3


def test_windows_are_no_longer_than_asked(tokenizer: XLMTokenizer) -> None:
    pipeline = reader(tokenizer)

    pipeline(question=QUESTION, context=LONG, lang="en", max_seq_len=20, doc_stride=3)

    assert max(batch["input_ids"].shape[1] for batch in pipeline.run.batches) == 20


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"question": "", "context": TEXT}, "`question` must have at least one word; got 0 in ''."),
        ({"question": "  ", "context": TEXT}, "`question` must have at least one word; got 0 in '  '."),
        ({"question": QUESTION, "context": ""}, "`context` must have at least one word; got ''."),
        ({"question": QUESTION, "context": " \n"}, "`context` must have at least one word; got ' \\n'."),
        ({"question": None, "context": TEXT}, "`question` must be a string; got None, a NoneType."),
        ({"question": QUESTION}, "`context` must be a string; got None, a NoneType."),
        ({"question": QUESTION, "context": b"x"}, "`context` must be a string; got b'x', a bytes."),
        ({"question": [QUESTION], "context": [TEXT, OTHER]}, "must be equally many, or one of them a string; got 1"),
        (
            {"question": "who " * 70, "context": TEXT},
            "`question` must have at most 64 tokens, `max_question_len`; got 70",
        ),
        (
            {"question": "who " * 45, "context": TEXT},
            "`max_seq_len` must leave room for the context; got 48, for a que",
        ),
        (
            {"inputs": QUESTION},
            "a question must be a dict with `question` and `context`; got 'Who is riding ?', a str.",
        ),
        (
            {"inputs": [QUESTION]},
            "a question must be a dict with `question` and `context`; got 'Who is riding ?', a str",
        ),
        ({"inputs": {"question": QUESTION}}, "a dict must have ['question', 'context'], and may have ['lang']; got"),
        ({"inputs": [], "question": QUESTION}, "`inputs` holds questions and contexts; got `question` or `context`"),
        ({"top_k": 0}, "`top_k` must be a whole number ≥ 1; got 0."),
        ({"max_answer_len": 0}, "`max_answer_len` must be a whole number ≥ 1; got 0."),
        ({"max_seq_len": -5}, "`max_seq_len` must be a whole number ≥ 1; got -5."),
        ({"max_seq_len": 49}, "`max_seq_len` must be at most 48, the model's `max_position_embeddings`; got 49."),
        ({"max_question_len": 0}, "`max_question_len` must be a whole number ≥ 1; got 0."),
        ({"doc_stride": -1}, "`doc_stride` must be a whole number ≥ 0; got -1."),
        ({"doc_stride": 41}, "`doc_stride` must be smaller than 41, the tokens of the context in a window; got 41."),
    ],
    ids=str,
)
def test_what_cannot_be_asked_is_refused(tokenizer: XLMTokenizer, given: dict[str, Any], message: str) -> None:
    usual = {} if given.keys() & {"inputs", "question", "context"} else {"question": QUESTION, "context": TEXT}

    with pytest.raises(InputError, match=re.escape(message)):
        reader(tokenizer)(**usual, **given, lang="en")


def test_a_context_of_a_million_characters_is_read_in_windows(tokenizer: XLMTokenizer) -> None:
    context = "ab " * 333_000 + "Two dogs ."

    found = pointing(tokenizer, "dogs</w>", "dogs</w>", max_position_embeddings=4096)(
        question=QUESTION, context=context, lang="en", max_seq_len=4096, doc_stride=10
    )

    assert (found.answer, found.start) == ("dogs", context.index("dogs"))
