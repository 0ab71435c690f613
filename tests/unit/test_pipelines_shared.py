"""What all pipelines share: one text, many, or a stream; languages; progress; and what they refuse."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import count, islice
from typing import Any

import numpy as np
import pytest

from pipeline_cases import CONFIG, FOLLOWS, OTHER, QUESTION, TAGS, TEXT
from runners import ReferenceRunner
from xlm_core.config import XLMConfig
from xlm_core.errors import InputError, LanguageError, XLMWarning
from xlm_core.pipelines import Pipeline
from xlm_core.pipelines.factory import PIPELINES
from xlm_core.tokenizer import XLMTokenizer

HEADS: Mapping[str, tuple[str | None, Mapping[str, Any]]] = {
    "feature-extraction": (None, {}),
    "fill-mask": ("language-modeling", {}),
    "question-answering": ("question-answering-simple", {}),
    "sentence-similarity": (None, {}),
    "text-classification": ("sequence-classification", {"num_labels": 3}),
    "token-classification": ("token-classification", {"id2label": TAGS}),
    "zero-shot-classification": ("sequence-classification", {"id2label": FOLLOWS}),
}
"""The head that each task is computed with, and what its config says."""

ITEMS: Mapping[str, tuple[Any, Any]] = {
    "feature-extraction": (TEXT, OTHER),
    "fill-mask": ("A [MASK] is riding a bike .", "Two [MASK] are sitting ."),
    "question-answering": ({"question": QUESTION, "context": TEXT}, {"question": QUESTION, "context": OTHER}),
    "sentence-similarity": (
        {"source_sentence": TEXT, "sentences": [OTHER, "A dog ."]},
        {"source_sentence": OTHER, "sentences": [TEXT]},
    ),
    "text-classification": (TEXT, OTHER),
    "token-classification": (TEXT, OTHER),
    "zero-shot-classification": (TEXT, OTHER),
}
"""Two examples of each task."""

OF_TEXTS = sorted(HEADS.keys() - {"question-answering", "sentence-similarity"})
EVERY = sorted(HEADS)


@pytest.fixture(scope="module")
def tokenizer() -> XLMTokenizer:
    return XLMTokenizer.from_pretrained("xlm-demo")


def build(task: str, tokenizer: XLMTokenizer, config: XLMConfig = CONFIG, **limits: Any) -> Any:
    head, changes = HEADS[task]
    return PIPELINES[task](ReferenceRunner(config.replace(**changes), head), tokenizer, **limits)


def call(pipeline: Pipeline[Any, Any, Any, Any], inputs: Any, **options: Any) -> Any:
    needed = {"candidate_labels": ["sport", "food"]} if "ZeroShot" in type(pipeline).__name__ else {}
    return pipeline(inputs, **{"lang": "en", **needed, **options})


def numbers(result: Any) -> Any:
    """A result as something that numpy compares."""
    if isinstance(result, np.ndarray):
        return result.round(5).tolist()
    if isinstance(result, Mapping):
        return {name: numbers(value) for name, value in result.items()}
    if isinstance(result, list):
        return [numbers(each) for each in result]
    return round(result, 5) if isinstance(result, float) else result


# ---- one, many, a stream


@pytest.mark.parametrize("task", EVERY)
def test_a_list_gives_a_list_in_order(task: str, tokenizer: XLMTokenizer) -> None:
    pipeline, (one, other) = build(task, tokenizer), ITEMS[task]

    found = call(pipeline, [one, other, one])

    alone = [call(pipeline, [each])[0] for each in (one, other, one)]
    assert isinstance(found, list)
    assert numbers(found) == numbers(alone)


@pytest.mark.parametrize("task", EVERY)
def test_a_list_of_nothing_gives_nothing(task: str, tokenizer: XLMTokenizer) -> None:
    assert call(build(task, tokenizer), []) == []


@pytest.mark.parametrize("task", EVERY)
def test_a_stream_gives_what_a_list_gives(task: str, tokenizer: XLMTokenizer) -> None:
    pipeline, items = build(task, tokenizer, batch_size=2), [*ITEMS[task]] * 3

    found = call(pipeline, iter(items))

    assert isinstance(found, Iterator)
    assert numbers(list(found)) == numbers(call(pipeline, items))


@pytest.mark.parametrize("batch_size", [1, 3])
def test_a_stream_may_have_no_end(tokenizer: XLMTokenizer, batch_size: int) -> None:
    """No more is read than a few batches."""
    pipeline, read = build("text-classification", tokenizer, batch_size=batch_size), []

    def texts() -> Iterator[str]:
        for number in count():
            read.append(number)
            yield f"A man is riding bike {number} ."

    found = list(islice(call(pipeline, texts()), 5))

    assert len(found) == 5
    assert len(read) == (5 if batch_size == 1 else 24)


class Dataset:
    """What PyTorch and datasets call one: a length, and items by number."""

    def __len__(self) -> int:
        return 3

    def __getitem__(self, number: int) -> str:
        if number >= 3:
            raise IndexError(number)
        return [TEXT, OTHER, TEXT][number]


def test_a_dataset_streams(tokenizer: XLMTokenizer) -> None:
    pipeline = build("text-classification", tokenizer)

    assert numbers(list(call(pipeline, Dataset()))) == numbers(call(pipeline, [TEXT, OTHER, TEXT]))


def test_texts_of_like_length_are_computed_together(tokenizer: XLMTokenizer) -> None:
    """And results come in the order of the texts."""
    pipeline = build("feature-extraction", tokenizer, batch_size=2)

    found = call(pipeline, [f"{TEXT} {OTHER}", "A .", f"{OTHER} {TEXT}", "B ."])

    assert [batch["input_ids"].shape[1] for batch in pipeline.run.batches] == [23, 4]
    assert [len(states) for states in found] == [23, 4, 23, 4]


# ---- the size of batches


SENTENCES = ["A .", f"{TEXT} {OTHER}", TEXT, "B .", f"{OTHER} {TEXT}", "A dog runs ."]


def sizes(pipeline: Any) -> list[tuple[int, int]]:
    """Rows and columns of each batch that was computed."""
    return [batch["input_ids"].shape for batch in pipeline.run.batches]


@pytest.mark.parametrize(
    ("own", "of_the_call", "expected"),
    [
        ({}, {}, [(6, 23)]),
        ({"batch_size": 4}, {}, [(4, 23), (2, 4)]),
        ({"max_tokens": 47}, {}, [(2, 23), (3, 12), (1, 4)]),
        ({"max_tokens": 10}, {}, [(1, 23), (1, 23), (1, 12), (1, 6), (2, 4)]),
        ({}, {"batch_size": 4}, [(4, 23), (2, 4)]),
        ({}, {"max_tokens": 47}, [(2, 23), (3, 12), (1, 4)]),
        ({"batch_size": 1}, {"batch_size": 4}, [(4, 23), (2, 4)]),
        ({"batch_size": 2}, {"max_tokens": 47}, [(2, 23), (2, 12), (2, 4)]),
        ({"max_tokens": 10, "batch_size": 2}, {"max_tokens": 47}, [(2, 23), (2, 12), (2, 4)]),
    ],
    ids=str,
)
def test_batches_keep_to_both_limits(tokenizer: XLMTokenizer, own: Any, of_the_call: Any, expected: Any) -> None:
    """Of the pipeline, and of the call, which counts more; results are in the order of the texts."""
    pipeline = build("feature-extraction", tokenizer, **own)

    found = call(pipeline, SENTENCES, **of_the_call)

    assert sizes(pipeline) == expected
    assert [len(states) for states in found] == [len(tokenizer(text).input_ids) for text in SENTENCES]


@pytest.mark.parametrize("task", EVERY)
def test_a_budget_changes_no_result(task: str, tokenizer: XLMTokenizer) -> None:
    pipeline, items = build(task, tokenizer), [*ITEMS[task]] * 3

    found = call(pipeline, items, max_tokens=40)

    assert numbers(found) == numbers(call(pipeline, items, batch_size=1))
    assert all(rows * columns <= 40 or rows == 1 for rows, columns in sizes(pipeline))


@pytest.mark.parametrize("task", EVERY)
@pytest.mark.parametrize("name", ["batch_size", "max_tokens"])
@pytest.mark.parametrize("value", [0, -3, 2.5, "8", True], ids=repr)
def test_impossible_batches_are_refused(task: str, tokenizer: XLMTokenizer, name: str, value: Any) -> None:
    """When a pipeline is made, and before a text is read."""
    message = re.escape(f"`{name}` must be a whole number ≥ 1; got {value!r}.")

    with pytest.raises(InputError, match=message):
        build(task, tokenizer, **{name: value})
    with pytest.raises(InputError, match=message):
        call(build(task, tokenizer), iter([None]), **{name: value})


def test_a_stream_in_batches_of_tokens_may_have_no_end(tokenizer: XLMTokenizer) -> None:
    """No more is read than fills a few batches: here eight of 200 positions, texts of about 10 tokens."""
    pipeline, read = build("text-classification", tokenizer), []

    def texts() -> Iterator[str]:
        for number in count():
            read.append(number)
            yield f"A man is riding bike {number} ."

    found = list(islice(call(pipeline, texts(), max_tokens=200), 5))

    n_tokens = len(tokenizer("A man is riding bike 1 .").input_ids)
    assert len(found) == 5
    assert 1600 / (n_tokens + 3) <= len(read) <= 1600 / n_tokens + 1
    assert len(sizes(pipeline)) <= 9


@pytest.mark.parametrize("task", EVERY)
def test_a_list_is_checked_before_any_of_it_is_computed(task: str, tokenizer: XLMTokenizer) -> None:
    pipeline = build(task, tokenizer, batch_size=1)

    with pytest.raises(InputError):
        call(pipeline, [ITEMS[task][0], None])

    assert not pipeline.run.batches


def test_a_stream_is_checked_as_it_comes(tokenizer: XLMTokenizer) -> None:
    found = call(build("text-classification", tokenizer, batch_size=1), iter([TEXT, None]))

    next(found)
    with pytest.raises(InputError, match=r"a text must be a string; got None, a NoneType."):
        next(found)


def test_options_are_checked_before_a_stream_is_read(tokenizer: XLMTokenizer) -> None:
    with pytest.raises(InputError, match=r"`top_k` must be a whole number"):
        call(build("text-classification", tokenizer), iter([TEXT]), top_k=0)


# ---- languages


@pytest.mark.parametrize("task", EVERY)
def test_the_model_is_told_the_language(task: str, tokenizer: XLMTokenizer) -> None:
    pipeline = build(task, tokenizer)

    call(pipeline, ITEMS[task][0], lang="fr")

    assert set(np.unique(pipeline.run.batches[0]["langs"])) == {tokenizer.lang2id["fr"]}


@pytest.mark.parametrize("task", EVERY)
def test_no_language_is_said_once(task: str, tokenizer: XLMTokenizer) -> None:
    pipeline = build(task, tokenizer)

    with pytest.warns(XLMWarning, match=r"the model knows languages, \['cs', 'de', 'en', 'fr'\], and was given none"):
        call(pipeline, ITEMS[task][0], lang=None)
    call(pipeline, ITEMS[task][0], lang=None)  # warnings are errors here

    assert "langs" not in pipeline.run.batches[0]


@pytest.mark.parametrize("task", EVERY)
def test_a_model_without_languages_asks_for_none(task: str, tokenizer: XLMTokenizer) -> None:
    pipeline = build(task, tokenizer, CONFIG.replace(use_lang_emb=False))

    assert numbers(call(pipeline, ITEMS[task][0], lang=None)) == numbers(call(pipeline, ITEMS[task][0], lang="en"))
    assert "langs" not in pipeline.run.batches[0]


@pytest.mark.parametrize("task", EVERY)
def test_an_unknown_language_is_refused(task: str, tokenizer: XLMTokenizer) -> None:
    with pytest.raises(LanguageError, match=r"`lang` must be one of \['cs', 'de', 'en', 'fr'\]; got 'xx'."):
        call(build(task, tokenizer), ITEMS[task][0], lang="xx")


@pytest.mark.parametrize("task", OF_TEXTS)
def test_each_text_may_have_its_language(task: str, tokenizer: XLMTokenizer) -> None:
    """In a list beside the texts, or each with its text."""
    pipeline, (one, other) = build(task, tokenizer), ITEMS[task]

    beside = call(pipeline, [one, other], lang=["de", "fr"])
    inside = call(pipeline, [{"text": one, "lang": "de"}, {"text": other}], lang="fr")

    assert numbers(inside) == numbers(beside)
    assert {int(row[0]) for row in pipeline.run.batches[0]["langs"]} == {1, 3}


def test_a_stream_may_mix_texts_with_and_without_a_language(tokenizer: XLMTokenizer) -> None:
    pipeline = build("text-classification", tokenizer)

    with pytest.warns(XLMWarning, match=r"This is said once"):
        found = list(call(pipeline, iter([TEXT, {"text": TEXT, "lang": "en"}, TEXT]), lang=None))

    assert found[0] == found[2] != found[1]


@pytest.mark.parametrize("task", ["feature-extraction", "fill-mask", "text-classification"])
def test_a_pair_may_have_two_languages(task: str, tokenizer: XLMTokenizer) -> None:
    pipeline = build(task, tokenizer)

    call(pipeline, (ITEMS[task][0], "Un homme ."), lang=("en", "fr"))

    langs = pipeline.run.batches[0]["langs"][0].tolist()
    assert langs == sorted(langs)
    assert {*langs} == {tokenizer.lang2id["en"], tokenizer.lang2id["fr"]}


def test_a_language_for_a_tokenizer_without_is_refused() -> None:
    """The model has languages, and nothing says which number each has."""
    tokenizer = XLMTokenizer.from_pretrained("xlm-demo", lang2id=None, id2lang=None)

    with pytest.raises(InputError, match=r"`return_langs=True` needs a tokenizer with `lang2id`"):
        call(build("text-classification", tokenizer), TEXT)


# ---- progress


def test_progress_is_shown_when_asked(tokenizer: XLMTokenizer, capsys: pytest.CaptureFixture[str]) -> None:
    pipeline = build("text-classification", tokenizer)

    call(pipeline, [TEXT] * 3, show_progress=True)
    list(call(pipeline, iter([TEXT] * 2), show_progress=True))

    assert re.findall(r"(\d) texts, ", capsys.readouterr().err) == ["3", "2"]


@pytest.mark.parametrize(("n_texts", "is_shown"), [(3, False), (9, True)], ids=["one batch", "several batches"])
def test_a_long_job_shows_its_progress_on_a_terminal(
    tokenizer: XLMTokenizer,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    n_texts: int,
    is_shown: bool,
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)

    call(build("text-classification", tokenizer), [TEXT] * n_texts)

    assert ("texts, " in capsys.readouterr().err) is is_shown


def test_no_progress_is_shown_elsewhere(tokenizer: XLMTokenizer, capsys: pytest.CaptureFixture[str]) -> None:
    call(build("text-classification", tokenizer), [TEXT] * 20)

    assert not capsys.readouterr().err


# ---- what is refused, and what is answered


@pytest.mark.parametrize("task", OF_TEXTS)
@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (None, "a text must be a string, many a list or an iterator of them; got None, a NoneType."),
        (b"A man", "a text must be a string, many a list or an iterator of them; got b'A man', a bytes."),
        (7, "a text must be a string, many a list or an iterator of them; got 7, a int."),
        ([TEXT, None], "a text must be a string; got None, a NoneType."),
        ([TEXT, b"A man"], "a text must be a string; got b'A man', a bytes."),
        ([TEXT, 7.5], "a text must be a string; got 7.5, a float."),
        ({"text": TEXT, "label": 1}, "a dict must have ['text'], and may have ["),
        ({"sentence": TEXT}, "a dict must have ['text'], and may have ["),
    ],
    ids=str,
)
def test_what_is_no_text_is_refused(task: str, tokenizer: XLMTokenizer, inputs: Any, message: str) -> None:
    inputs = [ITEMS[task][0], *inputs[1:]] if isinstance(inputs, list) else inputs

    with pytest.raises(InputError, match=re.escape(message)):
        call(build(task, tokenizer), inputs)


@pytest.mark.parametrize("task", ["feature-extraction", "text-classification", "zero-shot-classification"])
@pytest.mark.parametrize("text", ["", "   ", "\n\t"], ids=repr)
def test_an_empty_text_is_its_special_tokens(task: str, tokenizer: XLMTokenizer, text: str) -> None:
    pipeline = build(task, tokenizer)

    found = call(pipeline, text)

    assert pipeline.run.batches[0]["input_ids"][0, :2].tolist() == [0, 1]
    assert len(found) > 0


@pytest.mark.parametrize("text", ["", "   "], ids=repr)
def test_an_empty_text_has_no_entities(tokenizer: XLMTokenizer, text: str) -> None:
    assert call(build("token-classification", tokenizer), text, aggregation_strategy="simple") == []


@pytest.mark.parametrize(
    ("task", "advice"),
    [
        ("feature-extraction", "Split it, or pass `truncation=True`."),
        ("fill-mask", "Split it."),
        ("text-classification", "Split it, or pass `truncation=True`."),
        ("token-classification", "Split it, or pass `stride=…` and a strategy."),
    ],
)
def test_a_text_of_a_million_characters_is_refused_with_advice(task: str, tokenizer: XLMTokenizer, advice: str) -> None:
    text = ("[MASK] " + "ab " * 333_331)[:1_000_000]

    with pytest.raises(InputError, match=re.escape("a text must have at most 48 tokens, the model's")) as caught:
        call(build(task, tokenizer), text)

    assert advice in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("task", ["feature-extraction", "text-classification"])
def test_a_text_of_a_million_characters_is_cut_when_asked(task: str, tokenizer: XLMTokenizer) -> None:
    pipeline = build(task, tokenizer)

    call(pipeline, "ab " * 333_333, truncation=True)

    assert pipeline.run.batches[0]["input_ids"].shape == (1, 48)


def test_a_long_pair_is_cut_at_the_longer_text(tokenizer: XLMTokenizer) -> None:
    pipeline = build("text-classification", tokenizer)

    call(pipeline, (TEXT, OTHER * 9), truncation=True)

    ids = pipeline.run.batches[0]["input_ids"]
    assert ids.shape == (1, 48)
    assert ids[0, : len(tokenizer(TEXT).input_ids)].tolist() == tokenizer(TEXT).input_ids


def test_a_result_is_read_as_a_dict(tokenizer: XLMTokenizer) -> None:
    (best,) = call(build("text-classification", tokenizer), TEXT)

    assert dict(best) == {"label": best.label, "score": best["score"]}
    assert "label" in best
    with pytest.raises(KeyError, match=r"probability"):
        _ = best["probability"]
