"""Pieces of words and chunks, put together to those of a text with where they stand."""

from __future__ import annotations

import pytest

from encoders import IDS, RANKS, UNKNOWN
from xlm_core.tokenizer.pieces.bpe import BytePairEncoder
from xlm_core.tokenizer.pieces.pieces import Pieces, join, of_chunk, side_by_side
from xlm_core.tokenizer.pieces.placing import PlacedWords, WordPieces, find
from xlm_core.tokenizer.pieces.plain import in_plain_marks
from xlm_core.tokenizer.words import Aligned, WordSplitter
from xlm_core.tokenizer.words.lowercase import align_lowercase_without_accents


@pytest.fixture
def bpe() -> BytePairEncoder:
    return BytePairEncoder(RANKS, IDS, UNKNOWN)


@pytest.fixture
def words(bpe: BytePairEncoder) -> WordPieces:
    return WordPieces(lowercase=True, bpe=bpe)


@pytest.mark.parametrize("start", [0, 1])
def test_pieces_side_by_side_are_those_of_words_with_places(start: int) -> None:
    """Of `flows,`: two pieces of a word, and a mark."""
    rows = [((5, 6), ((0, 4), (4, 5))), ((7,), ((5, 6),))]

    assert side_by_side(((5, 6, 7), (4, 1, 1)), (2, 1), start) == of_chunk(rows, start, start + 6)


def test_chunks_without_pieces_and_ends_without_a_piece_only_take_room() -> None:
    cat = side_by_side(((5,), (3,)), (1,), 0)
    nothing, half = of_chunk([], 0, 2), of_chunk([((6,), ((0, 1),))], 0, 4)

    assert join([cat, nothing, half, cat], 0) == Pieces([5, 6, 5], [(0, 3), (7, 8), (12, 15)], [1, 1, 1])


@pytest.mark.parametrize(
    ("word", "sizes"),
    [
        ("cats", (4,)),
        ("CÁTS", (4,)),
        ("ca\u0301ts\u0301", (6,)),
        ("flo\u0301w\u0301жs\u0301", (6, 1, 2)),
        ("\u0301cat", None),
        ("\u0301floжs", None),
        ("flo가s", None),
    ],
)
def test_dropped_marks_go_with_the_character_before(
    words: WordPieces, bpe: BytePairEncoder, word: str, sizes: tuple[int, ...] | None
) -> None:
    (known,) = words._known([word])
    sized = words.sized(word, known)

    assert sized == (None if sizes is None else (bpe.ids.table[known], sizes))


@pytest.mark.parametrize("text", ["cats", "cat\u0301s", "\u0301cat", "flo\u0301wжs", "가cat", "\u0323\u0301", "İcat"])
def test_a_word_found_in_a_text_stands_where_it_does_by_the_rules(words: WordPieces, text: str) -> None:
    aligned = align_lowercase_without_accents(Aligned.of(text))

    assert words.of_word(text) == (words.aligned(aligned) if aligned else ((), ()))


@pytest.mark.parametrize(
    ("text", "lang", "starts", "sizes"),
    [
        ("''cats'', mat", "en", [0, 2, 6, 8, 10], {0: 2, 2: 2}),
        ('cats", mat', "en", [0, 4, 4, 7], {1: 2, 2: 2}),
        ('cats"... mat', "en", [0, 4, 4, 9], {1: 4, 2: 4}),
        ('cats." mat', "de", [0, 4, 4, 7], {1: 2, 2: 2}),
        ("cats…mat", "en", [0, 4, 5], {1: 1}),
        ("cats—mat`s", "de", [0, 4, 5, 8, 9], {}),
    ],
)
def test_words_are_found_where_rules_have_respelled_them(
    bpe: BytePairEncoder, text: str, lang: str, starts: list[int], sizes: dict[int, int]
) -> None:
    splitter = WordSplitter(lowercase=True)
    placed = PlacedWords(lang, splitter, bpe, cache_size=9)

    assert find(splitter.split(text, lang), in_plain_marks(text)) == (starts, sizes)
    assert placed.of(text) == placed._aligned(text)


def test_the_pieces_of_a_word_with_a_space_stand_for_all_of_it(bpe: BytePairEncoder) -> None:
    """Only a segmenter makes such words."""
    ids, spans = WordPieces(lowercase=False, bpe=bpe).aligned(Aligned.of("the cat x")[4:])

    assert ids == bpe.ids.table["cat x"]
    assert spans == ((4, 9),) * len(ids)


@pytest.mark.parametrize("text", ["cats,mat", "cats, mat", "  cats ,mat "])
def test_words_are_found_with_and_without_spaces_between(text: str) -> None:
    words = ["cats", ",", "mat"]
    starts, sizes = find(words, text) or ([], {0: 0})

    assert not sizes
    assert [text[start : start + len(word)] for start, word in zip(starts, words, strict=True)] == words


def test_words_that_do_not_fill_a_text_are_not_found() -> None:
    assert find(["cats"], "cats!") is None
