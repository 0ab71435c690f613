"""Which texts are computed together: texts of like lengths, so that little is padding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def batches(lengths: Sequence[int], batch_size: int | None, max_tokens: int | None) -> Iterator[list[int]]:
    """The numbers of texts in batches, the longest texts first, so that what does not fit into memory fails at once.

    A batch has at most ``batch_size`` texts, and at most ``max_tokens`` positions, padding included; a text that is
    longer than that is a batch of its own. None is no limit.
    """
    batch: list[int] = []
    for number in sorted(range(len(lengths)), key=lambda each: -lengths[each]):
        if batch and _is_full(len(batch), lengths[batch[0]], batch_size, max_tokens):
            yield batch
            batch = []
        batch.append(number)
    if batch:
        yield batch


def _is_full(count: int, longest: int, batch_size: int | None, max_tokens: int | None) -> bool:
    """Whether a batch of ``count`` texts has no room for one more."""
    has_enough_texts = batch_size is not None and count >= batch_size
    return has_enough_texts or (max_tokens is not None and (count + 1) * longest > max_tokens)
