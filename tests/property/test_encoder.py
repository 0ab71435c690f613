"""However an encoder finds them – cut, remembered, by Rust – the ids are those of the whole text read word by word.

XLM_FUZZ_STRINGS says how many strings are tried, XLM_FUZZ_SEED which ones.
"""

from __future__ import annotations

import os
from itertools import cycle, islice, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adversarial import strings
from encoders import FORMATS, build, slow_ids, slow_pieces
from sacremoses_words import SEGMENTERS
from vocabularies import SENTENCES, TRICKY, WORDS
from xlm_core.tokenizer.pieces.encoder import Pieces

COUNT = int(os.environ.get("XLM_FUZZ_STRINGS", "20000"))
SEED = int(os.environ.get("XLM_FUZZ_SEED", "0"))

LANGUAGES = ("en", "fr", "it", "de", "es", "cs", "ro", "ru", "hi", "ko", "xx")
"""Each way of treating apostrophes and quotation marks, further letters, other abbreviations, none."""

BY_RULES = ("en", "fr", "it", "de", "es", "ro", "ko", "xx")

_CHUNKS = """
a x foo Foo foo. Foo. Mr. mr. No. No 5 1,000 ,5 5, , a, ,a a,b ,, 5,² . .. ... .5 3.14. U.S. a.b. pp. Art. Inc.
' '' ` `` x' 'x x'y x'y. 's 90's d'x '. .' end.' " ." ". ," ", "foo foo" foo". foo." '." ( ) (a) ). ), foo.) - a-b
-. % 5% : ; ! ? :x … x… 。 x。 x。y ． é É. ß İ Σ ΑΣ. ½. 中. 가. あ क. 😀. e\u0301 \u0301 \u0301. « » «a» “. ” ’ ’s x’y
– — Ț 〈a〉 ０ １. ％ < <s DOTMULTI xDOTMULTI DOTDOTMULTI. 1'2 a'.
#foo "foo" (Mr. (foo). foo!!, “foo”, ¿x? x। foo.. a..b. 5,.. d'x... foo😀, x؟ foo,"
foo." “foo”. Mr." Mr.” (foo)”, foo", "a. foo”." foo","
"""
_ODD = ["\u200b", "\xad", "\xa0", "\xa0%", "1\xa02", "\t", "\u3000", "\ud800", "\r.", "'\u200b", ",\u200b", "\u200b,5"]
CHUNKS = [*_CHUNKS.split(), *_ODD]
CONTEXTS = ("{} {}", "x {}  {} y", "Inc. {} {} In")

PARTS = st.sampled_from([*WORDS, *TRICKY, *" .,'"]) | st.text(max_size=3)
TEXTS = st.lists(PARTS, max_size=8).map("".join) | st.lists(PARTS, max_size=8).map(" ".join)

ENCODERS = {
    (name, cache_size): build(cache_size=cache_size, **options)
    for (name, options), cache_size in product(FORMATS.items(), (5, 50_000))
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("cache_size", [5, 50_000])
@given(text=TEXTS, lang=st.sampled_from(LANGUAGES))
def test_ids_are_those_of_the_whole_text(name: str, cache_size: int, text: str, lang: str) -> None:
    assert ENCODERS[name, cache_size].ids(text, lang) == slow_ids(text, lang, **FORMATS[name])


@pytest.mark.parametrize("name", ["uncased", "cased"])
@given(text=TEXTS, lang=st.sampled_from(LANGUAGES))
def test_pieces_are_those_of_the_whole_text(name: str, text: str, lang: str) -> None:
    expected = slow_pieces(text, lang, lowercase=FORMATS[name]["lowercase"])

    assert ENCODERS[name, 5].pieces(text, lang) == expected
    assert ENCODERS[name, 50_000].pieces(text, lang) == expected


@pytest.mark.parametrize("name", FORMATS)
@given(text=TEXTS, lang=st.sampled_from(LANGUAGES))
def test_pieces_lie_within_the_text_in_order(name: str, text: str, lang: str) -> None:
    encoder = ENCODERS[name, 50_000]
    pieces = encoder.pieces(text, lang)

    assert pieces.ids == encoder.ids(text, lang)
    assert all(0 <= start < end <= len(text) for start, end in pieces.offsets)
    assert all(sorted(column) == list(column) for column in zip(*pieces.offsets, strict=True))
    assert numbers(pieces) == sorted(set(pieces.words)) == list(range(len(set(pieces.words))))


@given(text=TEXTS)
def test_ready_words_are_pieces_of_themselves(text: str) -> None:
    encoder = ENCODERS["uncased", 5]
    pieces = encoder.pieces_of_words(text)

    assert pieces.ids == encoder.ids_of_words(text)
    assert [encoder._bpe.id(token) for token in encoder.tokens_of_words(text)] == pieces.ids


@pytest.mark.parametrize("lang", BY_RULES)
def test_any_two_chunks_may_meet(lang: str) -> None:
    """Every pair of tricky chunks, at the ends of a text and within."""
    encoder = build(cache_size=100_000)
    texts = [context.format(*pair) for pair in product(CHUNKS, repeat=2) for context in CONTEXTS]

    assert [text for text in texts if encoder.ids(text, lang) != slow_ids(text, lang)] == []


@pytest.mark.parametrize("lang", ["en", "fr", "de"])
def test_the_pieces_of_any_two_chunks_may_meet(lang: str) -> None:
    encoder = build(cache_size=100_000)
    texts = [CONTEXTS[1].format(*pair) for pair in product(CHUNKS, repeat=2)][SEED % 4 :: 4]

    assert [text for text in texts if encoder.pieces(text, lang) != slow_pieces(text, lang)] == []


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("cache_size", [5, 50_000])
def test_adversarial_strings_have_the_ids_of_the_whole_text(name: str, cache_size: int) -> None:
    encoder = build(cache_size=cache_size, **FORMATS[name])
    seeds = SEED + 1000 * len(name) + cache_size
    cases = zip(strings(seeds, COUNT // 8), cycle(LANGUAGES), strict=False)

    wrong = [(text, lang) for text, lang in cases if encoder.ids(text, lang) != slow_ids(text, lang, **FORMATS[name])]

    assert wrong == []


@pytest.mark.parametrize("name", ["uncased", "cased"])
def test_adversarial_strings_have_the_pieces_of_the_whole_text(name: str) -> None:
    encoder = build(cache_size=50_000, **FORMATS[name])
    lowercase = FORMATS[name]["lowercase"]
    cases = zip(strings(SEED + 7, COUNT // 8), cycle(LANGUAGES), strict=False)

    wrong = [
        (text, lang)
        for text, lang in cases
        if encoder.pieces(text, lang) != slow_pieces(text, lang, lowercase=lowercase)
    ]

    assert wrong == []


@pytest.mark.parametrize(("lang", "library"), SEGMENTERS.items())
def test_segmented_languages_have_the_ids_of_the_whole_text(lang: str, library: str) -> None:
    pytest.importorskip(library)
    encoder = build(cache_size=50_000)
    for text in [*SENTENCES, *islice(strings(SEED, COUNT), COUNT // 40)]:
        assert encoder.ids(text, lang) == slow_ids(text, lang)
        assert encoder.pieces(text, lang) == slow_pieces(text, lang)


def numbers(pieces: Pieces) -> list[int]:
    """The numbers of the words, in the order in which they occur."""
    return list(dict.fromkeys(pieces.words))
