"""Likeness, search and mining over vectors, against their definitions written plainly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from xlm_core.embeddings import mine_bitext, normalized, search, similarity
from xlm_core.errors import InputError

DRAW = np.random.default_rng(0)
A = DRAW.standard_normal((5, 3)).astype(np.float32)
B = DRAW.standard_normal((7, 3)).astype(np.float32)


def plain_similarity(a: np.ndarray, b: np.ndarray, kind: str) -> float:
    a, b = a.astype(np.float64), b.astype(np.float64)
    if kind == "dot":
        return float(sum(a * b))
    if kind == "euclidean":
        return -float(np.sqrt(sum((a - b) ** 2)))
    return float(sum(a * b) / np.sqrt(sum(a * a) * sum(b * b)))


@pytest.mark.parametrize("kind", ["cosine", "dot", "euclidean"])
def test_similarity_is_what_its_name_says(kind: Any) -> None:
    expected = [[plain_similarity(a, b, kind) for b in B] for a in A]

    np.testing.assert_allclose(similarity(A, B, kind), expected, atol=1e-6)


def test_single_vectors_drop_their_axis() -> None:
    assert similarity(A[0], B).shape == (7,)
    assert similarity(A, B[0]).shape == (5,)
    assert similarity(A[0], B[0]).shape == ()


def test_a_vector_of_zeros_is_like_nothing() -> None:
    assert similarity(np.zeros((1, 3)), B).tolist() == [[0.0] * 7]
    assert normalized(np.zeros((2, 3))).tolist() == [[0.0] * 3] * 2


def test_near_vectors_have_a_small_distance() -> None:
    """|a|² + |b|² - 2 ab cancels in float32; the result does not show it."""
    large = np.array([[1000.0, 1000.0, 1000.0]], np.float32)
    near = large + np.array([[0.0, 0.0, 0.125]], np.float32)

    assert similarity(large, near, "euclidean").item() == pytest.approx(-0.125)


def plain_search(queries: np.ndarray, corpus: np.ndarray, top_k: int, kind: Any) -> list[list[int]]:
    """Sorted by score, then by position."""
    scores = similarity(queries, corpus, kind)
    return [sorted(range(len(corpus)), key=lambda column: (-row[column], column))[:top_k] for row in scores]


@pytest.mark.parametrize("kind", ["cosine", "dot", "euclidean"])
@pytest.mark.parametrize("block", [1, 2, 3, 100])
@pytest.mark.parametrize("top_k", [1, 3, 7, 9])
def test_search_finds_what_sorting_everything_finds(kind: Any, block: int, top_k: int) -> None:
    hits = search(A, B, top_k, kind=kind, block=block)

    assert hits.positions.tolist() == plain_search(A, B, top_k, kind)
    expected = np.take_along_axis(similarity(A, B, kind), hits.positions, axis=1)
    np.testing.assert_allclose(hits.scores, expected, atol=1e-6)


@pytest.mark.parametrize("block", [1, 4, 100])
def test_of_equal_vectors_the_first_comes_first(block: int) -> None:
    """Whole numbers, so that equal similarities are equal to the last bit."""
    corpus = DRAW.integers(0, 2, (50, 3)).astype(np.float32)
    queries = DRAW.integers(0, 2, (6, 3)).astype(np.float32)

    hits = search(queries, corpus, 8, kind="dot", block=block)

    assert hits.positions.tolist() == plain_search(queries, corpus, 8, "dot")


def test_a_corpus_may_come_in_blocks() -> None:
    """As `encode` gives it for a stream of texts."""
    whole, parts = search(A, B, 3), search(A, iter([B[:2], B[2:2], B[2:]]), 3)

    assert parts.positions.tolist() == whole.positions.tolist()


def test_nothing_is_found_in_nothing() -> None:
    assert search(A, B[:0], 3).positions.shape == (5, 0)
    assert search(A, iter([]), 3).positions.shape == (5, 0)
    assert search(A[:0], B, 3).positions.shape == (0, 3)


def plain_mining(source: np.ndarray, target: np.ndarray, k: int, margin: Callable[..., float]) -> list[tuple[int, int]]:
    """Artetxe and Schwenk 2019, in loops."""
    cosine = similarity(source.astype(float), target.astype(float))

    def near(row: np.ndarray) -> list[int]:
        return sorted(range(len(row)), key=lambda each: -row[each])[:k]

    def score(x: int, y: int) -> float:
        of_x = sum(cosine[x, z] for z in near(cosine[x])) / (2 * k)
        of_y = sum(cosine[z, y] for z in near(cosine[:, y])) / (2 * k)
        return margin(cosine[x, y], of_x + of_y)

    forward = [max((score(x, y), x, y) for y in near(cosine[x])) for x in range(len(source))]
    backward = [max((score(x, y), x, y) for x in near(cosine[:, y])) for y in range(len(target))]
    taken: list[tuple[int, int]] = []
    for _, x, y in sorted({*forward, *backward}, reverse=True):
        if all(x != first and y != second for first, second in taken):
            taken.append((x, y))
    return taken


MARGINS = {"ratio": lambda a, b: a / b, "distance": lambda a, b: a - b, "absolute": lambda a, b: a}


@pytest.mark.parametrize("margin", MARGINS)
@pytest.mark.parametrize("neighbours", [2, 3, 4])
def test_mining_gives_the_pairs_of_the_paper(margin: Any, neighbours: int) -> None:
    source = np.abs(DRAW.standard_normal((12, 6)))
    target = np.abs(np.concatenate([source[3:] + 0.3 * DRAW.standard_normal((9, 6)), DRAW.standard_normal((5, 6))]))

    pairs = mine_bitext(source, target, margin=margin, neighbours=neighbours)

    found = list(zip(pairs.source.tolist(), pairs.target.tolist(), strict=True))
    assert found == plain_mining(source, target, neighbours, MARGINS[margin])
    assert (np.diff(pairs.scores) <= 0).all()


def test_a_threshold_leaves_out_the_pairs_below_it() -> None:
    every = mine_bitext(A, B, margin="absolute")
    least = float(every.scores[2])

    assert mine_bitext(A, B, margin="absolute", threshold=least).scores.tolist() == every.scores[:3].tolist()


def test_translations_are_found_among_strangers() -> None:
    source = DRAW.standard_normal((40, 16))
    target = np.concatenate([source[::-1] + 0.1 * DRAW.standard_normal((40, 16)), DRAW.standard_normal((30, 16))])

    pairs = mine_bitext(source, target, threshold=1.2)

    assert sorted(pairs.source.tolist()) == list(range(40))
    assert (pairs.target == 39 - pairs.source).all()


def test_one_side_without_sentences_gives_no_pairs() -> None:
    assert all(len(column) == 0 for column in mine_bitext(A, B[:0]))
    assert all(len(column) == 0 for column in mine_bitext(A[:0], B))


BAD = [
    (lambda: similarity(A, B, "manhattan"), "`kind` must be one of"),
    (lambda: similarity(A, B[:, :2]), "of one width; got 3 and 2"),
    (lambda: similarity(["a"], B), "`a` must hold real numbers"),
    (lambda: similarity(A[None], B), r"`a` must be vectors \(N, D\)"),
    (lambda: similarity(A, np.array([[1.0, np.nan, 0.0]])), "`b` must hold finite numbers; vector 0"),
    (lambda: search(A, B, 0), "`top_k` must be a whole number ≥ 1; got 0"),
    (lambda: search(A, B, block=0), "`block` must be"),
    (lambda: search(A, B, kind=None), "`kind` must be one of"),
    (lambda: search(A, iter([B, B[:, :2]])), "of one width"),
    (lambda: mine_bitext(A, B, margin="quotient"), "`margin` must be one of"),
    (lambda: mine_bitext(A, B, neighbours=-1), "`neighbours` must be"),
    (lambda: mine_bitext(A, B[:, :2]), "`source` and `target`"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_what_makes_no_sense_is_named(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()
