"""Facts of the released checkpoints, as data, and what their configs must say for the models to be what they are."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .errors import InputError, XLMWarning

if TYPE_CHECKING:
    from .config import XLMConfig

OWNER = "FacebookAI"
LICENCE = "cc-by-nc-4.0"
HUB_DEFAULTS = ("mended", "as-is")
AS_IS = '`hub_defaults="as-is"` keeps what the file says.'


@dataclass(frozen=True)
class Facts:
    """What is known of a released checkpoint, whatever its files say.

    ``is_causal`` says that it was trained on the next word only; ``is_cased`` that its words keep case and accents;
    ``max_vocab`` how many words of its vocabulary file it knows, None for all; ``dtype`` is the format of its numbers
    on the Hub.

    Source: README of facebookresearch/XLM and its get-data-nmt.sh, which neither lower-cases nor strips accents.
    """

    is_causal: bool = False
    is_cased: bool = False
    max_vocab: int | None = None
    dtype: str = "float32"
    licence: str = LICENCE


FACTS = {
    "xlm-clm-ende-1024": Facts(is_causal=True, is_cased=True),
    "xlm-clm-enfr-1024": Facts(is_causal=True, is_cased=True),
    "xlm-mlm-100-1280": Facts(is_cased=True, max_vocab=200_000, dtype="float16"),
    "xlm-mlm-17-1280": Facts(is_cased=True, max_vocab=200_000),
    "xlm-mlm-en-2048": Facts(),
    "xlm-mlm-ende-1024": Facts(is_cased=True),
    "xlm-mlm-enfr-1024": Facts(is_cased=True),
    "xlm-mlm-enro-1024": Facts(is_cased=True),
    "xlm-mlm-tlm-xnli15-1024": Facts(max_vocab=95_000),
    "xlm-mlm-xnli15-1024": Facts(max_vocab=95_000),
}
RELEASED = tuple(FACTS)

BUILT_IN = {"xlm-demo": "examples/xlm-demo"}
"""Name -> folder in a checkout of the sources."""


def repository_id(name: str) -> str:
    """The Hub id of a name: the old names without an owner are FacebookAI's, all others are as they are."""
    return f"{OWNER}/{name}" if name in RELEASED else name


def facts(name: str) -> Facts | None:
    """The facts of a released checkpoint, by its Hub id or its old name; None for all others."""
    return FACTS.get(name.removeprefix(f"{OWNER}/"))


def mend(config: XLMConfig, name: str) -> tuple[XLMConfig, str]:
    """The config of a released checkpoint with what it must say, and one sentence on what was changed.

    The files on the Hub call causal models bidirectional, mask with the id of ``<s>`` and name no end of text. A config
    that says so already, and one of any other checkpoint, comes back as it is, with an empty sentence.
    """
    known = facts(name)
    if known is None:
        return config, ""
    right = {
        "causal": known.is_causal,
        "mask_token_id": config.mask_index,
        "eos_token_id": config.eos_index,
    }
    wrong = {field: value for field, value in right.items() if getattr(config, field) != value}
    if not wrong:
        return config, ""
    changes = ", ".join(f"{field}={value} (was {getattr(config, field)})" for field, value in wrong.items())
    return config.replace(**wrong), f"The config of `{name}` was mended: {changes}. {AS_IS}"


def mended(config: XLMConfig, name: str, hub_defaults: str) -> XLMConfig:
    """The config of a checkpoint as `mend` leaves it, with a warning of what was changed; "as-is", as the file has it.

    Raises: InputError if ``hub_defaults`` is neither "mended" nor "as-is".
    """
    if _keeps(hub_defaults):
        return config
    right, sentence = mend(config, name)
    _say(sentence)
    return right


def mended_settings(settings: Mapping[str, Any], name: str, hub_defaults: str) -> dict[str, Any]:
    """A tokenizer's settings with the case that the checkpoint was trained with, and a warning if that is another.

    The files on the Hub lower-case the words of the models of two languages, which know capitals and accents.

    Raises: InputError if ``hub_defaults`` is neither "mended" nor "as-is".
    """
    known, field = facts(name), "do_lowercase_and_remove_accent"
    if _keeps(hub_defaults) or known is None or settings.get(field, True) == (not known.is_cased):
        return dict(settings)
    _say(f"The tokenizer of `{name}` was mended: {field}={not known.is_cased} (was {known.is_cased}). {AS_IS}")
    return {**settings, field: not known.is_cased}


def _keeps(hub_defaults: str) -> bool:
    if hub_defaults not in HUB_DEFAULTS:
        raise InputError(f"`hub_defaults` must be one of {list(HUB_DEFAULTS)}; got {hub_defaults!r}.")
    return hub_defaults == "as-is"


def _say(sentence: str) -> None:
    if sentence:
        warnings.warn(sentence, XLMWarning, stacklevel=5)
