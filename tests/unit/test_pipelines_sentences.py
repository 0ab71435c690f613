"""Sentences compared, and texts that go on."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import reference
import tiny
from pipeline_cases import CONFIG, OTHER, TEXT
from runners import Batch, ReferenceRunner
from tolerances import assert_close
from xlm_core.errors import InputError
from xlm_core.pipelines import GenerationResult, SentenceSimilarityPipeline, TextGenerationPipeline
from xlm_core.tokenizer import XLMTokenizer


@pytest.fixture(scope="module")
def tokenizer() -> XLMTokenizer:
    return XLMTokenizer.from_pretrained("xlm-demo")


@pytest.fixture
def comparer(tokenizer: XLMTokenizer) -> SentenceSimilarityPipeline:
    return SentenceSimilarityPipeline(ReferenceRunner(CONFIG, None), tokenizer)


def vector(tokenizer: XLMTokenizer, text: str, lang: str) -> np.ndarray:
    """The mean over tokens and layers, of one text alone."""
    inputs = {name: np.array([tokenizer(text, lang=lang)[name]]) for name in ("input_ids", "langs")}
    return np.mean(reference.body(CONFIG, tiny.weights(CONFIG), **inputs)["hidden_states"][1:], axis=(0, 1, 2))


# ---- similarity


def test_similarity_is_the_cosine_of_means(comparer: SentenceSimilarityPipeline, tokenizer: XLMTokenizer) -> None:
    sentences = [OTHER, "Un homme .", TEXT]

    found = comparer(TEXT, sentences, lang=("en", "fr"))

    one = vector(tokenizer, TEXT, "en")
    others = [vector(tokenizer, text, "fr") for text in sentences]
    assert_close(found, [one @ other / np.linalg.norm(one) / np.linalg.norm(other) for other in others], "scores")


def test_a_sentence_is_like_itself(comparer: SentenceSimilarityPipeline) -> None:
    assert_close(comparer(TEXT, [TEXT], lang="en"), [1.0], "scores")


def test_one_sentence_needs_no_list(comparer: SentenceSimilarityPipeline) -> None:
    assert comparer(TEXT, OTHER, lang="en") == comparer(TEXT, [OTHER], lang="en")


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ((TEXT,), "`sentences` must be one string or more; got None."),
        ((TEXT, []), "`sentences` must be one string or more; got []."),
        ((TEXT, [None]), "a sentence must be a string; got None, a NoneType."),
        (([TEXT], [OTHER]), "`source_sentence` must be a string beside `sentences`; got ['A man in"),
        (([TEXT],), "a comparison must be a dict with `source_sentence` and `sentences`; got 'A man in"),
        (({"source_sentence": TEXT},), "a dict must have ['source_sentence', 'sentences'], and may have ['lang']; got"),
        ((None,), "a text must be a string, many a list or an iterator of them; got None, a NoneType."),
        ((TEXT, [OTHER * 9]), "a text must have at most 48 tokens, the model's `max_position_embeddings`; got"),
    ],
    ids=str,
)
def test_what_cannot_be_compared_is_refused(comparer: SentenceSimilarityPipeline, inputs: Any, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        comparer(*inputs, lang="en")


def test_long_sentences_are_cut_when_asked(comparer: SentenceSimilarityPipeline) -> None:
    assert len(comparer(TEXT, [OTHER * 9], lang="en", truncation=True)) == 1


# ---- generation


class Writer(ReferenceRunner):
    """Goes on with the same words; keeps the options that it was given."""

    words = (211, 14, 1, 2)

    def generate(self, batch: Batch, **options: Any) -> np.ndarray:
        self.batches.append(batch)
        self.options = options
        prompts = np.repeat(batch["input_ids"], options.get("num_return_sequences", 1), axis=0)
        return np.concatenate([prompts, np.tile(self.words, (len(prompts), 1))], axis=1)


@pytest.fixture
def writer(tokenizer: XLMTokenizer) -> TextGenerationPipeline:
    return TextGenerationPipeline(Writer(CONFIG, "language-modeling"), tokenizer)


def test_the_text_goes_on(writer: TextGenerationPipeline, tokenizer: XLMTokenizer) -> None:
    written = tokenizer.decode([211, 14])

    assert writer("A man", lang="en") == [GenerationResult(f"A man {written}")]
    assert writer("A man", lang="en", return_full_text=False) == [GenerationResult(written)]


def test_a_prompt_is_left_open(writer: TextGenerationPipeline, tokenizer: XLMTokenizer) -> None:
    writer(["A man", TEXT], lang="en")

    ids = sorted([row[row != 2].tolist() for row in writer.run.batches[0]["input_ids"]], key=len)
    assert ids == [tokenizer("A man").input_ids[:-1], tokenizer(TEXT).input_ids[:-1]]


def test_as_many_prompts_are_continued_at_a_time_as_asked(writer: TextGenerationPipeline) -> None:
    writer([TEXT, "A man", OTHER], lang="en", batch_size=2)

    assert [len(batch["input_ids"]) for batch in writer.run.batches] == [2, 1]


def test_a_budget_of_tokens_is_refused_where_texts_grow(writer: TextGenerationPipeline) -> None:
    """In other libraries the name means how many are written."""
    message = r"`max_tokens` must be left out for text-generation, where texts grow; got 99. Give.*`max_new_tokens`"

    with pytest.raises(InputError, match=message):
        TextGenerationPipeline(writer.run, writer.tokenizer, max_tokens=99)


def test_each_text_has_as_many_continuations_as_asked(writer: TextGenerationPipeline) -> None:
    found = writer(["A man", TEXT], lang="en", num_beams=3, num_return_sequences=2)

    assert [[each.generated_text[:5] for each in texts] for texts in found] == [["A man"] * 2] * 2
    assert writer.run.options == {"num_beams": 3, "num_return_sequences": 2, "mode": None}


@pytest.mark.parametrize(
    ("inputs", "options", "error", "message"),
    [
        (TEXT, {"num_beams": 0}, InputError, "num_beams"),
        (TEXT, {"temperature": 0.0, "do_sample": True}, InputError, "temperature"),
        (TEXT, {"max_new_tokens": -1}, InputError, "max_new_tokens"),
        (TEXT, {"max_tokens": 3}, TypeError, "max_tokens"),
        ((TEXT, OTHER), {}, InputError, "a text must be a string; got \\('A man"),
        (TEXT * 9, {}, InputError, "a text must have at most 48 tokens.*Shorten it."),
    ],
    ids=str,
)
def test_impossible_wishes_are_refused_before_anything_is_computed(
    writer: TextGenerationPipeline, inputs: Any, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        writer(inputs, lang="en", **options)

    assert not writer.run.batches
