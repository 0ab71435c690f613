"""Which texts are computed together: texts of like lengths, so that little is padding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import numpy as np

from ..checks import check_positive, shown
from ..errors import InputError


class Limits(NamedTuple):
    """The most texts of a batch, and the most positions, padding included; None is no limit."""

    batch_size: int | None = None
    max_tokens: int | None = None

    def checked(self) -> Self:
        """The limits themselves.

        Raises: InputError unless each is a whole number ≥ 1 or None.
        """
        for name, value in self._asdict().items():
            if value is not None:
                check_positive(name, value)
        return self

    def or_else(self, usual: Limits) -> Limits:
        """Each limit, or the usual one where there is none."""
        return Limits(
            usual.batch_size if self.batch_size is None else self.batch_size,
            usual.max_tokens if self.max_tokens is None else self.max_tokens,
        )

    def or_texts(self, batch_size: int) -> Limits:
        """These limits, or so many texts if there is none at all."""
        return Limits(batch_size) if self == Limits() else self

    def have_room(self, n_texts: int, longest: int) -> bool:
        """Whether one batch may have so many texts, padded to the longest."""
        has_texts = self.batch_size is None or n_texts <= self.batch_size
        return has_texts and (self.max_tokens is None or n_texts * longest <= self.max_tokens)

    def are_filled(self, n_batches: int, n_texts: int, n_tokens: int) -> bool:
        """Whether so many texts, of so many tokens together, are enough for so many batches."""
        has_texts = self.batch_size is not None and n_texts >= n_batches * self.batch_size
        return has_texts or (self.max_tokens is not None and n_tokens >= n_batches * self.max_tokens)


def batches_by_length(
    lengths: Sequence[int] | np.ndarray, *, max_tokens: int | None = None, batch_size: int | None = None
) -> list[list[int]]:
    """The numbers of texts in batches, the longest texts first, so that what does not fit into memory fails at once.

    lengths: how many tokens each text has. A batch has at most ``max_tokens`` positions, padding included, and at most
    ``batch_size`` texts; a text that is longer than ``max_tokens`` is a batch of its own. Each text is in one batch.

    PyTorch's `DataLoader` takes the result for a ``batch_sampler``; for training, shuffle it.

    Raises: InputError if both limits are left out, or one is no whole number ≥ 1, and for lengths that are no whole
        numbers.

    Example:
        >>> from xlm_core import batches_by_length
        >>> batches_by_length([4, 9, 2, 6, 4], max_tokens=12)
        [[1], [3, 0], [4, 2]]
    """
    limits = Limits(batch_size, max_tokens).checked()
    if limits == Limits():
        raise InputError(
            "`max_tokens` or `batch_size` must be given, or one batch has all texts; got neither. "
            "Give what fits into memory: batches_by_length(lengths, max_tokens=8192)."
        )
    batches: list[list[int]] = []
    longest = 0
    for number in _longest_first(lengths):
        if not batches or not limits.have_room(len(batches[-1]) + 1, longest):
            batches.append([])
            longest = int(lengths[number])
        batches[-1].append(number)
    return batches


def _longest_first(lengths: Any) -> list[int]:
    """The numbers of the texts by their lengths; equally long ones in order."""
    array = _array(lengths)
    if array.ndim != 1 or (array.size and (array.dtype.kind not in "iu" or array.min() < 0)):
        raise InputError(
            f"`lengths` must be whole numbers ≥ 0, one for each text; got {shown(lengths)}. "
            "Count the tokens: [len(ids) for ids in tokenizer(texts).input_ids]."
        )
    order: list[int] = np.argsort(-array.astype(np.int64), kind="stable").tolist()
    return order


def _array(lengths: Any) -> np.ndarray:
    """What numpy makes of them, lists of unequal length included."""
    try:
        return np.asarray(lengths)
    except ValueError:
        return np.asarray(lengths, dtype=object)
