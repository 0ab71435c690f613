"""How to go on with a text: the options of ``generate``, with Hugging Face's names and defaults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, TypedDict

import numpy as np

from ..config import XLMConfig
from ..errors import InputError
from ..fields import Rule, check, flag, real, whole
from .texts import Texts

DEFAULT_NEW_TOKENS = 20

_SAMPLING = ("temperature", "top_k", "top_p")
_BEAMS = ("length_penalty", "early_stopping")


def _positive(default: float) -> Any:
    """A number > 0."""
    return field(default=default, metadata={"rule": Rule((int, float), "a number > 0", low=5e-324, high=1e300)})


class GenerationArguments(TypedDict, total=False):
    """The fields of `GenerationOptions`, as keywords."""

    max_new_tokens: int | None
    max_length: int | None
    min_new_tokens: int | None
    do_sample: bool
    temperature: float
    top_k: int | None
    top_p: float
    seed: int | None
    num_beams: int
    length_penalty: float
    early_stopping: bool | Literal["never"]
    num_return_sequences: int
    repetition_penalty: float
    no_repeat_ngram_size: int
    bad_words_ids: Sequence[Sequence[int]] | None
    eos_token_id: int | Sequence[int] | None
    pad_token_id: int | None


@dataclass(frozen=True)
class GenerationOptions:
    """What ``generate`` may be asked for.

    How long: max_new_tokens, or max_length, which counts the width of the prompts too; without both 20 new tokens, or
    as many as there are positions for. No text ends before min_new_tokens. eos_token_id: the token or tokens that end a
    text; None is the config's ``eos_token_id`` or else its ``eos_index``, and an empty list lets nothing end a text.
    pad_token_id: what follows the end; None is the config's ``pad_index``.

    Which token: the likeliest one, or with do_sample one drawn by its probability, with the scores divided by
    temperature, among the top_k likeliest (None or 0: all) and the fewest of them that have top_p of the probability
    together. What is drawn depends on the seed alone, in both frameworks; None draws anew each time.

    With num_beams > 1, that many continuations are followed at a time, and the best of those that ended are given: by
    the sum of the logarithms of their probabilities divided by their number of new tokens to the power length_penalty.
    early_stopping: True stops as soon as there are num_beams of them, False when a better one is unlikely, "never" when
    it is impossible. do_sample draws continuations instead.

    num_return_sequences: how many continuations of each prompt, drawn or the best of the beams.

    What is not wanted: repetition_penalty > 1 lowers the scores of tokens that the text has, no_repeat_ngram_size = n
    lets no n tokens in a row come twice, bad_words_ids lists ids, or ids in a row, that must not be written.

    Raises: InputError naming the option that is impossible, or that would have no effect.

    Differs: Hugging Face ignores, with a line in its log, temperature, top_k and top_p without do_sample,
        length_penalty and early_stopping without beams, and max_length beside max_new_tokens; its XLM never stops at an
        end unless told to.
    """

    max_new_tokens: int | None = whole(None, 1, optional=True)
    max_length: int | None = whole(None, 1, optional=True)
    min_new_tokens: int | None = whole(None, optional=True)
    do_sample: bool = flag(False)
    temperature: float = _positive(1.0)
    top_k: int | None = whole(50, optional=True)
    top_p: float = field(default=1.0, metadata={"rule": Rule((int, float), "a number in (0, 1]", low=5e-324, high=1)})
    seed: int | None = whole(None, optional=True)
    num_beams: int = whole(1, 1)
    length_penalty: float = real(1.0, -1e300)
    early_stopping: bool | Literal["never"] = False
    num_return_sequences: int = whole(1, 1)
    repetition_penalty: float = _positive(1.0)
    no_repeat_ngram_size: int = whole(0)
    bad_words_ids: Sequence[Sequence[int]] | None = None
    eos_token_id: int | Sequence[int] | None = None
    pad_token_id: int | None = whole(None, optional=True)

    def __post_init__(self) -> None:
        check(self, InputError)
        if not (isinstance(self.early_stopping, bool) or self.early_stopping == "never"):
            raise InputError(f"`early_stopping` must be True, False or 'never'; got {self.early_stopping!r}.")
        self._check_together()
        self._refuse_without_effect(_SAMPLING, "do_sample=True", self.do_sample)
        self._refuse_without_effect(_BEAMS, "num_beams > 1", self.num_beams > 1)

    def _check_together(self) -> None:
        """Refuse values that are fine alone and impossible together."""
        if self.max_new_tokens is not None and self.max_length is not None:
            raise InputError("`max_new_tokens` and `max_length` say the same thing; got both. Leave one out.")
        searched = self.num_beams > 1 or not self.do_sample
        if searched and self.num_return_sequences > self.num_beams:
            raise InputError(
                f"`num_return_sequences` must be at most `num_beams`; got {self.num_return_sequences} and "
                f"{self.num_beams}. For more, follow more beams, or draw: do_sample=True, num_beams=1."
            )

    def _refuse_without_effect(self, names: Sequence[str], needed: str, given: bool) -> None:
        """An argument without effect is a mistake that nobody sees."""
        defaults = {each.name: each.default for each in fields(self)}
        for name in names:
            value = getattr(self, name)
            if not given and value != defaults[name]:
                raise InputError(
                    f"`{name}` has an effect only with {needed}; got {value!r}. Add that, or leave it out."
                )


@dataclass(frozen=True)
class Plan:
    """Options for certain prompts and a certain model: nothing is left open."""

    options: GenerationOptions
    new_tokens: int
    ends: tuple[int, ...]
    padding: int
    bad_words: tuple[tuple[int, ...], ...]


def make_plan(config: XLMConfig, options: GenerationOptions, texts: Texts, width: int, *, extra: int) -> Plan:
    """Fill in what options leave to the model. width: of the prompts as they were given.

    extra: positions that are needed besides those of prompts and new tokens.

    Raises: InputError for ids that the model lacks, and for more tokens than it has positions for.
    """
    ends = _ids("eos_token_id", config, _end(config) if options.eos_token_id is None else options.eos_token_id)
    padding = _ids("pad_token_id", config, config.pad_index if options.pad_token_id is None else options.pad_token_id)
    new_tokens = _new_tokens(config, options, int(texts.lengths.max()), width, extra)
    if (options.min_new_tokens or 0) > new_tokens:
        raise InputError(
            f"`min_new_tokens` must be at most the number of new tokens, {new_tokens}; got {options.min_new_tokens}."
        )
    words = () if options.bad_words_ids is None else _bad_words(config, options.bad_words_ids)
    unending = tuple(word for word in words if len(word) > 1 or word[0] not in ends)
    return Plan(options, new_tokens, ends, padding[0], unending)


def _end(config: XLMConfig) -> int:
    """What ends a text unless a caller says otherwise."""
    return config.eos_index if config.eos_token_id is None else config.eos_token_id


def _new_tokens(config: XLMConfig, options: GenerationOptions, longest: int, width: int, extra: int) -> int:
    """How many tokens to write at most."""
    room = config.max_position_embeddings - longest - extra
    wanted = options.max_new_tokens
    if options.max_length is not None:
        wanted = options.max_length - width
        if wanted < 1:
            raise InputError(
                f"`max_length` must be more than the width of the prompts, {width}; got {options.max_length}. "
                "Say `max_new_tokens` to count new tokens alone."
            )
    if wanted is None:
        wanted = max(1, min(DEFAULT_NEW_TOKENS, room))
    if wanted > room:
        raise InputError(
            f"the longest prompt and its new tokens must fit into `max_position_embeddings` = "
            f"{config.max_position_embeddings}; got {longest} and {wanted}. Ask for {max(room, 0)} new tokens at most, "
            "or shorten the prompt."
        )
    return wanted


def _ids(name: str, config: XLMConfig, given: Any) -> tuple[int, ...]:
    """One id or several.

    Raises: InputError.
    """
    several = isinstance(given, (Sequence, np.ndarray)) and not isinstance(given, (str, bytes))
    ids = tuple(given) if several else (given,)
    for each in ids:
        if not isinstance(each, (int, np.integer)) or isinstance(each, bool) or not 0 <= each < config.vocab_size:
            raise InputError(f"`{name}` must be in [0, {config.vocab_size}), see `config.vocab_size`; got {each!r}.")
    return tuple(int(each) for each in ids)


def _bad_words(config: XLMConfig, given: Any) -> tuple[tuple[int, ...], ...]:
    """Lists of ids, none of them empty.

    Raises: InputError.
    """
    listed = isinstance(given, (list, tuple)) and all(isinstance(word, (list, tuple)) for word in given)
    if not listed or not given or not all(given):
        raise InputError(f"`bad_words_ids` must be lists of ids in a list, none of them empty; got {given!r}.")
    return tuple(_ids("bad_words_ids", config, word) for word in given)
