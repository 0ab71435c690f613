"""From labels of tokens to entities: tokens into words, words into groups, windows into one text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from .results import Result
from .scores import best_first

STRATEGIES = ("none", "simple", "first", "average", "max")
"""How tokens become entities: not at all; by their labels; or by one label for all tokens of a word."""


@dataclass(frozen=True)
class TokenResult(Result):
    """A token with its label: its probability, the token's place in the row, and its characters in the text."""

    entity: str
    score: float
    index: int
    word: str
    start: int
    end: int


@dataclass(frozen=True)
class EntityResult(Result):
    """Neighbours with one label: the mean of their probabilities, their tokens, and their characters in the text."""

    entity_group: str
    score: float
    word: str
    start: int
    end: int


@dataclass(frozen=True)
class Piece:
    """A token, how it is written in a word, the probability of each label (N,), and where it stands."""

    token: str
    spelling: str
    scores: np.ndarray
    index: int
    word: int
    start: int
    end: int


@dataclass(frozen=True)
class Labelled:
    """Tokens that have one label together."""

    label: str
    score: float
    tokens: tuple[str, ...]
    start: int
    end: int


def tokens_labelled(pieces: Sequence[Piece], labels: Mapping[int, str]) -> list[TokenResult]:
    """Each token with its likeliest label."""
    return [
        TokenResult(labels[number], float(piece.scores[number]), piece.index, piece.token, piece.start, piece.end)
        for piece in pieces
        for number in best_first(piece.scores)[:1]
    ]


def entities(
    pieces: Sequence[Piece], strategy: str, labels: Mapping[int, str], to_text: Callable[[Iterable[str]], str]
) -> list[EntityResult]:
    """Neighbours with the same label, those of ``"O"`` included.

    ``"simple"`` takes each token's own label. The others give all tokens of a word one label: that of its first token,
    that of the mean of the probabilities, or that of the token which is surest.

    Source: `TokenClassificationPipeline` of transformers 4.57.
    """
    if strategy == "simple":
        units = [_unit([piece], piece.scores, labels) for piece in pieces]
    else:
        words = [list(word) for _, word in groupby(pieces, lambda piece: piece.word)]
        units = [_unit(word, _word_scores(word, strategy), labels) for word in words]
    return [_entity(group, to_text) for group in _groups(units)]


def without_overlaps(found: Iterable[EntityResult]) -> list[EntityResult]:
    """The entities of all windows over a text: where some overlap the longest, and of equally long ones the surest."""
    kept: list[EntityResult] = []
    for entity in sorted(found, key=lambda each: each.start):
        if not kept or entity.start >= kept[-1].end:
            kept.append(entity)
        elif _rank(entity) > _rank(kept[-1]):
            kept[-1] = entity
    return kept


def _rank(entity: EntityResult) -> tuple[int, float]:
    return entity.end - entity.start, entity.score


def _word_scores(word: Sequence[Piece], strategy: str) -> np.ndarray:
    """The probabilities of a word. -> (N,)."""
    if strategy == "first":
        return word[0].scores
    if strategy == "max":
        return max(word, key=lambda piece: float(piece.scores.max())).scores
    return np.asarray(np.mean([piece.scores for piece in word], axis=0))


def _unit(pieces: Sequence[Piece], scores: np.ndarray, labels: Mapping[int, str]) -> Labelled:
    best = best_first(scores)[0]
    return Labelled(
        label=labels[best],
        score=float(scores[best]),
        tokens=tuple(piece.spelling for piece in pieces),
        start=min(piece.start for piece in pieces),
        end=max(piece.end for piece in pieces),
    )


def _groups(units: Iterable[Labelled]) -> list[list[Labelled]]:
    """Neighbours of one kind; a label that begins with ``B-`` begins a group."""
    groups: list[list[Labelled]] = []
    for unit in units:
        begins, kind = _read(unit.label)
        if groups and not begins and kind == _read(groups[-1][-1].label)[1]:
            groups[-1].append(unit)
        else:
            groups.append([unit])
    return groups


def _read(label: str) -> tuple[bool, str]:
    """Whether a label begins an entity, and of which kind; one without ``B-`` and ``I-`` goes on."""
    return label.startswith("B-"), label[2:] if label.startswith(("B-", "I-")) else label


def _entity(group: Sequence[Labelled], to_text: Callable[[Iterable[str]], str]) -> EntityResult:
    return EntityResult(
        entity_group=_read(group[0].label)[1],
        score=float(np.mean([unit.score for unit in group])),
        word=to_text(token for unit in group for token in unit.tokens),
        start=min(unit.start for unit in group),
        end=max(unit.end for unit in group),
    )
