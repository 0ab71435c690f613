"""Texts to vectors, over a model made of numpy: order, batches, pooling, streams and bad input."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from xlm_core.config import XLMConfig
from xlm_core.embeddings import SentenceEncoder, TextEmbedder, pool
from xlm_core.errors import InputError, LanguageError, VocabularyError, XLMWarning
from xlm_core.tokenizer import XLMTokenizer

D, LAYERS = 6, 3
TEXTS = ["A man rides a bike.", "", "A dog.", "Two dogs run through the snow and play.", "A dog.", "   "]
POOLINGS = ["mean", "first", "max", "last"]


class NumpyModel:
    """A body whose states are a function of the token, its place, its language and the layer; it remembers batches."""

    def __init__(self, config: XLMConfig) -> None:
        self.config = config
        self.shapes: list[tuple[int, ...]] = []

    def states(self, batch: Mapping[str, np.ndarray], layers: Sequence[int]) -> np.ndarray:
        ids = batch["input_ids"]
        self.shapes.append(ids.shape)
        langs = batch.get("langs", np.zeros_like(ids))
        places = np.arange(ids.shape[1])
        mean_layer = np.mean(np.square(layers))
        waves = np.sin((ids + 1)[..., None] * np.arange(1, D + 1) + (0.1 * places + langs)[..., None] + mean_layer)
        return np.where(batch["attention_mask"][..., None] == 1, waves, 7).astype(
            np.float32
        )  # 7: padding must not show

    def tensor(self, array: np.ndarray) -> Any:
        return ("tensor", array)


@pytest.fixture(scope="module")
def tokenizer(demo: Any) -> XLMTokenizer:
    return XLMTokenizer.from_pretrained(demo)


@pytest.fixture
def encoder(tokenizer: XLMTokenizer) -> SentenceEncoder:
    config = XLMConfig(
        vocab_size=len(tokenizer), emb_dim=D, n_heads=2, n_layers=LAYERS, n_langs=4, max_position_embeddings=24
    )
    return SentenceEncoder(NumpyModel(config), tokenizer)


def alone(encoder: SentenceEncoder, text: str, pooling: str, special_tokens: bool = True) -> np.ndarray:
    """The definition, for one text without padding, in float64."""
    ids = np.array([encoder.tokenizer(text)["input_ids"]])
    batch = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
    states = encoder.run.states(batch, range(1, LAYERS + 1))[0].astype(np.float64)
    states = states if special_tokens else states[1:-1]
    if not len(states):
        return np.zeros(D)
    return {"mean": states.mean(axis=0), "first": states[0], "max": states.max(axis=0), "last": states[-1]}[pooling]


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("special_tokens", [True, False])
@pytest.mark.parametrize("limits", [{"batch_size": 1}, {"batch_size": 2}, {"max_tokens": 20}, {}, {"block": 2}])
def test_each_text_has_the_vector_it_has_alone(
    encoder: SentenceEncoder, pooling: Any, special_tokens: bool, limits: Any
) -> None:
    """In the order of the texts, whatever they are computed with."""
    vectors = encoder.encode(TEXTS, pooling=pooling, special_tokens=special_tokens, **limits)

    expected = [alone(encoder, text, pooling, special_tokens) for text in TEXTS]
    np.testing.assert_allclose(vectors, expected, atol=1e-6)
    assert vectors.dtype == np.float32


def test_one_text_has_no_axis_of_texts(encoder: SentenceEncoder) -> None:
    assert encoder.encode(TEXTS[0]).shape == (D,)
    assert encoder.encode(TEXTS[:1]).shape == (1, D)
    assert encoder.encode([]).shape == (0, D)


@pytest.mark.parametrize("texts", [tuple(TEXTS), np.array(TEXTS)])
def test_anything_that_can_be_counted_gives_an_array(encoder: SentenceEncoder, texts: Any) -> None:
    np.testing.assert_array_equal(encoder.encode(texts), encoder.encode(TEXTS))


def test_an_iterator_gives_blocks_and_is_read_no_further_than_needed(encoder: SentenceEncoder) -> None:
    read: list[str] = []

    def stream() -> Iterator[str]:
        for text in TEXTS:
            read.append(text)
            yield text

    blocks = encoder.encode(stream(), block=4)
    assert read == []
    first = next(blocks)
    assert read == TEXTS[:4]
    rest = list(blocks)

    assert [len(first), *map(len, rest)] == [4, 2]
    np.testing.assert_array_equal(np.concatenate([first, *rest]), encoder.encode(TEXTS))


def test_an_empty_stream_has_no_blocks(encoder: SentenceEncoder) -> None:
    assert list(encoder.encode(iter([]))) == []


@pytest.mark.parametrize(
    ("layer", "averaged"), [(-1, [3]), (0, [0]), (-4, [0]), (3, [3]), ([1, -1], [1, 3]), ("all", [1, 2, 3])]
)
def test_layers_are_numbered_from_the_embeddings_on(encoder: SentenceEncoder, layer: Any, averaged: list[int]) -> None:
    asked: list[list[int]] = []
    states = encoder.run.states
    encoder.run.states = lambda batch, layers: asked.append(list(layers)) or states(batch, layers)  # type: ignore[method-assign]

    encoder.encode("A dog.", layer=layer)

    assert asked == [averaged]


def test_languages_are_those_of_the_texts(encoder: SentenceEncoder) -> None:
    """However texts are sorted."""
    langs = ["en", "fr", "de", "cs", "fr", "en"]

    vectors = encoder.encode(TEXTS, lang=langs)

    np.testing.assert_allclose(
        vectors, [encoder.encode(text, lang=lang) for text, lang in zip(TEXTS, langs, strict=True)], atol=1e-6
    )
    np.testing.assert_array_equal(next(encoder.encode(iter(TEXTS), lang=iter(langs))), vectors)
    assert np.abs(vectors[2] - vectors[4]).max() > 0.01


def test_languages_may_be_detected(encoder: SentenceEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder.tokenizer, "detect_language", lambda text: {"A dog.": "en", "Ein Hund.": "de"}[text])

    vectors = encoder.encode(["A dog.", "Ein Hund."], lang="auto")

    np.testing.assert_array_equal(vectors, encoder.encode(["A dog.", "Ein Hund."], lang=["en", "de"]))


def test_normalized_vectors_have_the_length_1(encoder: SentenceEncoder) -> None:
    lengths = np.linalg.norm(encoder.encode(TEXTS, normalize=True, special_tokens=False), axis=1)

    np.testing.assert_allclose(lengths, [1, 0, 1, 1, 1, 0], atol=1e-6)


def test_tensors_are_the_frameworks(encoder: SentenceEncoder) -> None:
    kind, vectors = encoder.encode(TEXTS, output="tensor")

    assert kind == "tensor"
    np.testing.assert_array_equal(vectors, encoder.encode(TEXTS))
    assert [kind for kind, _ in encoder.encode(iter(TEXTS), output="tensor")] == ["tensor"]


def test_a_text_that_is_too_long_is_cut_with_one_warning(encoder: SentenceEncoder) -> None:
    long = "A dog runs. " * 30

    with pytest.warns(XLMWarning, match="more than 24 tokens.*the first is text 1") as warned:
        vectors = encoder.encode(["A dog.", long, long, long], block=1)

    assert len(warned) == 1
    assert encoder.run.shapes[1:] == [(1, 24)] * 3
    np.testing.assert_array_equal(vectors[1], vectors[2])


def test_a_text_that_is_too_long_can_be_an_error(encoder: SentenceEncoder) -> None:
    with pytest.raises(InputError, match=r"at most 24 tokens.*got \d+ in text 1, 'A dog"):
        encoder.encode(["A dog.", "A dog runs. " * 30], truncation=False)


def test_batches_keep_to_their_limits(encoder: SentenceEncoder) -> None:
    encoder.encode(TEXTS, max_tokens=16)
    shapes = encoder.run.shapes

    assert all(rows * size <= 16 or rows == 1 for rows, size in shapes)
    assert sum(rows for rows, _ in shapes) == len(TEXTS)
    assert [size for _, size in shapes] == sorted((size for _, size in shapes), reverse=True)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_padding_never_counts(pooling: Any) -> None:
    """On either side, and however large its states are."""
    states = np.random.default_rng(3).standard_normal((2, 4, 3))
    counts = np.array([[False, True, True, False], [True, True, True, True]])
    other = np.where(counts[..., None], states, 1e30)

    np.testing.assert_allclose(pool(other, counts, pooling)[0], pool(states[:1, 1:3], counts[:1, 1:3], pooling)[0])


def test_progress_is_shown_on_request(encoder: SentenceEncoder, capsys: pytest.CaptureFixture[str]) -> None:
    encoder.encode(TEXTS)
    assert capsys.readouterr().err == ""

    encoder.encode(TEXTS, show_progress_bar=True)
    assert "6 texts" in capsys.readouterr().err


def test_a_tokenizer_of_another_model_is_refused(tokenizer: XLMTokenizer) -> None:
    with pytest.raises(VocabularyError, match="at most `vocab_size` = 10"):
        SentenceEncoder(NumpyModel(XLMConfig(vocab_size=10, emb_dim=D, n_heads=2)), tokenizer)


def test_a_table_gets_a_column(encoder: SentenceEncoder) -> None:
    """In batches of arrays, as Ray Data hands them over."""
    batch = {"text": np.array(TEXTS, object), "code": np.array(["en", "fr", "de", "cs", "fr", "en"]), "n": np.arange(6)}

    table = TextEmbedder(encoder, lang_column="code", pooling="max")(batch)

    assert list(table) == ["text", "code", "n", "embedding"]
    np.testing.assert_array_equal(table["embedding"], encoder.encode(TEXTS, lang=batch["code"].tolist(), pooling="max"))
    assert list(batch) == ["text", "code", "n"]


def test_a_table_without_the_column_is_refused(encoder: SentenceEncoder) -> None:
    with pytest.raises(InputError, match=r"must have a column 'text'; it has \['words'\]"):
        TextEmbedder(encoder)({"words": ["A dog."]})


BAD: list[tuple[Any, dict[str, Any], str]] = [
    (None, {}, "`texts` must be a string, a list of strings.*got None"),
    (b"A dog.", {}, "Decode it first"),
    (7, {}, "got 7, a int"),
    ({"A dog.": 1}, {}, "`texts` must be"),
    ({"A dog."}, {}, "`texts` must be"),
    (["A dog.", None], {}, r"`texts\[1\]` must be a string; got None"),
    (["A dog.", b"A dog."], {}, r"`texts\[1\]` must be a string; got b'A dog.'"),
    ([["A dog."]], {}, r"`texts\[0\]` must be a string"),
    ("A dog.", {"lang": ["en"]}, "`lang` must be one language for one text"),
    (["A dog."] * 2, {"lang": ["en"]}, "got 1 languages for more texts"),
    (["A dog."], {"lang": ["en", "de"]}, "got 1 texts for more languages"),
    (["A dog."], {"lang": [3]}, r"`lang\[0\]` must be a language code; got 3"),
    (["A dog."], {"lang": 3}, "`lang` must be a language code, or one for each text; got 3"),
    (["A dog."] * 2, {"lang": ["en", None]}, "only if `lang` is given for every text"),
    ([], {"pooling": "median"}, "`pooling` must be one of"),
    ([], {"pooling": None}, "`pooling` must be one of"),
    ([], {"layer": 4}, "`layer` must be from -4 to 3, a list of such numbers or 'all'.*got 4"),
    ([], {"layer": -5}, "`layer` must be"),
    ([], {"layer": []}, "`layer` must be"),
    ([], {"layer": [1, 9]}, "`layer` must be"),
    ([], {"layer": "last"}, "`layer` must be"),
    ([], {"layer": True}, "`layer` must be"),
    ([], {"layer": None}, "`layer` must be"),
    ([], {"batch_size": 0}, "`batch_size` must be a whole number ≥ 1; got 0"),
    ([], {"max_tokens": -3}, "`max_tokens` must be"),
    ([], {"block": 0}, "`block` must be"),
    ([], {"output": "jax"}, "`output` must be one of"),
    ([], {"normalize": "no"}, "`normalize` must be True"),
    ([], {"truncation": None}, "`truncation` must be True or False"),
]


@pytest.mark.parametrize(("texts", "options", "message"), BAD)
def test_what_makes_no_sense_is_named(encoder: SentenceEncoder, texts: Any, options: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        encoder.encode(texts, **options)
    assert encoder.run.shapes == []


def test_an_unknown_language_is_named_before_anything_is_computed(encoder: SentenceEncoder) -> None:
    with pytest.raises(LanguageError, match=r"must be one of.*got 'xx'"):
        encoder.encode(TEXTS, lang=["en"] * 5 + ["xx"], block=1)
    assert encoder.run.shapes == []


def test_a_stream_names_the_bad_text_when_its_turn_comes(encoder: SentenceEncoder) -> None:
    blocks = encoder.encode(iter(["A dog.", None]), block=1)

    assert next(blocks).shape == (1, D)
    with pytest.raises(InputError, match=r"`texts\[1\]` must be a string; got None"):
        next(blocks)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pool(np.zeros((2, 3)), np.ones((2, 3)), "mean"), r"`states` must be \(B, T, D\)"),
        (lambda: pool(np.zeros((2, 3, 4)), np.ones((2, 4)), "mean"), r"`counts` \(B, T\)"),
        (lambda: TextEmbedder(None, lang="en", lang_column="lang"), "must not both be given"),  # type: ignore[arg-type]
    ],
)
def test_what_does_not_fit_is_named(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()
