"""What a tokenizer returns: named columns of ids, as lists or as tensors, and the way back to the text."""

from __future__ import annotations

from collections import UserDict
from collections.abc import Callable, Mapping, Sequence
from operator import index
from typing import Any, Self, TypeVar

from ...errors import InputError
from .row import CharSpan, Encoding, TokenSpan
from .tensors import converter, to_array

_Answer = TypeVar("_Answer")


class BatchEncoding(UserDict[Any, Any]):
    """Columns by name, as keys and as attributes; what ``model(**encoding)`` takes.

    A column is a list of ids (one text), a list of lists (a batch) or a tensor. A number for a key gives a row as an
    `Encoding`, a slice those rows of every column.

    Where tokens stand in the text is computed when it is first asked for. Look-ups that take an index may be given
    that of the row before it; without one they look at the first row.

    Differs: a slice gives columns, as documented, not a list of rows; a look-up of what is not there gives None.

    >>> encoding = BatchEncoding({"input_ids": [[0, 20, 1]]})
    >>> encoding.convert_to_tensors("np").input_ids.shape
    (1, 3)
    """

    def __init__(  # all that UserDict does when it is made is done here
        self,
        data: Mapping[str, Any] | None = None,
        encoding: Encoding | Sequence[Encoding] | None = None,
        tensor_type: str | None = None,
        prepend_batch_axis: bool = False,
        n_sequences: int | None = None,
    ) -> None:
        self.data = dict(data or {})
        self._encodings = [encoding] if isinstance(encoding, Encoding) else encoding
        self._n_sequences = n_sequences
        if tensor_type is not None:
            self.convert_to_tensors(tensor_type, prepend_batch_axis)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            return {name: column[key] for name, column in self.data.items()}
        return self._row(index(key)) if hasattr(key, "__index__") else self.data[key]

    def __getattr__(self, name: str) -> Any:
        if name != "data" and name in self.__dict__.get("data", ()):
            return self.data[name]
        columns = list(self.__dict__.get("data", ()))
        raise AttributeError(f"`{name}` must be one of the columns {columns} of this {type(self).__name__}.")

    @property
    def is_fast(self) -> bool:
        """Whether look-ups can be answered: the encoding comes from a text."""
        return self._encodings is not None

    @property
    def n_sequences(self) -> int | None:
        """1 for texts, 2 for pairs, None if the encoding does not come from a text."""
        if self._n_sequences is None and self._encodings:
            return self._encodings[0].n_sequences
        return self._n_sequences

    @property
    def encodings(self) -> list[Encoding] | None:
        """All rows; None if the encoding does not come from a text."""
        return None if self._encodings is None else list(self._encodings)

    def tokens(self, batch_index: int = 0) -> list[str]:
        """The tokens of a row, as they are in the vocabulary."""
        return self._row(batch_index).tokens

    def words(self, batch_index: int = 0) -> list[int | None]:
        """The older name of ``word_ids``."""
        return self.word_ids(batch_index)

    def word_ids(self, batch_index: int = 0) -> list[int | None]:
        """The number of the word that each token of a row is of; None for special tokens and padding."""
        return self._row(batch_index).word_ids

    def sequence_ids(self, batch_index: int = 0) -> list[int | None]:
        """0 for each token of the first text, 1 for each of the second, None for special tokens and padding."""
        return self._row(batch_index).sequence_ids

    def token_to_sequence(self, batch_or_token_index: int, token_index: int | None = None) -> int | None:
        """Which text a token is of."""
        return self._of_token(Encoding.token_to_sequence, batch_or_token_index, token_index)

    def token_to_word(self, batch_or_token_index: int, token_index: int | None = None) -> int | None:
        """The number of the word that a token is of."""
        return self._of_token(Encoding.token_to_word, batch_or_token_index, token_index)

    def token_to_chars(self, batch_or_token_index: int, token_index: int | None = None) -> CharSpan | None:
        """The characters that a token stands for."""
        return self._of_token(Encoding.token_to_chars, batch_or_token_index, token_index)

    def word_to_tokens(
        self, batch_or_word_index: int, word_index: int | None = None, sequence_index: int = 0
    ) -> TokenSpan | None:
        """The tokens of a word of the text ``sequence_index``."""
        row, word = self._row_and_index(batch_or_word_index, word_index)
        return row.word_to_tokens(word, sequence_index)

    def word_to_chars(
        self, batch_or_word_index: int, word_index: int | None = None, sequence_index: int = 0
    ) -> CharSpan | None:
        """The characters of a word of the text ``sequence_index``."""
        row, word = self._row_and_index(batch_or_word_index, word_index)
        return row.word_to_chars(word, sequence_index)

    def char_to_token(
        self, batch_or_char_index: int, char_index: int | None = None, sequence_index: int = 0
    ) -> int | None:
        """The first token that stands for a character of the text ``sequence_index``."""
        row, character = self._row_and_index(batch_or_char_index, char_index)
        return row.char_to_token(character, sequence_index)

    def char_to_word(
        self, batch_or_char_index: int, char_index: int | None = None, sequence_index: int = 0
    ) -> int | None:
        """The number of the word that holds a character of the text ``sequence_index``."""
        row, character = self._row_and_index(batch_or_char_index, char_index)
        return row.char_to_word(character, sequence_index)

    def to(self, device: Any, *, non_blocking: bool = False) -> Self:
        """Move the PyTorch tensors to a device; in place, and returns itself, as Hugging Face's does."""
        self.data = {
            name: value.to(device, non_blocking=non_blocking) if hasattr(value, "to") else value
            for name, value in self.data.items()
        }
        return self

    def convert_to_tensors(self, tensor_type: str | None = None, prepend_batch_axis: bool = False) -> Self:
        """Make tensors of the lists; in place, and returns itself, as Hugging Face's does.

        None leaves the lists as they are. ``prepend_batch_axis`` makes a batch of a single text.

        Raises: InputError if the rows of a column differ in length; MissingDependency without the framework.
        """
        if tensor_type is not None:
            convert = converter(tensor_type)
            columns = {name: [value] if prepend_batch_axis else value for name, value in self.data.items()}
            self.data = {name: convert(to_array(value, name)) for name, value in columns.items()}
        return self

    def _row(self, number: int) -> Encoding:
        if self._encodings is None:
            raise InputError(
                "look-ups need an encoding that a tokenizer made of a text; this one was made of "
                f"{list(self.data) or 'nothing'} alone. Call the tokenizer with the text itself."
            )
        return self._encodings[number]

    def _of_token(self, look_up: Callable[[Encoding, int], _Answer], row: int, token: int | None) -> _Answer:
        return look_up(*self._row_and_index(row, token))

    def _row_and_index(self, row: int, place: int | None) -> tuple[Encoding, int]:
        """The row, the first if one number is all that was given, and the place within it."""
        return (self._row(0), row) if place is None else (self._row(row), place)
