"""`pipeline("fill-mask")` in both frameworks, on the demonstration checkpoint."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

import tiny
from frameworks import FRAMEWORKS, Framework
from tolerances import assert_close
from xlm_core.config import XLMConfig
from xlm_core.errors import FetchError, InputError, LanguageError, VocabularyError, XLMWarning
from xlm_core.pipelines import FillMaskPipeline, FillMaskResult
from xlm_core.tokenizer import XLMTokenizer

NAME = "XLMWithLMHeadModel"
MAN = "A [MASK] is riding a bike."
TWO = "A [MASK] is [MASK] a bike."
VELO = "Un homme fait du [MASK]."
CALLS: list[tuple[Any, dict[str, Any]]] = [
    (MAN, {"lang": "en"}),
    (MAN, {"lang": "en", "top_k": 1}),
    (MAN, {"lang": "en", "targets": ["woman", "man"]}),
    (TWO, {"lang": "en"}),
    ([MAN, VELO], {"lang": ["en", "fr"]}),
    ([MAN], {"lang": "en"}),
    ("Ein [MASK] spielt Gitarre.", {"lang": "de"}),
    ("Muž [MASK] na kole.", {"lang": "cs"}),
]


def load(framework: Framework) -> FillMaskPipeline:
    return framework.package.pipeline("fill-mask", model="xlm-demo")


@pytest.fixture(scope="module", params=FRAMEWORKS, ids=lambda framework: framework.name)
def unmasker(request: pytest.FixtureRequest) -> FillMaskPipeline:
    return load(request.param)


@pytest.fixture(scope="module")
def every_unmasker() -> list[FillMaskPipeline]:
    return [load(framework) for framework in FRAMEWORKS]


@pytest.fixture(scope="module")
def tokenizer() -> XLMTokenizer:
    return XLMTokenizer.from_pretrained("xlm-demo")


def flat(results: Any) -> list[FillMaskResult]:
    """All results, however deep they lie."""
    return [each for part in results for each in flat(part)] if isinstance(results, list) else [results]


def scores(results: Any) -> list[float]:
    return [each.score for each in flat(results)]


def words(results: Any) -> list[str]:
    return [each.token_str for each in flat(results)]


# ---- what comes out


@pytest.mark.parametrize(("text", "options"), CALLS, ids=str)
def test_both_frameworks_find_the_same_words(every_unmasker: list[FillMaskPipeline], text: Any, options: Any) -> None:
    one, *others = [unmasker(text, **options) for unmasker in every_unmasker]

    for other in others:
        assert words(other) == words(one)
        assert [each.sequence for each in flat(other)] == [each.sequence for each in flat(one)]
        assert_close(scores(other), scores(one), "scores")


@pytest.mark.parametrize(
    ("text", "lang", "word"),
    [
        (MAN, "en", "man"),
        (VELO, "fr", "vélo"),
        ("Ein Mann spielt [MASK].", "de", "Gitarre"),
    ],
)
def test_the_best_word_fits(unmasker: FillMaskPipeline, text: str, lang: str, word: str) -> None:
    assert unmasker(text, lang=lang)[0].token_str == word


def test_a_result_is_a_word_in_its_text(unmasker: FillMaskPipeline) -> None:
    best = unmasker(MAN, lang="en")[0]

    assert (best.token_str, best.sequence) == ("man", "A man is riding a bike .")
    assert unmasker.tokenizer.convert_ids_to_tokens(best.token) == "man</w>"


def test_a_result_is_read_as_a_dict(unmasker: FillMaskPipeline) -> None:
    best = unmasker(MAN, lang="en")[0]

    assert dict(best) == {
        "score": best.score,
        "token": best.token,
        "token_str": best["token_str"],
        "sequence": best.get("sequence"),
    }
    assert "score" in best
    with pytest.raises(KeyError, match=r"probability"):
        _ = best["probability"]


def test_words_come_best_first(unmasker: FillMaskPipeline) -> None:
    found = scores(unmasker(MAN, lang="en", top_k=20))

    assert found == sorted(found, reverse=True)


def test_probabilities_of_all_words_sum_to_1(unmasker: FillMaskPipeline) -> None:
    everything = unmasker(MAN, lang="en", top_k=unmasker.config.vocab_size)

    assert_close(sum(scores(everything)), 1.0, "scores")


@pytest.mark.parametrize("mask", ["[MASK]", "<mask>", "<special1>"])
def test_the_mask_has_three_names(unmasker: FillMaskPipeline, mask: str) -> None:
    assert unmasker(MAN.replace("[MASK]", mask), lang="en") == unmasker(MAN, lang="en")


def test_five_words_are_found_unless_asked(unmasker: FillMaskPipeline) -> None:
    assert (len(unmasker(MAN, lang="en")), len(unmasker(MAN, lang="en", top_k=2))) == (5, 2)


def test_there_are_no_more_words_than_the_vocabulary_has(unmasker: FillMaskPipeline) -> None:
    assert len(unmasker(MAN, lang="en", top_k=10**6)) == unmasker.config.vocab_size


def test_several_masks_are_filled_one_by_one(unmasker: FillMaskPipeline) -> None:
    """Each with its own list; the other masks stay masks in the text."""
    first, second = unmasker(TWO, lang="en", top_k=1)

    assert [first[0].token_str, second[0].token_str] == ["man", "riding"]
    assert "man is <special1>" in first[0].sequence


def test_only_targets_are_considered(unmasker: FillMaskPipeline) -> None:
    """Their probabilities are those among all words."""
    everything = {each.token_str: each.score for each in unmasker(MAN, lang="en", top_k=50)}

    found = unmasker(MAN, lang="en", targets=["woman", "man"])

    assert {each.token_str: each.score for each in found} == {word: everything[word] for word in ("man", "woman")}


def test_one_target_needs_no_list(unmasker: FillMaskPipeline) -> None:
    assert unmasker(MAN, lang="en", targets="man") == unmasker(MAN, lang="en", targets=["man"])


# ---- batches and languages


def test_a_list_gives_a_list(unmasker: FillMaskPipeline) -> None:
    """A list of one, too, which Hugging Face unwraps; and a list of none."""
    assert words(unmasker([MAN], lang="en")[0]) == words(unmasker(MAN, lang="en"))
    assert unmasker([]) == []


@pytest.mark.parametrize("batch_size", [1, 2, 5])
def test_the_size_of_batches_changes_nothing(unmasker: FillMaskPipeline, batch_size: int) -> None:
    texts, langs = [MAN, VELO, TWO, "A [MASK]."], ["en", "fr", "en", "en"]
    other = FillMaskPipeline(unmasker.run, unmasker.tokenizer, batch_size=batch_size)

    one_by_one = [unmasker(text, lang=lang) for text, lang in zip(texts, langs, strict=True)]
    together = other(texts, lang=langs)

    assert words(together) == words(one_by_one)
    assert_close(scores(together), scores(one_by_one), "scores")


def test_one_language_is_for_all_texts(unmasker: FillMaskPipeline) -> None:
    assert unmasker([MAN, TWO], lang="en") == unmasker([MAN, TWO], lang=["en", "en"])


def test_the_language_counts(unmasker: FillMaskPipeline) -> None:
    assert words(unmasker("A [MASK].", lang="en")) != words(unmasker("A [MASK].", lang="cs"))


def test_a_model_without_languages_takes_the_language_for_its_words_alone(
    framework: Framework, tokenizer: XLMTokenizer
) -> None:
    """The tokenizer splits as the language wants, and the model, which has no place for them, is given no languages."""
    config = tiny.CONFIG.replace(vocab_size=len(tokenizer), use_lang_emb=False, max_position_embeddings=64)
    pipeline = framework.package.pipeline("fill-mask", framework.build(NAME, config), tokenizer)

    assert pipeline(MAN, lang="fr") == pipeline(MAN)  # and no warning


def test_a_translation_helps(unmasker: FillMaskPipeline) -> None:
    """Two texts side by side, whose positions both begin at 0, as in translation language modelling."""
    found = unmasker([("A [MASK] is sleeping.", "Une femme dort."), "A [MASK] is sleeping."], lang=[("en", "fr"), "en"])

    assert [best.token_str for best, *_ in found] == ["woman", "man"]


# ---- models


def test_a_model_and_a_tokenizer_make_a_pipeline(framework: Framework, tokenizer: XLMTokenizer) -> None:
    model = framework.model_class(NAME).from_pretrained("xlm-demo")

    assert words(framework.package.pipeline("fill-mask", model, tokenizer)(MAN, lang="en"))[0] == "man"


def test_a_tokenizer_may_be_named(framework: Framework) -> None:
    model = framework.model_class(NAME).from_pretrained("xlm-demo")

    assert words(framework.package.pipeline("fill-mask", model, "xlm-demo")(MAN, lang="en"))[0] == "man"


def test_a_folder_is_enough(framework: Framework, demo: Path) -> None:
    assert words(framework.package.pipeline("fill-mask", demo)(MAN, lang="en"))[0] == "man"


def test_there_is_no_dropout(framework: Framework, tokenizer: XLMTokenizer) -> None:
    """Whatever the model was doing before, and it goes on with it: a new PyTorch model is in training."""
    config = tiny.CONFIG.replace(vocab_size=len(tokenizer), dropout=0.5, max_position_embeddings=64)
    model = framework.build(NAME, config)
    pipeline = framework.package.pipeline("fill-mask", model, tokenizer)

    assert pipeline(MAN, lang="en") == pipeline(MAN, lang="en")
    assert getattr(model, "training", True)


# ---- what is refused


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("A man.", {}, "a text must have a mask to fill, written [MASK], <mask> or <special1>; got 'A man.'."),
        ("", {}, "a text must have a mask to fill, written [MASK], <mask> or <special1>; got ''."),
        ("   ", {}, "a text must have a mask to fill, written [MASK], <mask> or <special1>; got '   '."),
        (
            [MAN, "A man."],
            {"lang": "en"},
            "a text must have a mask to fill, written [MASK], <mask> or <special1>; got 'A man.'.",
        ),
        (None, {}, "a text must be a string, many a list or an iterator of them; got None, a NoneType."),
        (
            MAN.encode(),
            {},
            "a text must be a string, many a list or an iterator of them; got b'A [MASK] is riding a bike",
        ),
        (7, {}, "a text must be a string, many a list or an iterator of them; got 7, a int."),
        ({"texts": MAN}, {}, "a dict must have ['text'], and may have ['text_pair', 'lang']; got ['texts']."),
        ([MAN, None], {}, "a text must be a string; got None, a NoneType."),
        (MAN + " a" * 300, {}, "a text must have at most 256 tokens, the model's `max_position_embeddings`; got 310"),
        (MAN, {"top_k": 0}, "`top_k` must be a whole number ≥ 1; got 0."),
        (MAN, {"top_k": -3}, "`top_k` must be a whole number ≥ 1; got -3."),
        (MAN, {"top_k": "five"}, "`top_k` must be a whole number ≥ 1; got 'five'."),
        (MAN, {"top_k": 2.0}, "`top_k` must be a whole number ≥ 1; got 2.0."),
        (MAN, {"targets": []}, "`targets` must be one word or more; got []. Leave it out to consider all."),
        (MAN, {"targets": [3]}, "`targets` must be one word or more; got [3]. Leave it out to consider all."),
        (MAN, {"targets": 3}, "`targets` must be one word or more; got 3. Leave it out to consider all."),
        (MAN, {"targets": ["man", "ЖЖЖЖ"]}, "as a mask stands for one; got 'ЖЖЖЖ', which is ['Ж', 'Ж', 'Ж', 'Ж</w>']."),
        (MAN, {"targets": ""}, "`targets` must be single pieces, as a mask stands for one; got '', which is []."),
        (MAN, {"lang": ["en"]}, "`lang` must be one language for one text; got ['en']."),
        ([MAN], {"lang": ["en", "fr"]}, "`lang` must be one language, or one for each of the 1 texts; got ['en', 'f"),
        ([MAN], {"lang": ("en", "fr")}, "`lang` must be one code for one text; got ('en', 'fr'), which is for a pair."),
        (
            iter([MAN]),
            {"lang": ["en"]},
            "`lang` must be one language for a stream of texts; got ['en']. Give each text ",
        ),
        ([MAN, TWO], {"lang": ["en", None]}, "or one for each of the 2 texts; got ['en', None]."),
        ([MAN, TWO], {"lang": 2}, "`lang` must be one language, or one for each of the 2 texts; got 2."),
    ],
)
def test_what_cannot_be_filled_is_refused(unmasker: FillMaskPipeline, text: Any, options: Any, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        unmasker(text, **{"lang": "en", **options})


def test_an_unknown_language_is_refused_with_those_that_are_known(unmasker: FillMaskPipeline) -> None:
    with pytest.raises(LanguageError, match=re.escape("`lang` must be one of ['cs', 'de', 'en', 'fr']; got 'xx'.")):
        unmasker(MAN, lang="xx")


def test_an_unknown_option_is_refused(unmasker: FillMaskPipeline) -> None:
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'topk'"):
        unmasker(MAN, lang="en", topk=3)


def test_an_unknown_task_is_refused_with_those_that_are_known(framework: Framework) -> None:
    with pytest.raises(InputError, match=re.escape("`task` must be one of ['feature-extraction', 'fill-mask', ")):
        framework.package.pipeline("fill-masks")


def test_a_model_alone_is_refused(framework: Framework) -> None:
    with pytest.raises(
        InputError, match=r"`tokenizer` must be given beside a model; got None. Pass an XLMTokenizer or a"
    ):
        framework.package.pipeline("fill-mask", framework.build(NAME))


def test_a_model_of_another_task_is_refused(framework: Framework, tokenizer: XLMTokenizer) -> None:
    with pytest.raises(InputError, match=r"`model` must be .*XLMWithLMHeadModel.*; got .*XLMModel"):
        framework.package.pipeline("fill-mask", framework.build("XLMModel"), tokenizer)


def test_a_config_and_a_dtype_are_for_loading(framework: Framework, tokenizer: XLMTokenizer) -> None:
    pipeline = framework.package.pipeline("fill-mask", "xlm-demo", dtype="bfloat16")
    assert "bfloat16" in str(pipeline.run.model.dtype)

    with pytest.raises(InputError, match=r"`config` and `dtype` say how a model is loaded; got one beside a model."):
        framework.package.pipeline("fill-mask", pipeline.run.model, tokenizer, dtype="bfloat16")


def test_a_config_may_replace_the_checkpoints(framework: Framework, tokenizer: XLMTokenizer) -> None:
    config = XLMConfig.from_pretrained("xlm-demo", use_lang_emb=True, lang_id=None)

    assert framework.package.pipeline("fill-mask", "xlm-demo", config=config).config == config


@pytest.mark.parametrize("name", ["batch_size", "max_tokens"])
def test_batches_of_nothing_are_refused(framework: Framework, name: str) -> None:
    with pytest.raises(InputError, match=rf"`{name}` must be a whole number ≥ 1; got 0."):
        framework.package.pipeline("fill-mask", "xlm-demo", **{name: 0})


def test_a_budget_of_tokens_is_given_as_the_size_of_batches_is(framework: Framework) -> None:
    """To `pipeline`, or to a call; the words are the same."""
    texts = [MAN, "A [MASK].", TWO, MAN]
    pipeline = framework.package.pipeline("fill-mask", "xlm-demo", max_tokens=16)
    shapes: list[tuple[int, int]] = []
    run = pipeline.run
    pipeline.run = lambda batch, **asked: shapes.append(batch["input_ids"].shape) or run(batch, **asked)

    found = pipeline(texts, lang="en")
    again = pipeline(texts, lang="en", max_tokens=20)

    assert shapes == [(1, 9), (1, 9), (1, 9), (1, 5), (2, 9), (2, 9)]
    assert words(found) == words(again) == words([pipeline(text, lang="en") for text in texts])


def test_a_vocabulary_that_is_larger_than_the_models_is_refused(framework: Framework, tokenizer: XLMTokenizer) -> None:
    with pytest.raises(VocabularyError, match=r"the tokenizer must have at most `vocab_size` = 53 pieces.*; got 9014."):
        framework.package.pipeline("fill-mask", framework.build(NAME), tokenizer)


def test_a_folder_that_is_not_there_is_refused(framework: Framework, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match=r"must be a folder or a weight file; there is none"):
        framework.package.pipeline("fill-mask", tmp_path / "absent")


def test_a_folder_without_a_tokenizer_is_refused(framework: Framework, tmp_path: Path) -> None:
    framework.build(NAME).save_pretrained(tmp_path)

    with pytest.raises(FetchError, match=r"must have `vocab.json`; there is none. The folder has config.json, model\."):
        framework.package.pipeline("fill-mask", tmp_path)


def test_a_checkpoint_without_a_head_is_reported(framework: Framework, demo: Path, tmp_path: Path) -> None:
    """It gets a new one, whose words mean nothing, and that is said."""
    config = tiny.CONFIG.replace(vocab_size=9014, max_position_embeddings=64)
    framework.build("XLMModel", config).save_pretrained(tmp_path)
    for name in ("vocab.json", "merges.txt", "tokenizer_config.json"):
        shutil.copy(demo / name, tmp_path)

    with pytest.warns(XLMWarning, match=r"pred_layer.proj.bias"):
        framework.package.pipeline("fill-mask", tmp_path)
