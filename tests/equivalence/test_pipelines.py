"""Pipelines give the same in both frameworks, and what the reference model gives in numpy."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from digests import TEXT, real_texts
from frameworks import Framework
from pipeline_cases import CASES, CONFIG, LONG, OTHER, QUESTION, TASKS, Case
from runners import ReferenceRunner
from tolerances import assert_close
from xlm_core.embeddings import similarity
from xlm_core.errors import InputError
from xlm_core.pipelines.factory import PIPELINES
from xlm_core.tokenizer import XLMTokenizer

MORE = [
    Case("an answer of a long text", "question-answering", "XLMForQuestionAnsweringSimple", (), {"context": LONG}),
    *(
        Case(
            f"a beam, {count} answers", "question-answering", "XLMForQuestionAnswering", (), {"top_k": count, **options}
        )
        for count, options in ((1, {}), (4, {"context": LONG}), (20, {"handle_impossible_answer": True}))
    ),
    Case("similarity", "sentence-similarity", "XLMModel", (OTHER, [LONG[:60], OTHER, QUESTION])),
    Case("features", "feature-extraction", "XLMModel", ([OTHER, QUESTION],)),
]
"""What transformers' pipelines do otherwise, or not at all."""


@pytest.fixture(scope="module")
def tokenizer() -> XLMTokenizer:
    return XLMTokenizer.from_pretrained("xlm-demo")


@lru_cache(maxsize=8)
def model(framework: Framework, name: str, changes: str) -> Any:
    """One for all calls; changes are those of a case as text, for configs cannot be remembered."""
    return framework.build(name, next(case for case in CASES + MORE if str(case.changes) == changes).config)


def results(pipeline: Any, case: Case) -> Any:
    given = {"question": QUESTION, "context": OTHER} if case.task == "question-answering" else {}
    return pipeline(*case.arguments, **{**given, **case.options}, lang="en")


def assert_same(actual: Any, expected: Any, what: str) -> None:
    """Equal, but for numbers that were computed."""
    if isinstance(expected, np.ndarray | float):
        assert_close(actual, expected, "states" if isinstance(expected, np.ndarray) else "scores", what)
    elif isinstance(expected, Mapping):
        assert actual.keys() == expected.keys()
        for name, value in expected.items():
            assert_same(actual[name], value, f"{what}, {name}")
    elif isinstance(expected, list):
        assert len(actual) == len(expected), what
        for one, other in zip(actual, expected, strict=True):
            assert_same(one, other, what)
    else:
        assert actual == expected, what


@pytest.mark.parametrize("case", CASES + MORE, ids=str)
def test_results_are_those_of_the_reference(framework: Framework, tokenizer: XLMTokenizer, case: Case) -> None:
    own = framework.package.pipeline(case.task, model(framework, case.model, str(case.changes)), tokenizer)
    expected = PIPELINES[case.task](ReferenceRunner(case.config, case.head), tokenizer)

    assert_same(results(own, case), results(expected, case), case.title)


