"""Encoders without a tokenizer around them, and what they must give: the same in the slowest way there is."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate, pairwise

from vocabularies import SPECIAL, uncased_ids, uncased_merges
from xlm_core.tokenizer.pieces.bpe import BytePairEncoder, merge
from xlm_core.tokenizer.pieces.controls import ControlStrings, Part
from xlm_core.tokenizer.pieces.encoder import Pieces, TextEncoder
from xlm_core.tokenizer.pieces.pieces import Span
from xlm_core.tokenizer.special_tokens import MASK_ALIASES, AddedToken
from xlm_core.tokenizer.words import Aligned, WordSplitter
from xlm_core.tokenizer.words.lowercase import lowercase_by_character

RANKS = {pair: rank for rank, pair in enumerate(uncased_merges())}
IDS = uncased_ids()
UNKNOWN = IDS["<unk>"]
ADDED = [AddedToken(token) for token in SPECIAL]
CONTROLS = ControlStrings(ADDED, dict.fromkeys(MASK_ALIASES, "<special1>"))

FORMATS = {
    "uncased": {"lowercase": True, "lowercase_first": False},
    "cased": {"lowercase": False, "lowercase_first": False},
    "transformers-4": {"lowercase": True, "lowercase_first": True},
}
"""What the input formats, with and without lower case, mean to an encoder."""


def build(
    lowercase: bool = True,
    lowercase_first: bool = False,
    cache_size: int = 1000,
    controls: ControlStrings = CONTROLS,
    ids: dict[str, int] = IDS,
    cut_controls: bool = True,
) -> TextEncoder:
    """An encoder of the uncased vocabulary, whatever the words are."""
    return TextEncoder(
        controls,
        WordSplitter(lowercase),
        BytePairEncoder(RANKS, ids, UNKNOWN, cache_size),
        lowercase_first=lowercase_first,
        cut_controls=cut_controls,
        cache_size=cache_size,
    )


def slow_ids(text: str, lang: str, *, lowercase: bool = True, lowercase_first: bool = False) -> list[int]:
    """The ids of a text, read as a whole, word by word, without memory and without Rust."""
    ids: list[int] = []
    for part in _parts(text, lowercase_first):
        if part.is_control:
            ids.append(IDS[part.text])
            continue
        for word in WordSplitter(lowercase).split(part.text, lang):
            ids += word_ids(word)
    return ids


def slow_pieces(text: str, lang: str, *, lowercase: bool = True) -> Pieces:
    """The pieces of a text, each word followed through all rules."""
    pieces = Pieces([], [], [])
    for part in _parts(text, lowercase_first=False):
        if part.is_control:
            _extend(pieces, [IDS[part.text]], [(part.positions[0], part.positions[-1] + 1)])
            continue
        for word in WordSplitter(lowercase).align(part.text, lang):
            _extend(pieces, word_ids(word.text), _places(word, part.positions))
    return pieces


@lru_cache(maxsize=100_000)
def word_ids(word: str) -> Sequence[int]:
    """The ids of the pieces of a word."""
    return [IDS.get(piece, UNKNOWN) for piece in word_pieces(word)]


def word_pieces(word: str) -> list[str]:
    """The pieces of a word; Hugging Face's way with words that hold spaces."""
    joined = " ".join(merge(word, RANKS))
    return ("\n</w>" if joined == "\n  </w>" else joined).split(" ")


def _places(word: Aligned, positions: Sequence[int]) -> list[Span]:
    pieces = word_pieces(word.text)
    if " " in word.text:
        return [(positions[word.starts[0]], positions[word.ends[-1] - 1] + 1)] * len(pieces)
    edges = pairwise(accumulate(map(len, [*pieces[:-1], pieces[-1].removesuffix("</w>")]), initial=0))
    return [(positions[word.starts[first]], positions[word.ends[last - 1] - 1] + 1) for first, last in edges]


def _extend(pieces: Pieces, ids: Sequence[int], offsets: Sequence[Span]) -> None:
    pieces.ids.extend(ids)
    pieces.offsets.extend(offsets)
    pieces.sizes.append(len(ids))


def _parts(text: str, lowercase_first: bool) -> list[Part]:
    if lowercase_first:
        parts = CONTROLS.split_exact(text)
        parts[::2] = map(lowercase_by_character, parts[::2])
        text = "".join(parts)
    return list(CONTROLS.cut(text))
