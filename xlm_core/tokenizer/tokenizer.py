"""XLMTokenizer: from text to batches of ids."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from ..data.padding import check_side
from ..errors import FetchError, InputError
from ..languages import Languages
from .bpe import BytePairEncoder
from .columns import Columns, build_row, columns_of, gather, pad
from .controls import ControlStrings
from .decoding import TokenConverter
from .encoder import TextEncoder
from .encoding import BatchEncoding
from .lengths import UNLIMITED, Truncation, check_multiple, padding_of, truncation_of
from .settings import read_settings, write_settings
from .special_tokens import (
    ADDITIONAL,
    MASK_ALIASES,
    ROLES,
    AddedToken,
    SpecialTokens,
    number_added_tokens,
)
from .templates import NoTemplate, OriginalTemplate, Template, check_input_format
from .texts import Example, check_text, is_batch, read_batch, read_one
from .vocabulary import MERGES_FILE, VOCAB_FILE, Vocabulary
from .words import WordSplitter

_DEFAULT_LANG = "en"
_USUAL = {"mask_aliases": True, "padding_side": "right", "split_special_tokens": False, "truncation_side": "right"}
"""Settings that are written to a file only if they differ from this."""

_ALWAYS = (
    *ROLES,
    "added_tokens_decoder",
    "additional_special_tokens",
    "clean_up_tokenization_spaces",
    "do_lowercase_and_remove_accent",
    "input_format",
    "model_max_length",
)


class XLMTokenizer(TokenConverter):
    """Moses words, in lower case without accents if the vocabulary is so, cut into byte-pair pieces.

    ``input_format`` is how texts become ids. ``"transformers-5"`` and ``"transformers-4"`` do it as that version of
    Hugging Face's library does: the older one lower-cases before Moses and returns token types. ``"original"``
    differs from the first in that texts begin with ``</s>``, as they did when the models were trained.

    ``mask_aliases`` lets ``[MASK]`` and ``<mask>`` in a text mean the mask token. ``added_tokens_decoder`` gives ids
    to further strings that are one token wherever they occur.

    Differs: ``lang`` and ``bypass_tokenizer`` have an effect; token types are returned on request only.

    >>> tokenizer = XLMTokenizer.from_pretrained("xlm-demo")
    >>> tokenizer("A man.", lang="en").input_ids
    [0, 20, 45, 14, 1]
    """

    def __init__(
        self,
        vocab_file: str | os.PathLike[str],
        merges_file: str | os.PathLike[str],
        unk_token: str = "<unk>",
        bos_token: str = "<s>",
        sep_token: str = "</s>",
        pad_token: str = "<pad>",
        cls_token: str = "</s>",
        mask_token: str = "<special1>",
        additional_special_tokens: Sequence[str] = ADDITIONAL,
        lang2id: Mapping[str, int] | None = None,
        id2lang: Mapping[int, str] | None = None,
        do_lowercase_and_remove_accent: bool = True,
        *,
        input_format: str = "transformers-5",
        mask_aliases: bool = True,
        model_max_length: int | None = None,
        padding_side: str = "right",
        truncation_side: str = "right",
        split_special_tokens: bool = False,
        clean_up_tokenization_spaces: bool = False,
        added_tokens_decoder: Mapping[int, AddedToken] | None = None,
    ) -> None:
        self.special_tokens = SpecialTokens(
            unk_token, bos_token, sep_token, pad_token, cls_token, mask_token, tuple(additional_special_tokens)
        )
        self.do_lowercase_and_remove_accent = do_lowercase_and_remove_accent
        self.input_format = check_input_format(input_format)
        self.model_max_length = UNLIMITED if model_max_length is None else model_max_length
        self.padding_side = check_side(padding_side, "padding_side")
        self.truncation_side = check_side(truncation_side, "truncation_side")
        self.split_special_tokens = split_special_tokens
        self.clean_up_tokenization_spaces = clean_up_tokenization_spaces
        self._languages = Languages(lang2id, id2lang)
        self._vocabulary = Vocabulary.read(Path(vocab_file), Path(merges_file), unk_token)
        self._added = number_added_tokens(self.special_tokens, added_tokens_decoder or {}, self._vocabulary.ids)
        self._added_ids = {token.content: number for number, token in self._added.items()}
        aliases = dict.fromkeys(MASK_ALIASES, mask_token) if mask_aliases else {}
        self._controls = ControlStrings(self._added.values(), aliases)
        self._bpe = BytePairEncoder(self._vocabulary.ranks)
        self._words = WordSplitter(self.do_lower_case)
        self._mask_aliases = mask_aliases
        self._other_settings: dict[str, Any] = {}

    @classmethod
    def from_pretrained(
        cls,
        name_or_path: str | os.PathLike[str],
        *,
        revision: str | None = None,
        subfolder: str = "",
        cache_dir: str | os.PathLike[str] | None = None,
        token: str | bool | None = None,
        local_files_only: bool = False,
        **overrides: Any,
    ) -> Self:
        """The tokenizer of a folder or a repository on the Hub; ``overrides`` are arguments of the constructor.

        Keys of `tokenizer_config.json` that are not arguments are kept and written back.

        Raises: FetchError if a file is missing, VocabularyError if one is damaged.
        """
        from ..hub import locate

        repository = locate(
            name_or_path,
            revision=revision,
            subfolder=subfolder,
            cache_dir=cache_dir,
            token=token,
            local_files_only=local_files_only,
        )
        settings = read_settings(repository)
        arguments = {name: settings.pop(name) for name in _arguments(cls) if name in settings}
        tokenizer = cls(repository.file(VOCAB_FILE), repository.file(MERGES_FILE), **{**arguments, **overrides})
        tokenizer._other_settings = settings
        return tokenizer

    def save_pretrained(
        self, save_directory: str | os.PathLike[str], filename_prefix: str | None = None
    ) -> tuple[str, ...]:
        """Write the vocabulary and the settings, as Hugging Face lays them out, and return the paths."""
        folder = Path(save_directory)
        folder.mkdir(parents=True, exist_ok=True)
        prefix = f"{filename_prefix}-" if filename_prefix else ""
        settings = write_settings(folder, prefix, self._settings(), self.vocab_size)
        return (*map(str, settings), *self.save_vocabulary(folder, filename_prefix))

    def save_vocabulary(
        self, save_directory: str | os.PathLike[str], filename_prefix: str | None = None
    ) -> tuple[str, str]:
        """Write `vocab.json` and `merges.txt` into a folder that is there, and return their paths.

        Raises: FetchError if there is no such folder. Differs: Hugging Face logs this and returns None.
        """
        folder = Path(save_directory)
        if not folder.is_dir():
            raise FetchError(f"`save_directory` must be a folder; there is none at `{folder}`. Make it first.")
        prefix = f"{filename_prefix}-" if filename_prefix else ""
        vocab_file, merges_file = folder / f"{prefix}{VOCAB_FILE}", folder / f"{prefix}{MERGES_FILE}"
        self._vocabulary.write(vocab_file, merges_file)
        return str(vocab_file), str(merges_file)

    @property
    def do_lower_case(self) -> bool:
        """Whether words are lower-cased and lose their accents."""
        return self.do_lowercase_and_remove_accent

    @property
    def mask_aliases(self) -> bool:
        """Whether ``[MASK]`` and ``<mask>`` in a text mean the mask token."""
        return self._mask_aliases

    @property
    def lang2id(self) -> dict[str, int] | None:
        """Language code → id; None if the tokenizer was not told its languages."""
        return dict(self._languages.lang2id) or None

    @property
    def id2lang(self) -> dict[int, str] | None:
        """Language id → code; None if the tokenizer was not told its languages."""
        return dict(self._languages.id2lang) or None

    @property
    def model_input_names(self) -> list[str]:
        """The columns that a call returns by default."""
        token_type_ids = ["token_type_ids"] if self.input_format == "transformers-4" else []
        return ["input_ids", *token_type_ids, "attention_mask"]

    def tokenize(self, text: str, lang: str | None = None, bypass_tokenizer: bool = False) -> list[str]:
        """The tokens of one text, without those that a template adds.

        ``lang`` chooses the rules by which words are split, None English ones. ``bypass_tokenizer`` takes the words
        as they stand between spaces, unchanged.

        Raises: InputError if the text is not one; LanguageError if the tokenizer has languages, but not this.
        """
        check_text(text)
        if lang is not None and self._languages:
            self._languages.id(lang)
        if bypass_tokenizer:
            return self._encoder.tokens_of_words(text)
        return self._encoder.tokens(text, _DEFAULT_LANG if lang is None else lang)

    def encode(self, text: str | Sequence[str], text_pair: str | Sequence[str] | None = None, **options: Any) -> Any:
        """The ids of one text or pair; ``options`` are those of a call."""
        if is_batch(text, is_split_into_words=bool(options.get("is_split_into_words"))):
            raise InputError(f"`encode` takes one text; got {len(text)}. Call the tokenizer itself for a batch.")
        return self(text, text_pair, **options)["input_ids"]

    def __call__(
        self,
        text: Any,
        text_pair: Any = None,
        *,
        add_special_tokens: bool = True,
        padding: bool | str = False,
        truncation: bool | str | None = None,
        max_length: int | None = None,
        pad_to_multiple_of: int | None = None,
        padding_side: str | None = None,
        is_split_into_words: bool = False,
        return_tensors: str | None = None,
        return_token_type_ids: bool | None = None,
        return_attention_mask: bool | None = None,
        return_special_tokens_mask: bool = False,
        return_length: bool = False,
        lang: str | tuple[str, str] | Sequence[Any] | None = None,
        return_langs: bool | None = None,
        bypass_tokenizer: bool = False,
    ) -> BatchEncoding:
        """The ids of a text, a pair, or a batch of either, with the columns that go with them.

        ``lang`` is one code for all, a tuple of two for the texts of a pair, or a list with one of these for each
        text of a batch. If the tokenizer has languages, ``langs`` are then returned, too; ``return_langs`` insists or
        declines. ``return_length`` adds the lengths before padding. Other columns are returned or not as
        ``model_input_names`` says.

        None for ``truncation`` truncates longest first if a ``max_length`` is given that is not for padding.

        Raises: InputError for what is no text and for arguments that contradict each other; LanguageError.
        Differs: where Hugging Face logs that it ignored an argument or could not truncate, this is an error.
        """
        side = self.padding_side if padding_side is None else padding_side
        padder = padding_of(padding, max_length, self.model_max_length, pad_to_multiple_of, side)
        truncator = truncation_of(truncation, max_length, self.model_max_length, padder.strategy, self.truncation_side)
        check_multiple(truncator, padder)
        wanted = {
            "token_type_ids": return_token_type_ids,
            "attention_mask": return_attention_mask,
            "special_tokens_mask": return_special_tokens_mask,
            "langs": self._returns_langs(lang, return_langs),
        }
        names = ["input_ids", *(name for name, answer in wanted.items() if self._returns(name, answer))]
        template = self._template if add_special_tokens else NoTemplate()
        is_many = is_batch(text, is_split_into_words)
        read = read_batch if is_many else _read_single
        rows = [
            self._build_row(example, template, truncator, names, bypass_tokenizer)
            for example in read(text, text_pair, is_split_into_words, lang)
        ]
        columns = gather(rows, names)
        lengths = {"length": [len(row) for row in columns["input_ids"]]} if return_length else {}
        return _finish({**pad(columns, padder, self.pad_token_id), **lengths}, is_many, return_tensors)

    def pad(
        self,
        encoded_inputs: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        padding: bool | str = True,
        max_length: int | None = None,
        pad_to_multiple_of: int | None = None,
        padding_side: str | None = None,
        return_attention_mask: bool | None = None,
        return_tensors: str | None = None,
    ) -> BatchEncoding:
        """Encodings, single ones in a list or a batch of them, as one batch with rows of one length.

        Columns that have no number for each token are left as they are. An attention mask is made if there is none.

        Raises: InputError if there are no `input_ids`, or the encodings have different columns.
        """
        side = self.padding_side if padding_side is None else padding_side
        padder = padding_of(padding, max_length, self.model_max_length, pad_to_multiple_of, side)
        columns, is_many = columns_of(encoded_inputs)
        if "attention_mask" not in columns and return_attention_mask is not False:
            columns["attention_mask"] = [[1] * len(row) for row in columns["input_ids"]]
        return _finish(pad(columns, padder, self.pad_token_id), is_many, return_tensors)

    def build_inputs_with_special_tokens(
        self, token_ids_0: Sequence[int], token_ids_1: Sequence[int] | None = None
    ) -> list[int]:
        """The ids of one text or two with the special tokens of the format around them."""
        return self._template.wrap(token_ids_0, token_ids_1)

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
            return self._template.special_tokens_mask(len(token_ids_0), _length(token_ids_1))
        if token_ids_1 is not None:
            raise InputError("`token_ids_1` must be None with `already_has_special_tokens=True`: one row holds both.")
        special = set(self.all_special_ids)
        return [int(number in special) for number in token_ids_0]

    def create_token_type_ids_from_sequences(
        self, token_ids_0: Sequence[int], token_ids_1: Sequence[int] | None = None
    ) -> list[int]:
        """0 for the first text and the special tokens around it, 1 for the second."""
        return self._template.token_type_ids(len(token_ids_0), _length(token_ids_1))

    def num_special_tokens_to_add(self, pair: bool = False) -> int:
        """How many special tokens one text gets, or a pair."""
        return self._template.n_special(pair)

    @property
    def _encoder(self) -> TextEncoder:
        return TextEncoder(
            self._controls,
            self._words,
            self._bpe,
            lowercase_first=self.do_lower_case and self.input_format == "transformers-4",
            cut_controls=not self.split_special_tokens,
        )

    @property
    def _template(self) -> Template:
        if self.input_format == "original":
            return OriginalTemplate(self.sep_token_id, self.sep_token_id)
        return Template(self.bos_token_id, self.sep_token_id)

    def _build_row(
        self, example: Example, template: Template, truncator: Truncation, names: Sequence[str], bypass: bool
    ) -> dict[str, list[int]]:
        first = self._ids(example.first, example.langs[0], bypass)
        second = None if example.second is None else self._ids(example.second, example.langs[1], bypass)
        first, second = truncator.apply(first, second, template.n_special(second is not None))
        langs = self._lang_ids(example) if "langs" in names else (0, 0)
        return build_row(template, first, second, langs, names)

    def _ids(self, texts: Sequence[str], lang: str | None, bypass: bool) -> list[int]:
        return [number for text in texts for number in self.convert_tokens_to_ids(self.tokenize(text, lang, bypass))]

    def _lang_ids(self, example: Example) -> tuple[int, int]:
        first, second = example.langs
        if first is None or second is None:
            raise InputError("`langs` can be returned only if `lang` is given for every text; got None.")
        return self._languages.id(first), self._languages.id(second)

    def _returns(self, name: str, answer: bool | None) -> bool:
        return name in self.model_input_names if answer is None else answer

    def _returns_langs(self, lang: Any, answer: bool | None) -> bool:
        if answer and not self._languages:
            raise InputError("`return_langs=True` needs a tokenizer with `lang2id`; this one has no languages.")
        return bool(self._languages) and lang is not None if answer is None else answer

    def _settings(self) -> dict[str, Any]:
        """What the constructor needs to build this tokenizer again, and what the files held besides."""
        unusual = [name for name, value in _USUAL.items() if getattr(self, name) != value]
        languages = ["lang2id", "id2lang"] if self._languages else []
        return {**self._other_settings, **{name: getattr(self, name) for name in (*_ALWAYS, *languages, *unusual)}}


def _arguments(tokenizer: type) -> list[str]:
    """The names of the constructor's arguments that are not files."""
    names = list(inspect.signature(tokenizer).parameters)
    return [name for name in names if name not in ("vocab_file", "merges_file")]


def _read_single(text: Any, text_pair: Any, is_split_into_words: bool, lang: Any) -> list[Example]:
    return [read_one(text, text_pair, is_split_into_words, lang)]


def _finish(columns: Columns, is_many: bool, return_tensors: str | None) -> BatchEncoding:
    """A batch, or the only row of one; tensors always have the axis of the batch."""
    if is_many or return_tensors is not None:
        return BatchEncoding(columns).convert_to_tensors(return_tensors)
    return BatchEncoding({name: rows[0] for name, rows in columns.items()})


def _length(ids: Sequence[int] | None) -> int | None:
    return None if ids is None else len(ids)
