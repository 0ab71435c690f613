"""Where special tokens go around one text or two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from ..errors import InputError

InputFormat = Literal["transformers-5", "transformers-4", "original"]

_INPUT_FORMATS: Mapping[str, InputFormat] = {name: name for name in get_args(InputFormat)}


def check_input_format(value: str) -> InputFormat:
    """The format itself, once it is known to be one.

    Raises: InputError.
    """
    if value in _INPUT_FORMATS:
        return _INPUT_FORMATS[value]
    raise InputError(f"`input_format` must be one of {list(_INPUT_FORMATS)}; got {value!r}.")


@dataclass(frozen=True)
class Template:
    """``<first> A <last>`` and ``<first> A <last> B <last>``, for one text and for two.

    Hugging Face's first token is ``<s>``, although the released models were trained with ``</s>`` on both sides.

    Source: the original's ``build_inputs``, in ``src/data/dataset.py``: ``</s> x </s>``.
    """

    first: int
    last: int

    def n_special(self, pair: bool) -> int:
        """How many tokens the template adds."""
        return len(self.wrap([], [] if pair else None))

    def wrap(self, ids: Sequence[int], pair_ids: Sequence[int] | None = None) -> list[int]:
        """The ids with the special tokens in their places."""
        second = [] if pair_ids is None else [*pair_ids, self.last]
        return [self.first, *ids, self.last, *second]

    def special_tokens_mask(self, length: int, pair_length: int | None = None) -> list[int]:
        """1 where the template puts a token, 0 where the text is."""
        second = [] if pair_length is None else [*[0] * pair_length, 1]
        return [1, *[0] * length, 1, *second]

    def token_type_ids(self, length: int, pair_length: int | None = None) -> list[int]:
        """0 for the first text and the tokens around it, 1 for the second and what ends it."""
        return [0] * (length + 2) + ([] if pair_length is None else [1] * (pair_length + 1))

    def segments(self, length: int, pair_length: int | None = None) -> list[int]:
        """Which text's language each token has: 0 the first's, 1 the second's."""
        return self.token_type_ids(length, pair_length)


class OriginalTemplate(Template):
    """``</s> A </s> B </s>`` as XLM was trained: the token in the middle already has B's language."""

    def segments(self, length: int, pair_length: int | None = None) -> list[int]:
        """0 for the first text, 1 from the token in the middle on."""
        if pair_length is None:
            return [0] * (length + 2)
        return [0] * (length + 1) + [1] * (pair_length + 2)


class NoTemplate(Template):
    """The texts alone, one after the other."""

    def __init__(self) -> None:
        super().__init__(first=-1, last=-1)

    def wrap(self, ids: Sequence[int], pair_ids: Sequence[int] | None = None) -> list[int]:
        """A and B joined."""
        return [*ids, *(pair_ids or ())]

    def special_tokens_mask(self, length: int, pair_length: int | None = None) -> list[int]:
        """0 everywhere."""
        return [0] * (length + (pair_length or 0))

    def token_type_ids(self, length: int, pair_length: int | None = None) -> list[int]:
        """0 everywhere, as in Hugging Face, although there are two texts."""
        return [0] * (length + (pair_length or 0))

    def segments(self, length: int, pair_length: int | None = None) -> list[int]:
        """0 for the first text, 1 for the second."""
        return [0] * length + [1] * (pair_length or 0)
