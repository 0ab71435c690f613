"""Tables with more rows or fewer: words, languages, positions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ..config import XLMConfig
from ..errors import InputError, LanguageError
from ..manifest import Kind, Weight
from ..sinusoids import sinusoids
from .changes import Change, changes

Arrays = dict[str, np.ndarray]
NewRows = Callable[[Weight, np.ndarray, int], np.ndarray]


def resize_words(
    config: XLMConfig,
    task: str | None,
    arrays: Mapping[str, np.ndarray],
    size: int | None,
    multiple: int | None,
    new_rows: NewRows,
) -> tuple[XLMConfig, Arrays]:
    """The config with another vocabulary, rounded up to a multiple, and the arrays with a row for each word.

    Raises: ConfigError if a special token would be cut off; InputError for an impossible multiple.
    """
    resized = config.replace(vocab_size=_rounded(config.vocab_size if size is None else size, multiple))
    return resized, _resized(config, resized, task, arrays, new_rows)


def add_languages(
    config: XLMConfig, task: str | None, arrays: Mapping[str, np.ndarray], languages: Sequence[str]
) -> tuple[XLMConfig, Arrays]:
    """The config with more languages, and the arrays with a row for each.

    Raises: InputError if the model has no table of languages; LanguageError for a language that it knows already.
    """
    _check_new(config, languages)
    numbered = {language: config.n_langs + number for number, language in enumerate(languages)}
    lang2id = {**(config.lang2id or {}), **numbered}
    extended = config.replace(n_langs=config.n_langs + len(languages), lang2id=lang2id)
    return extended, _resized(config, extended, task, arrays, mean_rows)


def resize_positions(
    config: XLMConfig, task: str | None, arrays: Mapping[str, np.ndarray], size: int
) -> tuple[XLMConfig, Arrays]:
    """The config for longer or shorter texts, and the arrays: new positions are the mean of the old, or sinusoids."""
    resized = config.replace(max_position_embeddings=size)
    return resized, _resized(
        config, resized, task, arrays, sinusoid_rows if config.sinusoidal_embeddings else mean_rows
    )


def mean_rows(weight: Weight, array: np.ndarray, count: int) -> np.ndarray:
    """The mean of the rows there are, ``count`` times."""
    mean = array.mean(axis=0, dtype=np.float64).astype(array.dtype)
    return np.broadcast_to(mean, (count, *array.shape[1:]))


def sinusoid_rows(weight: Weight, array: np.ndarray, count: int) -> np.ndarray:
    """The positions that follow."""
    return sinusoids(len(array) + count, array.shape[1])[len(array) :].astype(array.dtype)


def initial_rows(config: XLMConfig, seed: int) -> NewRows:
    """Rows as a new model has them, drawn from a seed: N(0, embed_init_std) in tables, N(0, init_std) elsewhere."""

    def draw(weight: Weight, array: np.ndarray, count: int) -> np.ndarray:
        deviation = {Kind.EMBEDDING: config.embed_init_std, Kind.LINEAR: config.init_std}.get(weight.kind, 0.0)
        values = np.random.default_rng(seed).standard_normal((count, *array.shape[1:]))
        return (values * deviation).astype(array.dtype)

    return draw


def _resized(
    before: XLMConfig, after: XLMConfig, task: str | None, arrays: Mapping[str, np.ndarray], new_rows: NewRows
) -> Arrays:
    """All arrays, with other numbers of rows where the second config says so."""
    resized = {
        name: _with_rows(change, arrays[name], new_rows) for name, change in changes(before, after, task).items()
    }
    return {**arrays, **resized}


def _with_rows(change: Change, array: np.ndarray, new_rows: NewRows) -> np.ndarray:
    """The first rows, and new ones as far as there are too few."""
    kept = array[: change.size]
    return np.concatenate([kept, new_rows(change.weight, array, change.size - len(kept))])


def _rounded(size: int, multiple: int | None) -> int:
    """Up to a multiple."""
    if multiple is None:
        return size
    if not isinstance(multiple, int) or multiple < 1:
        raise InputError(f"`pad_to_multiple_of` must be a whole number ≥ 1 or None; got {multiple!r}.")
    return -(-size // multiple) * multiple


def _check_new(config: XLMConfig, languages: Sequence[str]) -> None:
    if not config.has_lang_embeddings:
        raise InputError(
            "a model must have language embeddings to be given more; this one has none, with "
            f"n_langs={config.n_langs} and use_lang_emb={config.use_lang_emb}."
        )
    if isinstance(languages, str) or len({*languages}) != len(languages):
        raise InputError(f"`languages` must be a list of different languages; got {languages!r}.")
    if known := [language for language in languages if language in (config.lang2id or {})]:
        raise LanguageError(f"`languages` must be new to the model; got {known[0]!r}. `config.lang2id` lists its own.")
