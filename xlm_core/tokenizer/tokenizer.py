"""XLMTokenizer: from text to batches of ids, and back."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ..data.padding import check_side
from ..languages import Languages
from .additions import GrowingTokenizer
from .batches.lengths import UNLIMITED
from .batches.templates import check_input_format
from .calling import CallingTokenizer
from .learning import LearningTokenizer
from .pieces.bpe import BytePairEncoder
from .pieces.controls import ControlStrings
from .pieces.encoder import TextEncoder
from .pieces.memory import CACHE_SIZE
from .saving import SavingTokenizer
from .special_tokens import ADDITIONAL, MASK_ALIASES, ROLES, AddedToken, SpecialTokens, number_added_tokens
from .vocabularies.vocabulary import Vocabulary
from .words import WordSplitter
from .words.segmenters import SEGMENTERS, Segmenter

_OF_THE_ENCODER = frozenset(
    {"do_lowercase_and_remove_accent", "input_format", "mask_aliases", "segmenters", "split_special_tokens"}
)
"""Settings on which the encoder depends."""

_COMPUTED = frozenset({"_byte_pairs", "_encoder", "_forms", "_has_warned"})
"""What no pickle carries."""

_MOST_FORMS = 64
"""How many different calls are remembered."""

_UNUSUAL: Mapping[str, Any] = {
    "eos_token": None,
    "mask_aliases": True,
    "padding_side": "right",
    "split_special_tokens": False,
    "truncation_side": "right",
}
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


class XLMTokenizer(CallingTokenizer, GrowingTokenizer, SavingTokenizer, LearningTokenizer):
    """Moses words, in lower case without accents if the vocabulary is so, cut into byte-pair pieces.

    ``input_format`` is how texts become ids. ``"transformers-5"`` and ``"transformers-4"`` do it as that version of
    Hugging Face's library does: the older one lower-cases before Moses and returns token types. ``"original"``
    differs from the first in that texts begin with ``</s>``, as they did when the models were trained.

    ``mask_aliases`` lets ``[MASK]`` and ``<mask>`` in a text mean the mask token. ``added_tokens_decoder`` gives ids
    to further strings that are one token wherever they occur. ``segmenters`` are functions, by language, that cut a
    text into words where there are no rules for it. ``detect_language`` tells the language of a text, for calls with
    ``lang="auto"`` only. Each of the encoder's memories holds ``cache_size`` entries; 0 remembers nothing. These
    three are not written to files.

    Settings can be changed as attributes. A pickle has no memories, and a tokenizer that was used pickles to the same
    bytes as one that was not. Threads may share a tokenizer.

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
        eos_token: str | None = None,
        model_input_names: Sequence[str] | None = None,
        segmenters: Mapping[str, Segmenter] = MappingProxyType({}),
        detect_language: Callable[[str], str] | None = None,
        cache_size: int = CACHE_SIZE,
    ) -> None:
        self.special_tokens = SpecialTokens(
            unk_token, bos_token, sep_token, pad_token, cls_token, mask_token, (*additional_special_tokens,), eos_token
        )
        self.do_lowercase_and_remove_accent = do_lowercase_and_remove_accent
        self.input_format = input_format
        self.mask_aliases = mask_aliases
        self.model_max_length = UNLIMITED if model_max_length is None else model_max_length
        self.padding_side = check_side(padding_side, "padding_side")
        self.truncation_side = check_side(truncation_side, "truncation_side")
        self.split_special_tokens = split_special_tokens
        self.clean_up_tokenization_spaces = clean_up_tokenization_spaces
        self.segmenters = dict(segmenters)
        self.detect_language = detect_language
        self.name_or_path = ""
        self._model_input_names = None if model_input_names is None else [*model_input_names]
        self._cache_size = cache_size
        self._other_settings = {}
        self._languages = Languages(lang2id, id2lang)
        self._vocabulary = Vocabulary.read(Path(vocab_file), Path(merges_file), unk_token)
        self._added = dict(added_tokens_decoder or {})
        self._has_warned = False
        self._rebuild()

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        vars(self)["_forms"] = lru_cache(_MOST_FORMS, typed=True)(self._make_form)
        if name in _OF_THE_ENCODER and "_encoder" in vars(self):
            self._rebuild()

    def __getstate__(self) -> dict[str, Any]:
        """What was given, without what was computed from it."""
        given = {name: value for name, value in vars(self).items() if name not in _COMPUTED}
        return {**given, "special_tokens": replace(self.special_tokens), "_vocabulary": replace(self._vocabulary)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _has_warned=False)
        self._rebuild()

    def __repr__(self) -> str:
        languages = f", lang2id of {len(self._languages.lang2id)}" if self._languages else ""
        case = "lower case" if self.do_lower_case else "cased"
        name = f"{self.name_or_path!r}, " if self.name_or_path else ""
        return f"XLMTokenizer({name}{len(self)} tokens, {case}{languages}, input_format={self.input_format!r})"

    @property
    def is_fast(self) -> bool:
        """True: offsets and look-ups are there, as with Hugging Face's fast tokenizers."""
        return True

    @property
    def do_lower_case(self) -> bool:
        """Whether words are lower-cased and lose their accents."""
        return self.do_lowercase_and_remove_accent

    @property
    def lang2id(self) -> dict[str, int] | None:
        """Language code → id; None if the tokenizer was not told its languages."""
        return dict(self._languages.lang2id) or None

    @property
    def id2lang(self) -> dict[int, str] | None:
        """Language id → code; None if the tokenizer was not told its languages."""
        return dict(self._languages.id2lang) or None

    @property
    def lang_with_custom_tokenizer(self) -> set[str]:
        """The languages whose words a segmenter cuts, not Moses' rules."""
        return {*SEGMENTERS, *self.segmenters}

    @property
    def model_input_names(self) -> list[str]:
        """The columns that a call returns by default; can be set."""
        if self._model_input_names is not None:
            return [*self._model_input_names]
        token_type_ids = ["token_type_ids"] if self.input_format == "transformers-4" else []
        return ["input_ids", *token_type_ids, "attention_mask"]

    @model_input_names.setter
    def model_input_names(self, names: Sequence[str]) -> None:
        self._model_input_names = [*names]

    def bpe(self, token: str) -> str:
        """The pieces of one word, with spaces between them."""
        return " ".join(self._byte_pairs(token))

    def _rebuild(self) -> None:
        """Make what depends on settings and tokens anew; who is encoding goes on with the old."""
        check_input_format(self.input_format)
        self._added = number_added_tokens(self.special_tokens, self._added, self._vocabulary.ids)
        self._added_ids = {token.content: number for number, token in self._added.items()}
        aliases = dict.fromkeys(MASK_ALIASES, self.mask_token) if self.mask_aliases else {}
        self._byte_pairs = BytePairEncoder(
            self._vocabulary.ranks, self.get_vocab(), self.unk_token_id, cache_size=self._cache_size
        )
        self._encoder = TextEncoder(
            ControlStrings(self._added.values(), aliases),
            WordSplitter(self.do_lower_case, self.segmenters),
            self._byte_pairs,
            lowercase_first=self.do_lower_case and self.input_format == "transformers-4",
            cut_controls=not self.split_special_tokens,
            cache_size=self._cache_size,
        )

    def _settings(self) -> dict[str, Any]:
        unusual = [name for name, value in _UNUSUAL.items() if getattr(self, name) != value]
        languages = ["lang2id", "id2lang"] if self._languages else []
        names = {} if self._model_input_names is None else {"model_input_names": self._model_input_names}
        settings = {name: getattr(self, name) for name in (*_ALWAYS, *languages, *unusual)}
        return {**self._other_settings, **settings, **names}
