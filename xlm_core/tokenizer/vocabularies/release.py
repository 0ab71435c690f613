"""The vocabulary as the original's programs keep it: fastBPE's `codes` and `vocab`, or a checkpoint's `dico_*` tables.

`codes` has a merge and its count on each line, `vocab` a word piece and its count, the most frequent first. Ids are
not written: the special tokens come first, then the lines of `vocab` in their order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ...errors import InputError, VocabularyError
from ...files import write_text
from ..pieces.bpe import END_OF_WORD
from ..special_tokens import ADDITIONAL
from .vocabulary import NO_BREAK_SPACE, Vocabulary, merge_of, read_lines, read_merge_lines

RELEASED_SPECIAL = ("<s>", "</s>", "<pad>", "<unk>", *ADDITIONAL)
"""Ids 0 to 13 of every vocabulary of the original."""

CONTINUED = "@@"
"""What ends a piece in `vocab` that does not end its word; ours mark the end of a word instead."""

_LINE_SEPARATOR = "\N{LINE SEPARATOR}"


@dataclass(frozen=True)
class Release:
    """Merges with their counts, one line of text each, and pieces with theirs in the order of their ids.

    ``counts`` begins with the special tokens; its keys are pieces as in `vocab.json`.

    Source: the original's ``src/data/dictionary.py``, ``read_vocab``, and fastBPE's ``readCodes``.
    """

    codes: tuple[str, ...]
    counts: Mapping[str, int]

    @classmethod
    def read(cls, codes: Path, vocab: Path, max_vocab: int | None = None) -> Release:
        """Both files, and of the pieces as many as the model has: ``max_vocab``, special tokens included.

        As in the original, a line of `vocab` does not count if it holds U+2028, has not exactly two fields, has no
        count, or repeats a word.

        Raises: FetchError if a file is missing; VocabularyError if a code is broken or no line of `vocab` is good.
        """
        check_max_vocab(max_vocab)
        counts = dict.fromkeys(RELEASED_SPECIAL, 0)
        for word, count in _read_words(vocab).items():
            if len(counts) == max_vocab:
                break
            counts[_new_piece(word, counts, vocab)] = count
        if len(counts) == len(RELEASED_SPECIAL):
            raise VocabularyError(
                f"`{vocab}` must have a word and its count on each line; no line has. "
                "Were `codes` and `vocab` given in the wrong order?"
            )
        return cls(tuple(read_merge_lines(codes)), counts)

    @classmethod
    def of_tables(
        cls,
        codes: Path,
        id2word: Mapping[int, str],
        word2id: Mapping[str, int],
        counts: Mapping[str, int] | None = None,
    ) -> Release:
        """The tables `dico_id2word`, `dico_word2id` and `dico_counts` of a checkpoint, and its codes.

        Raises: VocabularyError if the tables disagree, have holes, or do not begin with the special tokens.
        """
        _check_tables(id2word, word2id)
        words = [id2word[number] for number in range(len(id2word))]
        found = counts or {}
        pieces = dict.fromkeys(words[: len(RELEASED_SPECIAL)], 0)
        for word in words[len(RELEASED_SPECIAL) :]:
            pieces[_new_piece(word, pieces, "dico_id2word")] = found.get(word, 0)
        return cls(tuple(read_merge_lines(codes)), pieces)

    @classmethod
    def of(cls, vocabulary: Vocabulary) -> Release:
        """A vocabulary whose counts are not known: they fall by one from line to line, which keeps the order.

        Raises: VocabularyError if it does not begin with the original's special tokens, or has holes.
        """
        pieces = sorted(vocabulary.ids, key=vocabulary.ids.__getitem__)
        if vocabulary.ids[pieces[-1]] != len(pieces) - 1:
            raise VocabularyError("the original's files can have no hole in the ids; this vocabulary has.")
        _check_special(pieces, "the vocabulary")
        codes = (
            merge if NO_BREAK_SPACE in merge else f"{merge} {len(vocabulary.merges) - rank}"
            for rank, merge in enumerate(vocabulary.merges)
        )
        return cls(tuple(codes), {piece: len(pieces) - number for number, piece in enumerate(pieces)})

    @property
    def vocabulary(self) -> Vocabulary:
        """Ids in the order of the pieces, and the merges without their counts."""
        ids = {piece: number for number, piece in enumerate(self.counts)}
        return Vocabulary(ids, tuple(map(merge_of, self.codes)))

    @property
    def words(self) -> list[str]:
        """The pieces as fastBPE writes them, in the order of their ids."""
        return [*RELEASED_SPECIAL, *map(_word, list(self.counts)[len(RELEASED_SPECIAL) :])]

    def write(self, codes: Path, vocab: Path) -> None:
        """Both files as fastBPE writes them.

        Raises: VocabularyError, before anything is written, for a piece that no line can hold, and for special tokens
        that are not the original's.
        """
        _check_special([*self.counts], "the vocabulary")
        lines = [self._line(piece) for piece in list(self.counts)[len(RELEASED_SPECIAL) :]]
        write_text(codes, "".join(f"{code}\n" for code in self.codes))
        write_text(vocab, "".join(f"{line}\n" for line in lines))

    def _line(self, piece: str) -> str:
        word = _word(piece)
        if word in RELEASED_SPECIAL or word.split() != [word] or _piece(word) != piece:
            raise VocabularyError(
                f"no line of `vocab` can stand for the piece {piece!r}: the format has no way to write it."
            )
        return f"{word} {self.counts[piece]}"


def check_max_vocab(max_vocab: int | None) -> None:
    """Raises: InputError unless it is None or has room for a piece besides the special tokens."""
    least = len(RELEASED_SPECIAL) + 1
    if max_vocab is not None and max_vocab < least:
        raise InputError(f"`max_vocab` must be at least {least}: special tokens count; got {max_vocab}.")


def _read_words(path: Path) -> dict[str, int]:
    """Word → count, without the lines that do not count; of a repeated word the first."""
    words: dict[str, int] = {}
    for word, count in _fields(path):
        if word not in RELEASED_SPECIAL:
            words.setdefault(word, int(count))
    return words


def _fields(path: Path) -> Iterator[tuple[str, str]]:
    for line in read_lines(path):
        fields = line.split()
        if _LINE_SEPARATOR not in line and len(fields) == 2 and fields[1].isdecimal():
            yield fields[0], fields[1]


def _piece(word: str) -> str:
    return word.removesuffix(CONTINUED) if word.endswith(CONTINUED) else word + END_OF_WORD


def _word(piece: str) -> str:
    return piece.removesuffix(END_OF_WORD) if piece.endswith(END_OF_WORD) else piece + CONTINUED


def _new_piece(word: str, known: Mapping[str, int], source: object) -> str:
    piece = _piece(word)
    if piece in known:
        raise VocabularyError(f"`{source}` must give each piece one id; {word!r} is {piece!r}, which has one already.")
    return piece


def _check_tables(id2word: Mapping[int, str], word2id: Mapping[str, int]) -> None:
    if {word: number for number, word in id2word.items()} != word2id:
        raise VocabularyError(
            f"`dico_id2word` and `dico_word2id` must be each other's inverse; they have {len(id2word)} and "
            f"{len(word2id)} entries that do not match."
        )
    if set(id2word) != set(range(len(id2word))):
        raise VocabularyError(f"`dico_id2word` must have the ids 0 to {len(id2word) - 1}; some are missing.")
    _check_special([id2word[number] for number in range(len(id2word))], "`dico_id2word`")


def _check_special(pieces: list[str], what: str) -> None:
    found = tuple(pieces[: len(RELEASED_SPECIAL)])
    if found != RELEASED_SPECIAL:
        raise VocabularyError(f"{what} must begin with {', '.join(RELEASED_SPECIAL)}; got {', '.join(found)}.")
