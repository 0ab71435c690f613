"""The two files of a vocabulary: `vocab.json`, piece → id, and `merges.txt`, one merge a line."""

from __future__ import annotations

import json
import warnings
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ...errors import FetchError, VocabularyError, XLMWarning
from ...files import write_text

VOCAB_FILE = "vocab.json"
MERGES_FILE = "merges.txt"

NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"

_HEADER = "#version"
_ENOUGH_TO_JUDGE = 100


@dataclass(frozen=True)
class Vocabulary:
    """Pieces with their ids, and merges in the order in which they were learnt, one line of text each.

    Raises: VocabularyError, from ``read``, for what cannot be a vocabulary. Ids with holes, and merges that make
    other pieces than the vocabulary has, are only warned of.
    """

    ids: Mapping[str, int]
    merges: tuple[str, ...]

    @classmethod
    def read(cls, vocab_file: Path, merges_file: Path, unk_token: str) -> Vocabulary:
        """Read and check both files."""
        ids = _read_ids(vocab_file)
        if unk_token not in ids:
            raise VocabularyError(
                f"`{vocab_file}` must hold the unknown token {unk_token!r}; its {len(ids)} pieces do not. "
                "Add it, or name the right one in `unk_token`."
            )
        vocabulary = cls(ids, _read_merges(merges_file))
        _check_fit(vocabulary, vocab_file, merges_file)
        return vocabulary

    def write(self, vocab_file: Path, merges_file: Path) -> None:
        """Write both files as Hugging Face lays them out."""
        ordered = json.dumps(dict(self.ids), indent=2, sort_keys=True, ensure_ascii=False)
        write_text(vocab_file, ordered + "\n")
        write_text(merges_file, "".join(f"{merge}\n" for merge in self.merges))

    @cached_property
    def pieces(self) -> dict[int, str]:
        """Id → piece."""
        return {number: piece for piece, number in self.ids.items()}

    @cached_property
    def ranks(self) -> dict[tuple[str, str], int]:
        """Pair → its place in the order; of a repeated pair, the last."""
        fields = ((rank, merge.split()) for rank, merge in enumerate(self.merges))
        return {(pair[0], pair[1]): rank for rank, pair in fields if len(pair) > 1}


def _read_ids(path: Path) -> dict[str, int]:
    try:
        ids = json.loads(_read_text(path))
    except json.JSONDecodeError as error:
        raise VocabularyError(f"`{path}` must be JSON; {error}. Is it another kind of file, or cut short?") from error
    if not isinstance(ids, dict):
        raise VocabularyError(f"`{path}` must be an object of pieces and ids; got {_kind(ids)}.")
    _check_ids(ids, path)
    return ids


def _check_ids(ids: Mapping[str, Any], path: Path) -> None:
    for piece, number in ids.items():
        if not isinstance(number, int) or isinstance(number, bool) or number < 0:
            raise VocabularyError(f"`{path}` must give whole numbers ≥ 0 as ids; got {number!r} for {piece!r}.")
    _check_unique(ids, path)
    if ids and max(ids.values()) >= len(ids):
        hole = min(set(range(len(ids))) - set(ids.values()))
        warnings.warn(
            f"`{path}` has {len(ids)} pieces and ids up to {max(ids.values())}: no piece has id {hole}. "
            "The model needs as many embeddings as the largest id says.",
            XLMWarning,
            stacklevel=2,
        )


def _check_unique(ids: Mapping[str, int], path: Path) -> None:
    if len(set(ids.values())) == len(ids):
        return
    repeated = Counter(ids.values()).most_common(1)[0][0]
    owners = [piece for piece, number in ids.items() if number == repeated]
    raise VocabularyError(f"`{path}` must give each piece an id of its own; {owners} share {repeated}.")


def _check_fit(vocabulary: Vocabulary, vocab_file: Path, merges_file: Path) -> None:
    """The released one of 15 languages lacks a hundredth of what its merges make; another model's lacks most."""
    made = list(map("".join, vocabulary.ranks))
    known = sum(map(vocabulary.ids.__contains__, made))
    if len(made) >= _ENOUGH_TO_JUDGE and known < len(made) / 2:
        warnings.warn(
            f"`{merges_file}` seems to belong to another vocabulary than `{vocab_file}`, which has only {known} of the "
            f"{len(made)} pieces that it makes. Most words will be unknown.",
            XLMWarning,
            stacklevel=3,
        )


def _read_merges(path: Path) -> tuple[str, ...]:
    """The merges without their counts."""
    return tuple(map(merge_of, read_merge_lines(path)))


def read_merge_lines(path: Path) -> list[str]:
    """The lines of a file of merges as they are, counts included if it has them.

    A first line ``#version…`` and blank lines are not merges. Three lines of the released 15-language codes have a
    no-break space for a symbol; they can never apply and are kept.

    Raises: VocabularyError, with the line's number, if one has less than two symbols.
    """
    lines = read_lines(path)
    numbered = [(number, line) for number, line in enumerate(lines, start=1) if line.strip(" \t\r")]
    if numbered and numbered[0][0] == 1 and lines[0].startswith(_HEADER):
        del numbered[0]
    for number, line in numbered:
        _check_merge(line, number, path)
    return [line for _, line in numbered]


def merge_of(line: str) -> str:
    """The merge of a line, without a count; a line with a no-break space as it is."""
    return line if NO_BREAK_SPACE in line else " ".join(line.split()[:2])


def read_lines(path: Path) -> list[str]:
    """The lines of a UTF-8 file, with or without a byte-order mark; nothing but a newline ends a line.

    Raises: FetchError if there is no such file; VocabularyError if it is no text.
    """
    return _read_text(path).split("\n")


def _check_merge(line: str, number: int, path: Path) -> None:
    if NO_BREAK_SPACE not in line and len(line.split()) < 2:
        raise VocabularyError(
            f"`{path}` must have two symbols on each line; got {line!r} on line {number}. Was a line broken in two?"
        )


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (FileNotFoundError, IsADirectoryError) as error:
        raise FetchError(f"the tokenizer needs the file `{path}`; it is not there.") from error
    except UnicodeDecodeError as error:
        raise VocabularyError(f"`{path}` must be UTF-8 text; {error}. Convert it, or fetch it again.") from error


def _kind(value: object) -> str:
    return type(value).__name__
