"""A vocabulary learnt from text: merges by byte-pair encoding, pieces by how often they occur."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from ...errors import InputError, MissingDependency
from ...progress import is_shown
from ..pieces.bpe import END_OF_WORD, BytePairEncoder, symbols_of
from ..special_tokens import SpecialTokens
from .corpus import alphabet_of
from .release import Release

_REPEATS = 10_000
"""How often a word is handed to the trainer in one string."""


def learn(
    words: Mapping[str, int],
    vocab_size: int,
    special: SpecialTokens,
    *,
    min_frequency: int,
    limit_alphabet: int | None = None,
    show_progress: bool | None = None,
) -> Release:
    """Merges and pieces, with how often each occurs among the words, in the order in which the original numbers them.

    First the special tokens, then the pieces, the most frequent first. Pieces are all symbols of the words – characters
    inside a word and at its end – and all that the merges make, so that the vocabulary is closed.

    Raises: InputError if there are no words, or `vocab_size` has no room for the symbols.
    """
    check_sizes(vocab_size, min_frequency, limit_alphabet)
    words = _spelt(words, alphabet_of(words, limit_alphabet))
    symbols = sorted({symbol for word in words for symbol in symbols_of(word)})
    room = vocab_size - len(pieces_of(special))
    _check_room(room, symbols, vocab_size)
    merges = _learn_merges(words, symbols, room, min_frequency, is_shown(show_progress))
    counts = _count_pieces(words, [*symbols, *(left + right for left, right in merges)], merges)
    codes = _codes(merges, counts)
    return Release(codes, {**dict.fromkeys(pieces_of(special), 0), **counts})


def pieces_of(special: SpecialTokens) -> tuple[str, ...]:
    """The special tokens in the original's order: ``<s>``, ``</s>``, ``<pad>``, ``<unk>``, then the spares."""
    first = (special.bos_token, special.sep_token, special.pad_token, special.unk_token)
    return tuple(dict.fromkeys([*first, *special.additional, *special.all]))


def check_sizes(vocab_size: int, min_frequency: int, limit_alphabet: int | None) -> None:
    """Raises: InputError unless all are whole numbers ≥ 1; ``limit_alphabet`` may be None."""
    sizes = {"vocab_size": vocab_size, "min_frequency": min_frequency, "limit_alphabet": limit_alphabet}
    for name, value in sizes.items():
        if (value is not None or name != "limit_alphabet") and not _is_positive(value):
            raise InputError(f"`{name}` must be a whole number ≥ 1; got {value!r}.")


def _is_positive(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _spelt(words: Mapping[str, int], alphabet: set[str]) -> dict[str, int]:
    """The words that the alphabet can spell, in a fixed order."""
    return {word: words[word] for word in sorted(words) if alphabet.issuperset(word)}


def _check_room(room: int, symbols: Sequence[str], vocab_size: int) -> None:
    if not symbols:
        raise InputError("a vocabulary must be learnt from words; the texts have none.")
    if room < len(symbols):
        raise InputError(
            f"`vocab_size` must be at least {vocab_size - room + len(symbols)}: {vocab_size - room} special tokens and "
            f"{len(symbols)} characters inside words and at their ends; got {vocab_size}. `limit_alphabet` leaves rare "
            "characters out."
        )


def _learn_merges(
    words: Mapping[str, int], symbols: Sequence[str], room: int, min_frequency: int, show_progress: bool
) -> list[tuple[str, str]]:
    """The merges, the same in every process.

    The trainer settles ties by the numbers of the symbols, and numbers them in the order of a hash table, unless they
    are given to it as special tokens, which have no other effect here. It also takes every character for a symbol,
    although some are never inside a word.
    """
    tokenizers = _tokenizers()
    never_inside = set("".join(words)).difference(symbols)
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=room + len(never_inside),
        min_frequency=min_frequency,
        show_progress=show_progress,
        special_tokens=list(symbols),
        end_of_word_suffix=END_OF_WORD,
    )
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE(end_of_word_suffix=END_OF_WORD))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    tokenizer.train_from_iterator(_repeated(words), trainer)
    return [(left, right) for left, right in json.loads(tokenizer.to_str())["model"]["merges"]]


def _repeated(words: Mapping[str, int]) -> Iterator[str]:
    """Each word as often as it counts, many in one string: the trainer takes texts, not counts."""
    for word, count in words.items():
        bounds = [*range(0, count, _REPEATS), count]
        yield from (f"{word} " * (end - start) for start, end in pairwise(bounds))


def _count_pieces(words: Mapping[str, int], pieces: Iterable[str], merges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Piece → how often it is left when the words are cut; the most frequent first, ties by the alphabet."""
    encode = BytePairEncoder({pair: rank for rank, pair in enumerate(merges)})
    counts: Counter[str] = Counter(dict.fromkeys(pieces, 0))
    for word, count in words.items():
        for piece in encode(word):
            counts[piece] += count
    return {piece: counts[piece] for piece in sorted(counts, key=lambda piece: (-counts[piece], piece))}


def _codes(merges: Sequence[tuple[str, str]], counts: Mapping[str, int]) -> tuple[str, ...]:
    """Lines of `codes`; a merge's number is how many words' pieces are made with it, directly or further on."""
    uses = dict(counts)
    lines = []
    for left, right in reversed(merges):
        count = uses[left + right]
        uses[left] += count
        uses[right] += count
        lines.append(f"{left} {right} {count}")
    return tuple(reversed(lines))


def _tokenizers() -> Any:
    try:
        import tokenizers
        import tokenizers.pre_tokenizers
        import tokenizers.trainers
    except ImportError as error:
        raise MissingDependency("learning a vocabulary needs tokenizers: pip install tokenizers") from error
    return tokenizers
