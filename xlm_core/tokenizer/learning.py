"""Tokenizers from text, and from and to the files of other programs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self, cast

from ..errors import InputError
from ..languages import Languages
from .decoding import TokenConverter
from .special_tokens import ADDITIONAL, ROLES, AddedToken, SpecialTokens
from .vocabularies.corpus import DEFAULT_LANG, Corpus, Source, pair_with_languages
from .vocabularies.release import Release
from .vocabularies.tokenizer_json import write_tokenizer_json
from .vocabularies.training import check_sizes, learn
from .vocabularies.vocabulary import MERGES_FILE, VOCAB_FILE, Vocabulary
from .words import WordSplitter
from .words.segmenters import Segmenter

FilePath = str | os.PathLike[str]


class LearningTokenizer(TokenConverter):
    """Makes tokenizers: learns them from text, and reads and writes what other programs keep of them."""

    do_lowercase_and_remove_accent: bool
    segmenters: Mapping[str, Segmenter]
    _languages: Languages
    _learnt: Release | None = None
    """What the vocabulary was made from, with its counts, if it was learnt by this object's `train`."""

    @classmethod
    def train(
        cls,
        files: Source | Sequence[Source],
        vocab_size: int,
        languages: str | Sequence[str] | None = None,
        *,
        sampling: float = 0.5,
        lowercase: bool = True,
        min_frequency: int = 2,
        limit_alphabet: int | None = None,
        show_progress: bool | None = None,
        **settings: Any,
    ) -> Self:
        """A tokenizer learnt from text.

        ``files`` is a path, or a list of paths, of UTF-8 files with a text on each line, plain or gzip; an iterable of
        texts can stand for a path. ``languages`` is the language of all files, or a list with one for each: its rules
        split the words, and the tokenizer's `lang2id` has them in alphabetical order. None is English rules.

        ``vocab_size`` counts all pieces, special tokens included. With ``sampling`` below 1, languages with less text
        count for more than their part. A pair of symbols seen less than ``min_frequency`` times is not merged.
        ``limit_alphabet`` keeps this many characters, the most frequent; others will be unknown.
        ``show_progress=None`` shows progress on a terminal. ``settings`` are arguments of the constructor.

        Chance has no part in it: the same texts give the same tokenizer. Memory grows with the number of different
        words, not with the text.

        Raises: InputError for arguments out of range, files that are no text, and texts without words; FetchError for
        a file that is not there.

        >>> from xlm_core import XLMTokenizer
        >>> tokenizer = XLMTokenizer.train([["low lower lowest", "new newer newest"]], vocab_size=40, languages="en")
        >>> tokenizer.tokenize("the lowest")
        ['t', 'h', 'e</w>', 'lo', 'west</w>']
        """
        check_sizes(vocab_size, min_frequency, limit_alphabet)
        _check_sampling(sampling)
        corpus = Corpus(WordSplitter(lowercase, settings.get("segmenters", {})))
        for source, lang in pair_with_languages(files, languages):
            corpus.read(source, lang, show_progress)
        release = learn(
            corpus.sampled(sampling),
            vocab_size,
            _special_tokens(settings),
            min_frequency=min_frequency,
            limit_alphabet=limit_alphabet,
            show_progress=show_progress,
        )
        if languages is not None and "lang2id" not in settings:
            settings["lang2id"] = {lang: number for number, lang in enumerate(sorted(corpus.words))}
        tokenizer = cls._of(release.vocabulary, do_lowercase_and_remove_accent=lowercase, **settings)
        vars(tokenizer)["_learnt"] = release
        return tokenizer

    def train_new_from_iterator(
        self,
        text_iterator: Iterable[str] | Iterable[list[str]],
        vocab_size: int,
        length: int | None = None,
        new_special_tokens: Sequence[str | AddedToken] | None = None,
        *,
        lang: str | None = None,
        min_frequency: int = 2,
        limit_alphabet: int | None = None,
        show_progress: bool | None = None,
    ) -> Self:
        """A tokenizer with all settings of this one, and a vocabulary learnt from other texts.

        ``text_iterator`` gives texts, or lists of texts, in the language ``lang``; `train` takes several languages.
        ``length`` is how many there are, at most; None takes all. ``new_special_tokens`` are added. Tokens that were
        added to this tokenizer are kept and get the next numbers.

        Raises: InputError for arguments out of range, and for texts that are none; LanguageError if the tokenizer has
        languages, but not this.
        """
        check_sizes(vocab_size, min_frequency, limit_alphabet)
        if lang is not None and self._languages:
            self._languages.id(lang)
        special = _with_spares(self.special_tokens, new_special_tokens or ())
        corpus = Corpus(WordSplitter(self.do_lowercase_and_remove_accent, self.segmenters))
        corpus.read(_first(text_iterator, length), lang or DEFAULT_LANG, show_progress)
        release = learn(
            corpus.sampled(1),
            vocab_size,
            special,
            min_frequency=min_frequency,
            limit_alphabet=limit_alphabet,
            show_progress=show_progress,
        )
        return self._with(release, special)

    @classmethod
    def from_original(cls, codes: FilePath, vocab: FilePath, max_vocab: int | None = None, **settings: Any) -> Self:
        """The tokenizer of the original's files `codes` and `vocab`, with the ids that its models have.

        ``max_vocab`` is how many pieces the model has, special tokens included: the original's option of that name,
        95,000 for the released models of 15 languages. None takes the whole file. ``settings`` are arguments of the
        constructor: cased vocabularies need ``do_lowercase_and_remove_accent=False``, and models with languages their
        ``lang2id``.

        Raises: FetchError if a file is missing; VocabularyError if one is damaged.
        """
        return cls._of(Release.read(Path(codes), Path(vocab), max_vocab).vocabulary, **settings)

    def save_original(self, codes: FilePath, vocab: FilePath) -> None:
        """Write the original's files `codes` and `vocab`; `from_original` gives the same ids.

        The counts are real if the tokenizer has just been trained. Hugging Face's files do not hold them; for what was
        loaded from there, they only keep the order.

        Raises: VocabularyError if the vocabulary does not begin with the original's special tokens, has holes, or has
        a piece that the format cannot hold.
        """
        release = self._learnt or Release.of(self._vocabulary)
        release.write(Path(codes), Path(vocab))

    def save_tokenizer_json(self, path: FilePath) -> Path:
        """Write a `tokenizer.json` for the library `tokenizers`, and return its path.

        It reads texts that are already split into words by spaces, and lower-cased if the vocabulary is: the ids are
        those of a call with ``bypass_tokenizer=True``. Moses' rules cannot be written in such a file.

        Raises: VocabularyError, with the reason, if the file would give other ids.
        """
        return write_tokenizer_json(cast("Any", self), self._vocabulary, Path(path))

    @classmethod
    def _of(cls, vocabulary: Vocabulary, **settings: Any) -> Self:
        """By way of files, so that whatever is learnt passes the checks of what is read."""
        make = cast("Callable[..., Self]", cls)
        with TemporaryDirectory() as folder:
            return make(*_write(vocabulary, Path(folder)), **settings)

    def _with(self, release: Release, special: SpecialTokens) -> Self:
        tokenizer: Any = self
        vocabulary = release.vocabulary
        added = _renumber(self.added_tokens_decoder, vocabulary.ids)
        with TemporaryDirectory() as folder:
            tokenizer.save_pretrained(folder)
            _write(vocabulary, Path(folder))
            new = type(tokenizer).from_pretrained(
                folder, added_tokens_decoder=added, additional_special_tokens=special.additional
            )
        vars(new).update(name_or_path=tokenizer.name_or_path, _learnt=release)
        return cast("Self", new)


