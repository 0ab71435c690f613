"""Texts that grow: prompts, and what has been written after them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..config import XLMConfig
from ..errors import InputError
from ..inputs import Given, check_ranges, check_shape, check_values, check_whole_numbers


@dataclass(frozen=True)
class Texts:
    """Texts of several lengths that end in the same column, so that all grow by the next one.

    ids (B, T); real (B, T), True where a token is, padding being on the left; langs (B, T), or None.
    """

    ids: np.ndarray
    real: np.ndarray
    langs: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def lengths(self) -> np.ndarray:
        """(B,)"""
        return np.asarray(self.real.sum(axis=1))

    def take(self, rows: np.ndarray) -> Texts:
        """The texts of these rows, which may come several times."""
        return Texts(self.ids[rows], self.real[rows], None if self.langs is None else self.langs[rows])

    def grown(self, tokens: np.ndarray) -> Texts:
        """Each text with one token more, in the language of its last one. tokens (B,)."""
        langs = None if self.langs is None else np.concatenate([self.langs, self.langs[:, -1:]], axis=1)
        real = np.pad(self.real, ((0, 0), (0, 1)), constant_values=True)
        return Texts(np.concatenate([self.ids, tokens[:, None]], axis=1), real, langs)

    def tokens(self, row: int) -> np.ndarray:
        """One text without its padding. (length,)"""
        return np.asarray(self.ids[row, len(self.ids[row]) - self.lengths[row] :])

    def inputs(self, last: int | None = None) -> dict[str, np.ndarray]:
        """What a model is given to read these texts, or their last columns. Positions count tokens alone."""
        positions = np.maximum(self.real.cumsum(axis=1) - 1, 0)
        arrays = {"input_ids": self.ids, "attention_mask": self.real.astype(np.int64), "position_ids": positions}
        arrays |= {} if self.langs is None else {"langs": self.langs}
        return {name: array if last is None else array[:, -last:] for name, array in arrays.items()}


def make_texts(config: XLMConfig, given: Mapping[str, np.ndarray]) -> Texts:
    """Check prompts, and move padding to the left. input_ids (B, T), attention_mask (B, T), langs (B, T) or (B,).

    Raises: InputError naming the argument that is impossible.
    """
    ids, real = given["input_ids"], _real(config, given)
    langs = _langs(config, given)
    order = np.argsort(real, axis=1, kind="stable")[:, -int(real.sum(axis=1).max()) :]
    return Texts(
        np.take_along_axis(ids.astype(np.int64), order, axis=1),
        np.take_along_axis(real, order, axis=1),
        None if langs is None else np.take_along_axis(langs, order, axis=1),
    )


def _real(config: XLMConfig, given: Mapping[str, np.ndarray]) -> np.ndarray:
    """Where tokens are, every id being in the vocabulary and every prompt whole. -> (B, T)."""
    ids = given["input_ids"]
    check_shape("input_ids", _described(ids), (None, None))
    check_whole_numbers("input_ids", _described(ids))
    if not ids.size:
        raise InputError(f"`input_ids` must have a prompt, and a token in each; got the shape {ids.shape}.")
    check_ranges(config, {"input_ids": ids})
    mask = given.get("attention_mask", ids != config.pad_index)
    check_shape("attention_mask", _described(mask), ids.shape)
    check_values(config, {"attention_mask": mask}, ids.shape[1])
    real: np.ndarray = mask.astype(bool)
    _check_whole(real)
    return real


def _check_whole(real: np.ndarray) -> None:
    """Refuse prompts of padding alone, and those with padding between their tokens."""
    edges = np.diff(real.astype(int), axis=1, prepend=0, append=0)
    for row, starts in enumerate((edges == 1).sum(axis=1)):
        if starts == 0:
            raise InputError(f"a prompt must have a token at least; got padding alone at batch {row}.")
        if starts > 1:
            raise InputError(
                f"a prompt must have its padding before or after its tokens; got some between them at batch {row}. "
                "Give an `attention_mask` that is 1 where they are."
            )


def _langs(config: XLMConfig, given: Mapping[str, np.ndarray]) -> np.ndarray | None:
    """(B, T) or (B,) -> (B, T)."""
    langs = given.get("langs")
    if langs is None:
        return None
    shape = given["input_ids"].shape
    check_shape("langs", _described(langs), shape, shape[:1])
    check_whole_numbers("langs", _described(langs))
    check_values(config, {"langs": langs}, None)
    check_ranges(config, {"langs": langs})
    return np.broadcast_to(langs if langs.ndim == 2 else langs[:, None], shape).astype(np.int64)


def _described(array: np.ndarray) -> Given:
    return Given(array.shape, array.dtype.name)
