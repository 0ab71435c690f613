"""Labels of texts and of tokens: what the options of a call do, by hand, and what is refused."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from pipeline_cases import CONFIG, FOLLOWS, LONG, OTHER, TAGS, TEXT
from runners import Batch, ReferenceRunner, ScriptedRunner
from tolerances import assert_close
from xlm_core.errors import InputError
from xlm_core.pipelines import (
    ClassificationResult,
    TextClassificationPipeline,
    TokenClassificationPipeline,
    ZeroShotClassificationPipeline,
)
from xlm_core.pipelines.scores import softmax
from xlm_core.tokenizer import XLMTokenizer

LOGITS = np.array([1.0, 3.0, 2.0])


@pytest.fixture(scope="module")
def tokenizer() -> XLMTokenizer:
    return XLMTokenizer.from_pretrained("xlm-demo")


def classifier(tokenizer: XLMTokenizer, **changes: Any) -> TextClassificationPipeline:
    """One whose logits are the same for every text."""

    def script(batch: Batch) -> dict[str, np.ndarray]:
        return {"logits": np.tile(LOGITS, (len(batch["input_ids"]), 1))}

    config = CONFIG.replace(id2label={0: "good", 1: "bad", 2: "neither"}, **changes)
    return TextClassificationPipeline(ScriptedRunner(config, "sequence-classification", script), tokenizer)


def tagger(tokenizer: XLMTokenizer, labels: dict[int, str] = TAGS, **changes: Any) -> TokenClassificationPipeline:
    runner = ReferenceRunner(CONFIG.replace(id2label=labels, **changes), "token-classification")
    return TokenClassificationPipeline(runner, tokenizer)


def scripted_tagger(tokenizer: XLMTokenizer, rows: dict[str, list[float]]) -> TokenClassificationPipeline:
    """One that gives each token the logits that are listed for it, and "O" otherwise."""

    def logits(token: int) -> list[float]:
        return rows.get(tokenizer.convert_ids_to_tokens(token), [9.0, 0.0, 0.0])

    def script(batch: Batch) -> dict[str, np.ndarray]:
        return {"logits": np.array([[logits(int(token)) for token in row] for row in batch["input_ids"]])}

    config = CONFIG.replace(id2label={0: "O", 1: "B-LOC", 2: "I-LOC"})
    return TokenClassificationPipeline(ScriptedRunner(config, "token-classification", script), tokenizer)


# ---- texts


def test_one_text_gives_a_list_and_each_of_many_one_result(tokenizer: XLMTokenizer) -> None:
    """As in Hugging Face, where no `top_k` is given."""
    pipeline = classifier(tokenizer)
    best = ClassificationResult("bad", float(softmax(LOGITS)[1]))

    assert pipeline(TEXT, lang="en") == [best]
    assert pipeline((TEXT, OTHER), lang="en") == [best]
    assert pipeline([TEXT, OTHER], lang="en") == [best, best]
    assert list(pipeline(iter([TEXT]), lang="en")) == [best]
    assert pipeline([TEXT], lang="en", top_k=1) == [[best]]


@pytest.mark.parametrize(("top_k", "labels"), [(2, ["bad", "neither"]), (None, ["bad", "neither", "good"]), (9, 3)])
def test_as_many_labels_are_given_as_asked(tokenizer: XLMTokenizer, top_k: int | None, labels: Any) -> None:
    found = [each.label for each in classifier(tokenizer)(TEXT, lang="en", top_k=top_k)]

    assert found == labels or len(found) == labels


@pytest.mark.parametrize(
    ("problem", "asked", "expected"),
    [
        (None, None, np.exp(LOGITS) / np.exp(LOGITS).sum()),
        ("single_label_classification", None, np.exp(LOGITS) / np.exp(LOGITS).sum()),
        ("multi_label_classification", None, 1 / (1 + np.exp(-LOGITS))),
        ("regression", None, LOGITS),
        ("regression", "softmax", np.exp(LOGITS) / np.exp(LOGITS).sum()),
        (None, "sigmoid", 1 / (1 + np.exp(-LOGITS))),
        (None, "none", LOGITS),
    ],
)
def test_the_config_says_what_scores_are(
    tokenizer: XLMTokenizer, problem: str | None, asked: str | None, expected: np.ndarray
) -> None:
    found = classifier(tokenizer, problem_type=problem)(TEXT, lang="en", top_k=None, function_to_apply=asked)

    assert_close([each.score for each in found], np.sort(expected)[::-1], "scores")


@pytest.mark.parametrize("pair", [(TEXT, OTHER), {"text": TEXT, "text_pair": OTHER}], ids=["tuple", "dict"])
def test_a_pair_is_read_as_the_tokenizer_reads_it(tokenizer: XLMTokenizer, pair: Any) -> None:
    pipeline = classifier(tokenizer)

    pipeline(pair, lang="en")

    assert pipeline.run.batches[0]["input_ids"][0].tolist() == tokenizer(TEXT, OTHER).input_ids


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"top_k": 0}, "`top_k` must be a whole number ≥ 1; got 0."),
        ({"top_k": "all"}, "`top_k` must be a whole number ≥ 1; got 'all'."),
        (
            {"function_to_apply": "tanh"},
            "`function_to_apply` must be one of ['sigmoid', 'softmax', 'none']; got 'tanh'",
        ),
        ({"function_to_apply": 3}, "`function_to_apply` must be one of ['sigmoid', 'softmax', 'none']; got 3."),
        ({"lang": ["en"]}, "`lang` must be one language for one text; got ['en']."),
    ],
    ids=str,
)
def test_impossible_options_are_refused(tokenizer: XLMTokenizer, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        classifier(tokenizer)(TEXT, **{"lang": "en", **options})


def test_three_texts_are_no_pair(tokenizer: XLMTokenizer) -> None:
    with pytest.raises(InputError, match=r"a text must be a string; got \('a', 'b', 'c'\), a tuple."):
        classifier(tokenizer)(("a", "b", "c"), lang="en")


# ---- labels that were never shown


def zero_shot(tokenizer: XLMTokenizer, labels: dict[int, str] = FOLLOWS) -> ZeroShotClassificationPipeline:
    runner = ReferenceRunner(CONFIG.replace(id2label=labels), "sequence-classification")
    return ZeroShotClassificationPipeline(runner, tokenizer)


def test_probabilities_of_labels_that_exclude_each_other_sum_to_1(tokenizer: XLMTokenizer) -> None:
    found = zero_shot(tokenizer)(TEXT, ["sport", "food", "music"], lang="en")

    assert_close(sum(found.scores), 1.0, "scores")
    assert found.scores == sorted(found.scores, reverse=True)
    assert found.sequence == TEXT


def test_a_text_and_its_labels_may_have_two_languages(tokenizer: XLMTokenizer) -> None:
    pipeline = zero_shot(tokenizer)

    pipeline("Un homme .", ["sport"], lang=("fr", "en"))

    assert pipeline.run.batches[0]["langs"][0].tolist() == [3] * 5 + [2] * 7


@pytest.mark.parametrize(
    ("names", "numbers"),
    [
        (["contradiction", "neutral", "entailment"], (0, 2)),
        (["ENTAILMENT", "NEUTRAL", "CONTRADICTION"], (2, 0)),
        (["neutral", "entailed", "contradicted"], (2, 1)),
        (["not", "entails"], (0, 1)),
        (["entails", "neither", "not"], (2, 0)),
    ],
    ids=str,
)
def test_labels_are_found_by_their_names(tokenizer: XLMTokenizer, names: list[str], numbers: tuple[int, int]) -> None:
    """Where contradiction has another name it is the first label, or the last if entailment is the first."""
    logits = np.linspace(-1, 2, len(names)) ** 2

    def script(batch: Batch) -> dict[str, np.ndarray]:
        return {"logits": np.tile(logits, (len(batch["input_ids"]), 1))}

    runner = ScriptedRunner(CONFIG.replace(id2label=dict(enumerate(names))), "sequence-classification", script)
    found = ZeroShotClassificationPipeline(runner, tokenizer)(TEXT, ["sport"], lang="en")

    against, follows = np.exp(logits[list(numbers)])
    assert_close(found.scores, [follows / (against + follows)], "scores")


def test_only_the_text_is_cut(tokenizer: XLMTokenizer) -> None:
    pipeline = zero_shot(tokenizer)

    pipeline(LONG, ["sport"], lang="en")

    (row,) = pipeline.run.batches[0]["input_ids"].tolist()
    assert len(row) == 48
    assert tokenizer.decode(row).endswith("</s> This example is sport . </s>")


@pytest.mark.parametrize(
    ("labels", "options", "message"),
    [
        ([], {}, "`candidate_labels` must be one label or more, none of them empty; got []."),
        ("", {}, "`candidate_labels` must be one label or more, none of them empty; got ''."),
        (["sport", " "], {}, "`candidate_labels` must be one label or more, none of them empty; got ['sport', ' ']."),
        (None, {}, "`candidate_labels` must be a list of strings; got None."),
        ([3], {}, "a label must be a string; got 3, a int."),
        (["sport"], {"hypothesis_template": "About it."}, "must have one {}, where the label goes; got 'About it.'."),
        (["sport"], {"hypothesis_template": "{} and {}"}, "must have one {}, where the label goes; got '{} and {}'."),
        (["sport"], {"hypothesis_template": "{"}, "must have one {}, where the label goes; got '{'."),
        (["sport"], {"hypothesis_template": None}, "`hypothesis_template` must be a string; got None, a NoneType."),
        (["sport " * 60], {}, "a label in its sentence must leave room for the text in 48 tokens, the model's"),
    ],
    ids=str,
)
def test_labels_that_cannot_be_asked_for_are_refused(
    tokenizer: XLMTokenizer, labels: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        zero_shot(tokenizer)(TEXT, labels, lang="en", **options)


def test_a_model_that_knows_no_entailment_is_refused(tokenizer: XLMTokenizer) -> None:
    with pytest.raises(InputError, match=r"whose name begins with 'entail'; the config has \['LABEL_0', 'LABEL_1'\]"):
        ZeroShotClassificationPipeline(ReferenceRunner(CONFIG, "sequence-classification"), tokenizer)


def test_a_pair_has_no_labels_of_its_own(tokenizer: XLMTokenizer) -> None:
    with pytest.raises(InputError, match=r"a text must be a string, for its pair is made of a label; got \('A"):
        zero_shot(tokenizer)((TEXT, OTHER), ["sport"], lang="en")


# ---- tokens


@pytest.mark.parametrize("strategy", ["none", "simple", "first", "average", "max"])
@pytest.mark.parametrize("text", [TEXT, "L'été à Prague, z.B. “naïve”  ﬁancée… (No. 5)!", "😀 dogs' Žižkov\t日本 x"])
def test_results_stand_where_they_say(tokenizer: XLMTokenizer, strategy: str, text: str) -> None:
    """Each holds no more than the characters from the first to the last of its tokens."""
    found = tagger(tokenizer)(text, lang="en", aggregation_strategy=strategy, ignore_labels=[])

    assert found
    assert all(0 <= each.start < each.end <= len(text) for each in found)
    assert all(text[each.start : each.end].strip() for each in found)
    if strategy != "none":
        covered = {place for each in found for place in range(each.start, each.end)}
        assert {place for place, character in enumerate(text) if not character.isspace()} <= covered


def test_tokens_are_numbered_as_the_model_sees_them(tokenizer: XLMTokenizer) -> None:
    found = tagger(tokenizer)("Prague .", lang="en", ignore_labels=[])

    assert [(each.index, each.word, each.start, each.end) for each in found] == [
        (1, "Pra", 0, 3),
        (2, "gue</w>", 3, 6),
        (3, ".</w>", 7, 8),
    ]


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ("simple", [("LOC", 0, 3), ("LOC", 3, 6)]),
        ("first", [("LOC", 0, 6)]),
        ("average", [("LOC", 0, 6)]),
        ("max", [("LOC", 0, 6)]),
    ],
)
def test_a_word_gets_one_label(tokenizer: XLMTokenizer, strategy: str, expected: list[Any]) -> None:
    """Of two tokens that both seem to begin a place, `simple` makes two places."""
    pipeline = scripted_tagger(tokenizer, {"Pra": [0.0, 5.0, 1.0], "gue</w>": [0.0, 4.0, 1.0]})

    found = pipeline("Prague dogs", lang="en", aggregation_strategy=strategy)

    assert [(each.entity_group, each.start, each.end) for each in found] == expected


@pytest.mark.parametrize(("strategy", "label"), [("first", "LOC"), ("average", None), ("max", None)])
def test_strategies_choose_the_label_of_a_word(tokenizer: XLMTokenizer, strategy: str, label: str | None) -> None:
    """The first token thinks of a place, the second is much surer of none."""
    pipeline = scripted_tagger(tokenizer, {"Pra": [0.0, 0.5, 0.0], "gue</w>": [6.0, 0.0, 0.0]})

    found = pipeline("Prague dogs", lang="en", aggregation_strategy=strategy)

    assert [each.entity_group for each in found] == ([label] if label else [])


def test_groups_begin_where_a_label_says_so_and_end_at_another(tokenizer: XLMTokenizer) -> None:
    begin, inside = [0.0, 5.0, 0.0], [0.0, 0.0, 5.0]
    pipeline = scripted_tagger(tokenizer, {"park</w>": begin, "bench</w>": inside, "street</w>": begin})

    found = pipeline("park bench street bench a bench", lang="en", aggregation_strategy="simple")

    assert [(each.word, each.start) for each in found] == [("park bench", 0), ("street bench", 11), ("bench", 26)]


def test_an_unknown_piece_is_shown_as_it_is_written(folder: Any) -> None:
    tokenizer = XLMTokenizer.from_pretrained(folder)
    config = CONFIG.replace(id2label={0: "O", 1: "LOC"}, use_lang_emb=False)
    runner = ReferenceRunner(config, "token-classification")

    found = TokenClassificationPipeline(runner, tokenizer)("cat 日本 cat", ignore_labels=[])

    assert "".join(each.word for each in found if each.start >= 4 and each.end <= 6) == "日本"


def test_given_words_count_in_the_text_that_they_make(tokenizer: XLMTokenizer) -> None:
    words = ["Two", "people", "in", "Prague!"]

    found = tagger(tokenizer)(
        words, lang="en", is_split_into_words=True, delimiter="--", aggregation_strategy="first", ignore_labels=[]
    )

    joined = "--".join(words)
    assert {each.start for each in found} <= {joined.index(word) for word in words}
    assert found[-1].end == len(joined)


def test_windows_give_what_the_whole_text_gives(tokenizer: XLMTokenizer) -> None:
    """For a model that looks at one token only, whatever stands beside it."""
    pipeline = scripted_tagger(tokenizer, {"Pra": [0.0, 5.0, 0.0], "gue</w>": [0.0, 0.0, 4.0], "park</w>": [0, 3.0, 0]})

    found = pipeline(LONG, lang="en", aggregation_strategy="simple", stride=10)

    expected = sorted(match.span() for match in re.finditer("Prague|park", LONG))
    assert [(each.start, each.end) for each in found] == expected
    assert len(pipeline.run.batches[0]["input_ids"]) > 1


def test_a_text_that_fits_is_one_window(tokenizer: XLMTokenizer) -> None:
    pipeline = tagger(tokenizer)

    windows = pipeline(TEXT, lang="en", aggregation_strategy="simple", stride=10)

    assert windows == pipeline(TEXT, lang="en", aggregation_strategy="simple")


@pytest.mark.parametrize(
    ("inputs", "options", "message"),
    [
        (TEXT, {"aggregation_strategy": "mean"}, "`aggregation_strategy` must be one of ['none', 'simple', 'first', "),
        (TEXT, {"stride": 4}, "`stride` needs an `aggregation_strategy`, by which windows are joined; got 'none'"),
        (TEXT, {"stride": -1, "aggregation_strategy": "max"}, "`stride` must be a whole number ≥ 0; got -1."),
        (TEXT, {"stride": 46, "aggregation_strategy": "max"}, "`stride` must be smaller than 46, the tokens of a text"),
        (TEXT, {"ignore_labels": "O"}, "`ignore_labels` must be a list of labels; got 'O'."),
        (TEXT, {"ignore_labels": [1]}, "a label to ignore must be a string; got 1, a int."),
        (TEXT, {"delimiter": None}, "`delimiter` must be a string; got None, a NoneType."),
        (TEXT, {"is_split_into_words": True}, "a text must be a list of words with `is_split_into_words=True`; got"),
        ([["A", "man"]], {}, "a text must be a string without `is_split_into_words=True`; got ('A', 'man')."),
        (("A", "man"), {}, "a text must be a string without `is_split_into_words=True`; got ('A', 'man')."),
        ([["A", 3]], {"is_split_into_words": True}, "a word must be a string; got 3, a int."),
    ],
    ids=str,
)
def test_what_cannot_be_tagged_is_refused(
    tokenizer: XLMTokenizer, inputs: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        tagger(tokenizer)(inputs, lang="en", **options)
