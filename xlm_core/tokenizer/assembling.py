"""From ids to batches: special tokens, windows, padding, tensors."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Unpack

from ..data.padding import check_side, pad_columns
from ..errors import InputError, XLMWarning
from ..languages import Languages
from .batches.columns import Columns, LangIds, build_columns, columns_of, cut_windows, first_row, pad, pad_to_arrays
from .batches.encoding import BatchEncoding
from .batches.lengths import Lengths, Truncation, Window, check_multiple, padding_of, strategy_of, truncation_of
from .batches.reader import Ids
from .batches.request import Form, FormOptions
from .batches.templates import NoTemplate, OriginalTemplate, Template, TranslationTemplate
from .batches.tensors import type_of
from .decoding import TokenConverter


class AssemblingTokenizer(TokenConverter):
    """Puts special tokens around ids, and makes rows of one length of them."""

    input_format: str
    model_max_length: int
    padding_side: str
    truncation_side: str
    model_input_names: list[str]
    _has_warned: bool
    _languages: Languages
    _forms: Callable[..., Form]

    @property
    def max_len_single_sentence(self) -> int:
        """How many pieces a text may have that leaves room for its special tokens."""
        return self.model_max_length - self.num_special_tokens_to_add()

    @property
    def max_len_sentences_pair(self) -> int:
        """How many pieces a pair may have that leaves room for its special tokens."""
        return self.model_max_length - self.num_special_tokens_to_add(pair=True)

    def num_special_tokens_to_add(self, pair: bool = False) -> int:
        """How many special tokens one text gets, or a pair."""
        return self._template().n_special(pair)

    def build_inputs_with_special_tokens(
        self, token_ids_0: Sequence[int], token_ids_1: Sequence[int] | None = None
    ) -> list[int]:
        """The ids of one text or two with the special tokens of the format around them."""
        return self._template().wrap(token_ids_0, token_ids_1)

    def get_special_tokens_mask(
        self,
        token_ids_0: Sequence[int],
        token_ids_1: Sequence[int] | None = None,
        already_has_special_tokens: bool = False,
    ) -> list[int]:
        """1 for each special token, 0 for each piece of text, once the special tokens are added.

        With ``already_has_special_tokens`` they are in ``token_ids_0``, and whatever has the id of one counts.

        Raises: InputError if they are there already and there is a second text.
        """
        if not already_has_special_tokens:
            return self._template().special_tokens_mask(*_lengths(token_ids_0, token_ids_1))
        if token_ids_1 is not None:
            raise InputError("`token_ids_1` must be None with `already_has_special_tokens=True`: one row holds both.")
        special = set(self.all_special_ids)
        return [int(number in special) for number in token_ids_0]

    def create_token_type_ids_from_sequences(
        self, token_ids_0: Sequence[int], token_ids_1: Sequence[int] | None = None
    ) -> list[int]:
        """0 for the first text and the special tokens around it, 1 for the second."""
        return self._template().token_type_ids(*_lengths(token_ids_0, token_ids_1))

    def prepare_for_model(
        self,
        ids: Sequence[int],
        pair_ids: Sequence[int] | None = None,
        *,
        prepend_batch_axis: bool = False,
        **form: Unpack[FormOptions],
    ) -> BatchEncoding:
        """What a call gives for a text, or a pair, that is ids already; ``form`` are arguments of a call.

        Tensors have the axis of the batch if ``prepend_batch_axis`` says so.

        Raises: InputError as a call does.
        """
        made = self._make_form(**form)
        rows = [*ids], None if pair_ids is None else [*pair_ids]
        columns, _ = self._assemble([rows], [(0, 0)], made)
        has_axis = prepend_batch_axis or made.truncation.overflows
        return BatchEncoding(columns if has_axis else first_row(columns), tensor_type=made.tensor_type)

    def truncate_sequences(
        self,
        ids: Sequence[int],
        pair_ids: Sequence[int] | None = None,
        num_tokens_to_remove: int = 0,
        truncation_strategy: str = "longest_first",
        stride: int = 0,
    ) -> tuple[list[int], list[int] | None, list[int]]:
        """Both rows of ids with so many fewer in all, and those taken away, with ``stride`` of those next to them.

        Of a pair truncated longest first, none are returned as taken away.

        Raises: InputError if the row that may give has fewer.
        Differs: Hugging Face logs this and takes nothing away.
        """
        length, pair_length = _lengths(ids, pair_ids)
        room = length + (pair_length or 0) - max(num_tokens_to_remove, 0)
        side = check_side(self.truncation_side, "truncation_side")
        truncation = Truncation(strategy_of(truncation_strategy), room, side)
        (window,) = truncation.windows(0, (length, pair_length), 0)
        kept, pair_kept = window.cut(list(ids), None if pair_ids is None else list(pair_ids))
        rows = [(ids, kept), (pair_ids or (), pair_kept or ())]
        shorter = [(whole, len(whole) - len(part)) for whole, part in rows if len(part) < len(whole)]
        is_ambiguous = truncation.strategy == "longest_first" and pair_ids is not None
        removed = [] if is_ambiguous or not shorter else _removed(*shorter[0], stride, truncation)
        return list(kept), None if pair_kept is None else list(pair_kept), removed

    def pad(
        self,
        encoded_inputs: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        padding: bool | str = True,
        max_length: int | None = None,
        pad_to_multiple_of: int | None = None,
        padding_side: str | None = None,
        return_attention_mask: bool | None = None,
        return_tensors: str | None = None,
        verbose: bool = True,
    ) -> BatchEncoding:
        """Encodings, single ones in a list or a batch of them, as one batch with rows of one length.

        Columns that have no number for each token are left as they are. An attention mask is made if there is none.
        Arrays and tensors give their kind again, on the CPU. Nothing here is worth a word, ``verbose`` or not.

        Raises: InputError if there are no `input_ids`, or the encodings have different columns.
        """
        side = self.padding_side if padding_side is None else padding_side
        padder = padding_of(padding, max_length, self.model_max_length, pad_to_multiple_of, side)
        columns, is_many = columns_of(encoded_inputs)
        if "attention_mask" not in columns and return_attention_mask is not False:
            columns["attention_mask"] = [[1] * len(row) for row in columns["input_ids"]]
        padded = pad(columns, padder, self.pad_token_id)
        rows = padded if is_many else first_row(padded)
        return BatchEncoding(rows, tensor_type=return_tensors or _type_of(encoded_inputs))

    def _template(self, add_special_tokens: bool = True, reset_positions: bool = False) -> Template:
        if not add_special_tokens:
            return NoTemplate()
        if self.input_format != "original":
            return Template(self.bos_token_id, self.sep_token_id)
        template = TranslationTemplate if reset_positions else OriginalTemplate
        return template(self.sep_token_id, self.sep_token_id)

    def _form(self, *options: Any) -> Form:
        """The arguments of a call, checked and brought into one form; remembered, for calls are mostly alike."""
        try:
            return self._forms(*options)
        except TypeError:  # what cannot be remembered is wrong for another reason, too
            return self._make_form(*options)

    def _make_form(
        self,
        add_special_tokens: bool = True,
        padding: bool | str = False,
        truncation: bool | str | None = None,
        max_length: int | None = None,
        stride: int = 0,
        pad_to_multiple_of: int | None = None,
        padding_side: str | None = None,
        return_tensors: str | None = None,
        return_token_type_ids: bool | None = None,
        return_attention_mask: bool | None = None,
        return_overflowing_tokens: bool = False,
        return_special_tokens_mask: bool = False,
        return_length: bool = False,
        verbose: bool = True,
        reset_positions: bool = False,
        return_offsets_mapping: bool = False,
        has_lang: bool = False,
        return_langs: bool | None = None,
    ) -> Form:
        side = self.padding_side if padding_side is None else padding_side
        limit = self.model_max_length
        padder = padding_of(padding, max_length, limit, pad_to_multiple_of, side)
        truncator = truncation_of(
            truncation, max_length, limit, padder.strategy, self.truncation_side, stride, return_overflowing_tokens
        )
        check_multiple(truncator, padder)
        answers = {
            "token_type_ids": return_token_type_ids,
            "attention_mask": return_attention_mask,
            "special_tokens_mask": return_special_tokens_mask,
            "position_ids": reset_positions or None,
            "langs": self._returns_langs(has_lang, return_langs),
            "offset_mapping": return_offsets_mapping,
        }
        usual = self.model_input_names
        names = [name for name, answer in answers.items() if (name in usual if answer is None else answer)]
        return Form(
            template=self._template(add_special_tokens, reset_positions),
            truncation=truncator,
            padding=padder,
            columns=(*names,),
            pad_id=self.pad_token_id,
            has_length=return_length,
            tensor_type=return_tensors,
            warn=self._warn_of_length if verbose else _say_nothing,
        )

    def _returns_langs(self, has_lang: bool, return_langs: bool | None) -> bool:
        if return_langs and not self._languages:
            raise InputError("`return_langs=True` needs a tokenizer with `lang2id`; this one has no languages.")
        return has_lang and bool(self._languages) if return_langs is None else return_langs

    def _assemble(self, ids: Sequence[Ids], lang_ids: LangIds, form: Form) -> tuple[Columns, list[Window]]:
        """The columns of a batch, and the window that each row is."""
        windows = cut_windows(ids, form.truncation, form.template)
        columns = build_columns(form.columns, form.template, ids, windows, lang_ids)
        lengths = list(map(len, columns["input_ids"]))
        form.warn(max(lengths, default=0))
        if length := form.padding.length(lengths):
            if form.tensor_type is not None and length >= max(lengths):
                columns = pad_to_arrays(columns, length, form.padding, form.pad_id)
            else:
                columns = {**pad_columns(columns, length, form.pad_id, form.padding.side)}
        if form.has_length:
            columns["length"] = lengths
        if form.truncation.overflows:
            columns["overflow_to_sample_mapping"] = [window.sample for window in windows]
        return columns, windows

    def _warn_of_length(self, length: int) -> None:
        """Say once that a row is longer than the model can take."""
        if length <= self.model_max_length or self._has_warned:
            return
        self._has_warned = True
        warnings.warn(
            f"a text has {length} tokens, and the model takes {self.model_max_length}. Pass `truncation=True`, or "
            "`return_overflowing_tokens=True` with it to keep the rest in further windows. This is said once.",
            XLMWarning,
            stacklevel=5,
        )


def _lengths(ids: Sequence[int], pair_ids: Sequence[int] | None) -> Lengths:
    return len(ids), None if pair_ids is None else len(pair_ids)


def _removed(ids: Sequence[int], share: int, stride: int, truncation: Truncation) -> list[int]:
    """The ids that a truncation took from a row, and ``stride`` more beside them."""
    size = min(len(ids), share + stride)
    return [*ids[:size]] if truncation.side == "left" else [*ids[len(ids) - size :]]


def _type_of(encodings: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> str | None:
    """Which tensors encodings hold, None for lists."""
    first = encodings if isinstance(encodings, Mapping) else next(iter(encodings), {})
    return type_of(first.get("input_ids"))


def _say_nothing(length: int) -> None:
    """Take the place of a warning."""