def triples(count: int) -> list[dict[str, str]]:
    """Questions about what stands in four sentences of one language; those of Japanese need an extra of its own."""
    found = []
    for lang, sentences in sorted((lang, texts) for lang, texts in real_texts().items() if lang != "ja"):
        for start in range(0, len(sentences) - 4, 4):
            context = " ".join(sentences[start : start + 4])
            question = " ".join(context.split()[:5]) or context[:20]
            if context.split() and len(question) < 60:
                found.append({"question": f"{question}?", "context": context, "lang": lang})
    return found[:: max(1, len(found) // count)][:count]


@pytest.mark.skipif(not TEXT.is_dir(), reason="needs a folder of real texts, XLM_TEST_TEXT")
@pytest.mark.parametrize("name", ["XLMForQuestionAnsweringSimple", "XLMForQuestionAnswering"])
def test_answers_to_200_real_questions_stand_in_their_texts(framework: Framework, name: str) -> None:
    """In all languages, in windows; each is what stands at its offsets."""
    tokenizer, asked = XLMTokenizer.from_pretrained("xlm-demo", lang2id=None, id2lang=None), triples(200)
    config = CONFIG.replace(use_lang_emb=False, max_position_embeddings=128)
    pipeline = framework.package.pipeline("question-answering", framework.build(name, config), tokenizer, batch_size=64)

    found = pipeline(asked, top_k=3, doc_stride=16, max_question_len=100)

    assert len(found) == 200
    for triple, answers in zip(asked, found, strict=True):
        assert all(each.answer == triple["context"][each.start : each.end] for each in answers)
        assert any(each.answer for each in answers)


def test_a_checkpoint_says_which_head_answers(framework: Framework, demo: Path, tmp_path: Path) -> None:
    """Whichever framework wrote it."""
    architectures = ["TFXLMForQuestionAnswering" if framework.name == "torch" else "XLMForQuestionAnswering"]
    built = framework.build("XLMForQuestionAnswering", CONFIG)
    built.save_pretrained(tmp_path)
    built.config.replace(architectures=architectures).save_pretrained(tmp_path)

    pipeline = framework.package.pipeline("question-answering", tmp_path, demo)

    assert type(pipeline.run.model).__name__.endswith("XLMForQuestionAnswering")
    assert pipeline(question=QUESTION, context=OTHER, lang="en").answer in OTHER


@pytest.mark.parametrize("task", sorted({*PIPELINES} - {"fill-mask", "text-generation"}))
def test_a_model_of_another_task_is_refused(framework: Framework, tokenizer: XLMTokenizer, task: str) -> None:
    wrong = framework.build("XLMWithLMHeadModel", CONFIG)

    with pytest.raises(
        InputError, match=rf"`model` must be a .* for {task}, or where to find one; got a .*LMHeadModel"
    ):
        framework.package.pipeline(task, wrong, tokenizer)


def test_half_precision_gives_about_the_same(framework: Framework, tokenizer: XLMTokenizer, tmp_path: Path) -> None:
    case = CASES[2]
    framework.build(case.model, case.config).save_pretrained(tmp_path)

    whole, half = (
        framework.package.pipeline(case.task, tmp_path, tokenizer, dtype=dtype)(*case.arguments, lang="en", top_k=None)
        for dtype in (None, "bfloat16")
    )

    scores = [{each.label: each.score for each in found} for found in (whole, half)]
    assert_close(
        [scores[1][label] for label in sorted(scores[0])], [scores[0][label] for label in sorted(scores[0])], "float16"
    )


def test_a_causal_model_goes_on_as_it_does_itself(framework: Framework, tokenizer: XLMTokenizer) -> None:
    """Texts of different lengths together, and drawn from beams."""
    causal = framework.build("XLMWithLMHeadModel", CONFIG.replace(causal=True))
    pipeline = framework.package.pipeline("text-generation", causal, tokenizer)
    prompts, options = ["A man", OTHER], {"max_new_tokens": 5, "num_beams": 3, "num_return_sequences": 2}

    found = pipeline(prompts, lang="en", return_full_text=False, **options)

    for prompt, texts in zip(prompts, found, strict=True):
        inputs = tokenizer(prompt, lang="en")
        given = {name: framework.tensor(np.array([inputs[name][:-1]])) for name in ("input_ids", "langs")}
        own = framework.array(causal.generate(**given, **options))[:, len(inputs["input_ids"]) - 1 :]
        assert [each.generated_text for each in texts] == [
            tokenizer.decode(row, skip_special_tokens=True) for row in own
        ]


def test_sentences_are_as_alike_as_their_embeddings(framework: Framework, tokenizer: XLMTokenizer) -> None:
    body = framework.build("XLMModel", CONFIG)
    one, *others = framework.package.XLMSentenceEncoder(body, tokenizer).encode([OTHER, QUESTION, LONG[:60]], lang="en")

    found = framework.package.pipeline("sentence-similarity", body, tokenizer)(OTHER, [QUESTION, LONG[:60]], lang="en")

    assert_close(found, similarity(one, np.stack(others)), "scores")


def test_tasks_are_the_same(framework: Framework) -> None:
    """Each has a model in each framework, and each of these a head that is known."""
    models = __import__(f"{framework.package.__name__}.pipelines", fromlist=["MODELS"]).MODELS

    assert models.keys() == PIPELINES.keys()
    assert {each.__name__.removeprefix("TF") for classes in models.values() for each in classes} == TASKS.keys()
