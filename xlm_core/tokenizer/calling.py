"""From texts to batches: the call of the tokenizer, and the older names of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Unpack

from ..errors import InputError
from ..languages import Languages
from .assembling import AssemblingTokenizer
from .batches.columns import LangIds, first_row
from .batches.encoding import BatchEncoding
from .batches.lengths import Window
from .batches.look_ups import LateEncodings, Layout, RememberedEncodings
from .batches.reader import DEFAULT_LANG, ExampleReader, Ids, TextPieces, read_all
from .batches.request import CallOptions, Constants, Form
from .batches.texts import Example, Langs, is_batch, read_batch, read_one
from .pieces.encoder import TextEncoder

AUTO = "auto"
"""The language that asks ``detect_language``."""


class CallingTokenizer(AssemblingTokenizer):
    """A tokenizer that is called with texts."""

    detect_language: Callable[[str], str] | None
    _languages: Languages
    _encoder: TextEncoder

    def tokenize(
        self,
        text: str,
        pair: str | None = None,
        add_special_tokens: bool = False,
        *,
        lang: str | tuple[str, str] | None = None,
        bypass_tokenizer: bool = False,
    ) -> list[str]:
        """The tokens of a text or a pair, as they are spelt in it, with special tokens around them on request.

        ``lang`` chooses the rules by which words are split, None English ones. ``bypass_tokenizer`` takes the words
        as they stand between spaces, unchanged.

        Raises: InputError if the text is not one; LanguageError if the tokenizer has languages, but not this.
        """
        (example,) = self._settled(read_one(text, pair, False, lang))
        first, second, (first_lang, second_lang) = example
        tokens = self._tokens(first[0], first_lang, bypass_tokenizer)
        pair_tokens = None if second is None else self._tokens(second[0], second_lang, bypass_tokenizer)
        template = self._template(add_special_tokens)
        special = iter(self.convert_ids_to_tokens(template.wrap([], None if second is None else [])))
        return [next(special) if token is None else token for token in template.arrange(tokens, pair_tokens, None)]

    def encode(self, text: Any, text_pair: Any = None, **options: Unpack[CallOptions]) -> Any:
        """The ids of one text or pair; ``options`` are those of a call.

        Raises: InputError for a batch, and as a call does.
        """
        return self.encode_plus(text, text_pair, **options)["input_ids"]

    def encode_plus(self, text: Any, text_pair: Any = None, **options: Unpack[CallOptions]) -> BatchEncoding:
        """What a call gives for one text or pair; the older name of it.

        Raises: InputError for a batch, and as a call does.
        """
        if is_batch(text, options.get("is_split_into_words", False)):
            raise InputError(f"`encode` takes one text; got {len(text)}. Call the tokenizer itself for a batch.")
        return self(text, text_pair, **options)

    def batch_encode_plus(
        self, batch_text_or_text_pairs: Sequence[Any], **options: Unpack[CallOptions]
    ) -> BatchEncoding:
        """What a call gives for a batch of texts, or of tuples of two; the older name of it.

        Raises: InputError if it is no batch, and as a call does.
        """
        if not is_batch(batch_text_or_text_pairs, options.get("is_split_into_words", False)):
            raise InputError(f"`batch_encode_plus` takes a list of texts; got {batch_text_or_text_pairs!r}.")
        return self(batch_text_or_text_pairs, **options)

    def __call__(
        self,
        text: Any = None,
        text_pair: Any = None,
        text_target: Any = None,
        text_pair_target: Any = None,
        add_special_tokens: bool = True,
        padding: bool | str = False,
        truncation: bool | str | None = None,
        max_length: int | None = None,
        stride: int = 0,
        is_split_into_words: bool = False,
        pad_to_multiple_of: int | None = None,
        padding_side: str | None = None,
        return_tensors: str | None = None,
        return_token_type_ids: bool | None = None,
        return_attention_mask: bool | None = None,
        return_overflowing_tokens: bool = False,
        return_special_tokens_mask: bool = False,
        return_offsets_mapping: bool = False,
        return_length: bool = False,
        verbose: bool = True,
        *,
        lang: str | tuple[str, str] | Sequence[Any] | None = None,
        return_langs: bool | None = None,
        bypass_tokenizer: bool = False,
        reset_positions: bool = False,
        num_workers: int | None = None,
    ) -> BatchEncoding:
        """The ids of a text, a pair, or a batch of either, with the columns that go with them.

        ``lang`` is one code for all, a tuple of two for the texts of a pair, or a list with one of these for each
        text of a batch. If the tokenizer has languages, ``langs`` are then returned, too; ``return_langs`` insists or
        declines. ``"auto"`` asks the tokenizer's ``detect_language``.

        ``reset_positions`` adds ``position_ids`` that start again at the second text, as in translation language
        modelling; in the original's format both texts then have both their special tokens.

        None for ``truncation`` truncates longest first if a ``max_length`` is given that is not for padding.
        ``return_overflowing_tokens`` makes further rows of what does not fit, which overlap by ``stride`` tokens;
        ``overflow_to_sample_mapping`` says of which text each row is.

        ``return_offsets_mapping`` adds where each token stands in its text, ``return_length`` the lengths before
        padding. Other columns are returned or not as ``model_input_names`` says. ``text_target`` is encoded in the
        same way; its ids are the ``labels``, or all that is returned if there is no ``text``.

        ``num_workers`` encodes a batch in so many processes, which start for this call: for thousands of texts.

        Raises: InputError for what is no text and for arguments that contradict each other; LanguageError.
        Differs: where Hugging Face logs that it ignored an argument or could not truncate, this is an error.
        """
        form = self._form(
            add_special_tokens,
            padding,
            truncation,
            max_length,
            stride,
            pad_to_multiple_of,
            padding_side,
            return_tensors,
            return_token_type_ids,
            return_attention_mask,
            return_overflowing_tokens,
            return_special_tokens_mask,
            return_length,
            verbose,
            reset_positions,
            return_offsets_mapping,
            lang is not None,
            return_langs,
        )
        is_one_text = type(text) is str and text_pair is None and text_target is None
        is_read_by_rules = not (is_split_into_words or bypass_tokenizer or num_workers)
        has_known_lang = lang is None or (type(lang) is str and lang != AUTO and not self._languages)
        constants = form.constants
        if is_one_text and is_read_by_rules and has_known_lang and constants is not None:
            return self._encode_text(text, str(lang or DEFAULT_LANG), form, constants)
        reader = ExampleReader(self._encoder, is_split_into_words, bypass_tokenizer)
        encode = partial(self._encode, lang=lang, reader=reader, form=form, num_workers=num_workers)
        if text_target is None:
            return encode(text, text_pair)
        target = encode(text_target, text_pair_target)
        if text is None:
            return target
        encoding = encode(text, text_pair)
        encoding["labels"] = target["input_ids"]
        return encoding

    def _encode_text(self, text: str, lang: str, form: Form, constants: Constants) -> BatchEncoding:
        """What `_encode` gives for one text that only gets special tokens, by the shortest way: most calls are so."""
        encoder = self._encoder
        pieces = encoder.pieces(text, lang) if form.has_offsets else None
        ids = encoder.ids(text, lang) if pieces is None else pieces.ids
        row = form.template.wrap(ids)
        size = len(row)
        if size > self.model_max_length:
            form.warn(size)
        columns: dict[str, Any] = {"input_ids": row}
        for name, number in constants:
            columns[name] = [number] * size
        if pieces is not None:
            columns["offset_mapping"] = form.template.arrange(pieces.offsets, None, (0, 0))
        known = () if pieces is None else ((pieces, None),)
        rows = LateEncodings(self._rows_of_text, encoder, text, lang, len(ids), form, known)
        return BatchEncoding(columns, rows, n_sequences=1)

    def _rows_of_text(
        self, encoder: TextEncoder, text: str, lang: str, n_pieces: int, form: Form, pieces: Sequence[TextPieces]
    ) -> RememberedEncodings:
        reader = ExampleReader(encoder, has_words=False, bypass=False)
        example, window = Example((text,), None, (lang, lang)), Window(0, (0, n_pieces), None)
        return RememberedEncodings(reader, self._layout(form, length=0), [example], [window], pieces)

    def _layout(self, form: Form, length: int) -> Layout:
        return Layout(form.template, length, form.padding.side, form.pad_id, self.convert_ids_to_tokens)

    def _encode(
        self, text: Any, text_pair: Any, lang: Any, reader: ExampleReader, form: Form, num_workers: int | None
    ) -> BatchEncoding:
        is_many = is_batch(text, reader.has_words)
        read = read_batch if is_many else read_one
        examples = self._settled(read(text, text_pair, reader.has_words, lang))
        pieces = read_all(reader.pieces, examples, num_workers) if form.has_offsets else ()
        ids = list(map(_ids_of, pieces)) if pieces else read_all(reader.ids, examples, num_workers)
        columns, windows = self._assemble(ids, self._lang_ids(examples, form), form)
        length = form.padding.length([len(row) for row in columns["input_ids"]])
        layout = self._layout(form, length)
        if form.has_offsets:
            columns["offset_mapping"] = [layout.offsets(pieces[window.sample], window) for window in windows]
        rows = RememberedEncodings(reader, layout, examples, windows, pieces)
        has_axis = is_many or form.tensor_type is not None or form.truncation.overflows
        n_sequences = 2 if examples and examples[0].second is not None else 1
        return BatchEncoding(
            columns if has_axis else first_row(columns), rows, form.tensor_type, n_sequences=n_sequences
        )

    def _tokens(self, text: str, lang: str | None, bypass: bool) -> list[str]:
        if bypass:
            return self._encoder.tokens_of_words(text)
        return self._encoder.tokens(text, lang or DEFAULT_LANG)

    def _settled(self, examples: list[Example]) -> list[Example]:
        """The examples with languages that are known."""
        if all(example.langs == (None, None) for example in examples):
            return examples
        return [example._replace(langs=self._langs(example)) for example in examples]

    def _langs(self, example: Example) -> Langs:
        (first, second), texts = example.langs, example.second
        lang = self._lang(first, example.first)
        return lang, lang if texts is None else self._lang(second, texts)

    def _lang(self, lang: str | None, strings: Sequence[str]) -> str | None:
        if lang == AUTO:
            lang = self._detected(" ".join(strings))
        if lang is not None and self._languages:
            self._languages.id(lang)
        return lang

    def _detected(self, text: str) -> str:
        if self.detect_language is None:
            raise InputError(
                "`lang='auto'` needs a tokenizer with `detect_language`, a function from a text to a language code; "
                "this one has none. Give the language, or the function."
            )
        return self.detect_language(text)

    def _lang_ids(self, examples: Sequence[Example], form: Form) -> LangIds:
        if "langs" not in form.columns:
            return ()
        if any(lang is None for example in examples for lang in example.langs):
            raise InputError("`langs` can be returned only if `lang` is given for every text; got None.")
        number = self._languages.id
        return [(number(str(first)), number(str(second))) for _, _, (first, second) in examples]


def _ids_of(pieces: TextPieces) -> Ids:
    first, second = pieces
    return first.ids, None if second is None else second.ids
