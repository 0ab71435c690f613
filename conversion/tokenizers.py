"""The vocabulary that belongs to a model, in Hugging Face's files or in the original's."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from xlm_core.errors import FetchError, VocabularyError
from xlm_core.files import write_bytes
from xlm_core.formats import original
from xlm_core.tokenizer.settings import ADDED_TOKENS_FILE, CONFIG_FILE, SPECIAL_TOKENS_FILE
from xlm_core.tokenizer.vocabularies.release import RELEASED_SPECIAL, Release
from xlm_core.tokenizer.vocabularies.vocabulary import MERGES_FILE, VOCAB_FILE, Vocabulary

from .sources import Source

NECESSARY = (VOCAB_FILE, MERGES_FILE)
WRITTEN = (*NECESSARY, CONFIG_FILE, SPECIAL_TOKENS_FILE)
FILES = (*WRITTEN, ADDED_TOKENS_FILE, "tokenizer.json")
"""What Hugging Face's tokenizers consist of."""

CODES, VOCAB = "codes", "vocab"
"""What the original's tokenizers consist of; `vocab` is not necessary where the weight file has the dictionary."""


@dataclass(frozen=True)
class Companion:
    """A tokenizer that goes along with a model: its files, how they are written into a folder, where they come from."""

    files: tuple[str, ...]
    write: Callable[[Path], None]
    remark: str


def describe(source: Source) -> dict[str, Any]:
    """The files of a tokenizer that a model has, and how many pieces there are; None if that is not known."""
    if source.is_original:
        words = len(original.read(source.path).id2word)
        files = [path.name for path in (_beside(source, CODES), _beside(source, VOCAB)) if path]
        return {"files": [*([source.path.name] if words else []), *files], "pieces": words or None}
    names = [name for name in FILES if source.files.find(name)]
    return {"files": names, "pieces": _count(source) if VOCAB_FILE in names else None}


def companion(source: Source, options: argparse.Namespace) -> Companion:
    """What goes along with a model in Hugging Face's formats; nothing if the model has no tokenizer."""
    found = {name: path for name in FILES if (path := source.files.find(name))}
    if all(name in found for name in NECESSARY) and options.codes is None:
        return Companion(tuple(found), partial(_copy, found), "copied")
    if not source.is_original or not has_codes(source, options):
        return Companion((), lambda folder: None, _without(source))
    release = release_of(source, options)
    lowercase = is_lowercase(release) if options.lowercase is None else options.lowercase
    case = "in lower case" if lowercase else "with capitals and accents"
    write = partial(_write_tokenizer, release, source, lowercase)
    return Companion(WRITTEN, write, f"made of the original's dictionary and codes, {case}")


def original_companion(release: Release) -> Companion:
    """What goes along with a model in the original's format."""
    return Companion(
        (CODES, VOCAB), lambda folder: release.write(folder / CODES, folder / VOCAB), "made of the vocabulary"
    )


def release_of(source: Source, options: argparse.Namespace) -> Release:
    """The vocabulary of a model with its counts, where they are known.

    Raises: FetchError if the model has none, VocabularyError if it is damaged.
    """
    if not source.is_original:
        files = source.files
        return Release.of(Vocabulary.read(files.file(VOCAB_FILE), files.file(MERGES_FILE), RELEASED_SPECIAL[3]))
    codes = _needed(source, CODES, options.codes)
    held = original.read(source.path)
    if options.vocab is not None or not held.id2word:
        return Release.read(codes, _needed(source, VOCAB, options.vocab), source.config.vocab_size)
    ids = {word: number for number, word in held.id2word.items()}
    return Release.of_tables(codes, held.id2word, ids, held.counts)


def has_codes(source: Source, options: argparse.Namespace) -> bool:
    """Whether the original's merges are at hand, which no weight file has."""
    return options.codes is not None or _beside(source, CODES) is not None


def is_lowercase(release: Release) -> bool:
    """Whether no piece has a capital: the original lower-cased the texts that such a vocabulary is of, or did not."""
    return all(piece == piece.lower() for piece in release.counts)


def _write_tokenizer(release: Release, source: Source, lowercase: bool, folder: Path) -> None:
    from xlm_core.tokenizer import XLMTokenizer

    files = folder / VOCAB_FILE, folder / MERGES_FILE
    release.vocabulary.write(*files)
    config = source.config
    tokenizer = XLMTokenizer(
        *files, lang2id=config.lang2id, id2lang=config.id2lang, do_lowercase_and_remove_accent=lowercase
    )
    tokenizer.save_pretrained(folder)


def _copy(found: dict[str, Path], folder: Path) -> None:
    for name, path in found.items():
        write_bytes(folder / name, path.read_bytes())


def _without(source: Source) -> str:
    if not source.is_original:
        return f"none: there is no {VOCAB_FILE} with {MERGES_FILE}"
    return f"none: there is no file `{CODES}` beside `{source.path.name}`; name it with --codes"


def _beside(source: Source, name: str) -> Path | None:
    """`codes`, or the one file that is called so and more, as the release's `codes_xnli_15`."""
    if path := source.files.find(name):
        return path
    longer = [file for file in source.files.listing() if file.startswith(f"{name}_")]
    return source.files.find(longer[0]) if len(longer) == 1 else None


def _needed(source: Source, name: str, chosen: str | None) -> Path:
    path = Path(chosen) if chosen is not None else _beside(source, name)
    if path is None or not path.is_file():
        asked = f"`{path}`" if path else f"`{name}` beside `{source.path}`"
        raise FetchError(f"the original's vocabulary needs the file {asked}; there is none. Name it with --{name}.")
    return path


def _count(source: Source) -> int:
    path = source.files.file(VOCAB_FILE)
    try:
        return len(json.loads(path.read_text(encoding="utf-8")))
    except (TypeError, ValueError) as error:
        raise VocabularyError(f"`{path}` must be a JSON object in UTF-8; {error}.") from error
