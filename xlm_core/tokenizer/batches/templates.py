"""Where special tokens go around one text or two."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from ...errors import InputError

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
        return 3 if pair else 2

    def wrap(self, ids: Sequence[int], pair_ids: Sequence[int] | None = None) -> list[int]:
        """The ids with the special tokens in their places."""
        if pair_ids is None:
            return [self.first, *ids, self.last]
        return [self.first, *ids, self.last, *pair_ids, self.last]

    def arrange(self, values: Iterable[Any], pair_values: Iterable[Any] | None, special: Any) -> list[Any]:
        """Values of the pieces of the texts, with ``special`` in the places of the special tokens."""
        second = [] if pair_values is None else [*pair_values, special]
        return [special, *values, special, *second]

    def special_tokens_mask(self, length: int, pair_length: int | None = None) -> list[int]:
        """1 where the template puts a token, 0 where the text is."""
        return self.arrange([0] * length, None if pair_length is None else [0] * pair_length, 1)

    def sequence_ids(self, length: int, pair_length: int | None = None) -> list[int | None]:
        """0 for the pieces of the first text, 1 for those of the second, None for special tokens."""
        return self.arrange([0] * length, None if pair_length is None else [1] * pair_length, None)

    def token_type_ids(self, length: int, pair_length: int | None = None) -> list[int]:
        """0 for the first text and the tokens around it, 1 for the second and what ends it."""
        return [0] * (length + 2) + ([] if pair_length is None else [1] * (pair_length + 1))

    def segments(self, length: int, pair_length: int | None = None) -> list[int]:
        """Which text's language each token has: 0 the first's, 1 the second's."""
        return self.token_type_ids(length, pair_length)

    def position_ids(self, length: int, pair_length: int | None = None) -> list[int]:
        """Positions that start at 0 again where the second text's language does."""
        segments = self.segments(length, pair_length)
        n_second = sum(segments)
        return [*range(len(segments) - n_second), *range(n_second)]


class OriginalTemplate(Template):
    """``</s> A </s> B </s>`` as XLM was trained: the token in the middle already has B's language."""

    def segments(self, length: int, pair_length: int | None = None) -> list[int]:
        """0 for the first text, 1 from the token in the middle on."""
        if pair_length is None:
            return [0] * (length + 2)
        return [0] * (length + 1) + [1] * (pair_length + 2)


class TranslationTemplate(Template):
    """``</s> A </s> </s> B </s>`` as translation language modelling was trained: each text has both its ends.

    Source: the original's ``concat_batches`` with ``reset_positions``, in ``src/utils.py``.
    """

    def n_special(self, pair: bool) -> int:
        """How many tokens the template adds."""
        return 4 if pair else 2

    def wrap(self, ids: Sequence[int], pair_ids: Sequence[int] | None = None) -> list[int]:
        """The ids with the special tokens in their places."""
        second = [] if pair_ids is None else [self.first, *pair_ids, self.last]
        return [self.first, *ids, self.last, *second]

    def arrange(self, values: Iterable[Any], pair_values: Iterable[Any] | None, special: Any) -> list[Any]:
        """Values of the pieces of the texts, with ``special`` in the places of the special tokens."""
        second = [] if pair_values is None else [special, *pair_values, special]
        return [special, *values, special, *second]

    def token_type_ids(self, length: int, pair_length: int | None = None) -> list[int]:
        """0 for the first text and the tokens around it, 1 for the second and those around it."""
        return [0] * (length + 2) + ([] if pair_length is None else [1] * (pair_length + 2))


class NoTemplate(Template):
    """The texts alone, one after the other."""

    def __init__(self) -> None:
        super().__init__(first=-1, last=-1)

    def n_special(self, pair: bool) -> int:
        """None."""
        return 0

    def wrap(self, ids: Sequence[int], pair_ids: Sequence[int] | None = None) -> list[int]:
        """A and B joined."""
        return [*ids, *(pair_ids or ())]

    def arrange(self, values: Iterable[Any], pair_values: Iterable[Any] | None, special: Any) -> list[Any]:
        """The values of A and of B joined."""
        return [*values, *(pair_values or ())]

    def token_type_ids(self, length: int, pair_length: int | None = None) -> list[int]:
        """0 everywhere, as in Hugging Face, although there are two texts."""
        return [0] * (length + (pair_length or 0))

    def segments(self, length: int, pair_length: int | None = None) -> list[int]:
        """0 for the first text, 1 for the second."""
        return [0] * length + [1] * (pair_length or 0)