def _write(vocabulary: Vocabulary, folder: Path) -> tuple[Path, Path]:
    vocab_file, merges_file = folder / VOCAB_FILE, folder / MERGES_FILE
    vocabulary.write(vocab_file, merges_file)
    return vocab_file, merges_file


def _special_tokens(settings: Mapping[str, Any]) -> SpecialTokens:
    """The special tokens that a constructor with these settings has."""
    roles = {role: AddedToken.of(settings[role]).content for role in ROLES if role in settings}
    spares = settings.get("additional_special_tokens", ADDITIONAL)
    return SpecialTokens(**roles, additional=tuple(AddedToken.of(token).content for token in spares))


def _with_spares(special: SpecialTokens, new: Iterable[str | AddedToken]) -> SpecialTokens:
    spares = dict.fromkeys([*special.additional, *(AddedToken.of(token).content for token in new)])
    return SpecialTokens(**{role: getattr(special, role) for role in ROLES}, additional=tuple(spares))


def _renumber(added: Mapping[int, AddedToken], ids: Mapping[str, int]) -> dict[int, AddedToken]:
    """Added tokens with their ids in another vocabulary, or the next after all its ids."""
    free = count(max(ids.values()) + 1)
    return {ids[token.content] if token.content in ids else next(free): token for token in added.values()}


def _first(texts: Iterable[Any], length: int | None) -> Iterable[Any]:
    """As many texts as ``length`` says."""
    return texts if length is None else _take(texts, length)


def _take(texts: Iterable[Any], length: int) -> Iterable[str]:
    remaining = length
    for item in texts:
        batch = item if isinstance(item, list | tuple) else [item]
        yield from batch[:remaining]
        remaining -= len(batch)
        if remaining <= 0:
            return


def _check_sampling(sampling: float) -> None:
    if not isinstance(sampling, int | float) or not 0 <= sampling <= 1:
        raise InputError(f"`sampling` must be a number from 0 to 1; got {sampling!r}.")
