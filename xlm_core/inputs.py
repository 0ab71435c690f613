"""What models are given: names, shapes, and one set of checks for both frameworks.

The letters of shapes, used by every docstring of the library:

=======  ==========================  =======  ==========================
letter   size                        letter   size
=======  ==========================  =======  ==========================
``B``    texts in the batch          ``C``    width of one head, D / H
``T``    positions (of queries)      ``V``    vocabulary
``S``    positions of keys           ``N``    labels
``D``    emb_dim                     ``K``    choices
``F``    feed-forward width, 4 D     ``L``    layers
``H``    heads
=======  ==========================  =======  ==========================

Shapes are checked before a model computes, and cost nothing in a compiled graph. Of the values, those that would be
computed with in silence (`check_values`) are checked where they can be seen, in eager calls on a CPU; those that make a
look-up fail (`explain_failure`) are examined only once it has failed. Elsewhere `xlm_core.data.collate` is the guard.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypedDict, TypeVar

import numpy as np

from .config import XLMConfig
from .errors import InputError

T = TypeVar("T")

Sizes = tuple[int | None, ...]

PER_TEXT = (
    "input_ids",
    "attention_mask",
    "langs",
    "token_type_ids",
    "position_ids",
    "lengths",
    "inputs_embeds",
)
"""The inputs whose first axis is the batch."""

TABLES = {
    "input_ids": "vocab_size",
    "langs": "n_langs",
    "token_type_ids": "vocab_size",
    "position_ids": "max_position_embeddings",
}
"""The inputs that look rows up, and the config's field that says how many rows there are."""


class BodyInputs(TypedDict, Generic[T], total=False):
    """Everything that XLMModel takes besides ``input_ids``; a task model passes it on untouched."""

    attention_mask: T | None  # (B, T), 1 where a token is and 0 where padding is
    langs: T | None  # (B, T), language of each token
    token_type_ids: T | None  # (B, T), rows of the *word* table that are added, as in Hugging Face
    position_ids: T | None  # (B, T) or (1, T)
    lengths: T | None  # (B,), tokens in each text; instead of attention_mask
    cache: Any  # an XLMCache of past keys and values, for causal models
    head_mask: T | None  # (H,) or (L, H), factor of each head's probabilities
    inputs_embeds: T | None  # (B, T, D), instead of input_ids
    output_attentions: bool | None
    output_hidden_states: bool | None


@dataclass(frozen=True)
class Given:
    """Shape and kind of a tensor that a caller gave; sizes that a graph does not know are None."""

    shape: Sizes
    dtype: str


def check_shapes(config: XLMConfig, given: Mapping[str, Given]) -> int | None:
    """Hold what the body was given against the config and against each other, by shape and type alone; returns T.

    Raises: InputError naming the argument, what was expected and what came.
    """
    batch, size = batch_and_size(config, given)
    if "attention_mask" in given and "lengths" in given:
        raise InputError("`attention_mask` and `lengths` say the same thing; got both. Leave one out.")
    expected: dict[str, tuple[Sizes, ...]] = {
        "attention_mask": ((batch, size),),
        "langs": ((batch, size),),
        "token_type_ids": ((batch, size),),
        "position_ids": ((batch, size), (1, size)),
        "lengths": ((batch,),),
        "head_mask": ((config.n_heads,), (config.n_layers, config.n_heads)),
    }
    for name, shapes in expected.items():
        if name in given:
            check_shape(name, given[name], *shapes)
    _check_kinds(given)
    if "position_ids" not in given and size is not None and size > config.max_position_embeddings:
        raise InputError(
            f"a text must have at most `max_position_embeddings` = {config.max_position_embeddings} tokens; "
            f"got {size}. Truncate it: tokenizer(…, truncation=True, max_length={config.max_position_embeddings})."
        )
    return size


def all_inputs(given: Mapping[str, Any]) -> dict[str, Any]:
    """The tensors that the body was given by name, and None for those that it was not.

    Raises: TypeError for a name that it does not know, in Python's words.
    """
    known: dict[str, Any] = dict.fromkeys((*PER_TEXT, "head_mask"))
    for name in given.keys() - known.keys():
        raise TypeError(f"XLMModel.forward() got an unexpected keyword argument {name!r}")
    return {**known, **given}


def check_shape(name: str, given: Given, *allowed: Sizes) -> None:
    """Refuse a tensor of none of the allowed shapes; None fits any size.

    Raises: InputError.
    """
    if not any(_fits(given.shape, shape) for shape in allowed):
        wanted = " or ".join(_written(shape) for shape in allowed)
        raise InputError(f"`{name}` must have the shape {wanted}; got {_written(given.shape)}.")


def check_flag(name: str, value: object) -> None:
    """Refuse what is neither True nor False nor None: the string "false" would count as true.

    Raises: InputError.
    """
    if value is not None and not isinstance(value, bool):
        raise InputError(f"`{name}` must be True, False or None; got {value!r}.")


def check_dtype(dtype: object, allowed: Sequence[str]) -> str:
    """The name of a number format, if it is one of the allowed.

    Raises: InputError.
    """
    if dtype not in allowed:
        raise InputError(f"`dtype` must be one of {list(allowed)} or None; got {dtype!r}.")
    return str(dtype)


def check_whole_numbers(name: str, given: Given) -> None:
    """Refuse what is not a kind of whole number that both frameworks look up.

    Raises: InputError.
    """
    if given.dtype not in ("int32", "int64"):
        raise InputError(f"`{name}` must hold whole numbers, int32 or int64; got {given.dtype}.")


def check_values(config: XLMConfig, values: Mapping[str, np.ndarray], size: int | None) -> None:
    """Refuse values that would be computed with in silence, and wrongly; size is T.

    Raises: InputError naming the argument and the first culprit.

    Differs: Hugging Face multiplies the states by the mask's value (PyTorch) or adds 1e30 times its distance from 1 to
        the scores (TensorFlow), drops ``langs`` for a model without language embeddings, and takes any lengths.
    """
    check_padding(values, size)
    langs = values.get("langs")
    if langs is not None and not config.has_lang_embeddings and (wrong := first_wrong(langs != 0, langs)):
        raise InputError(f"`langs` must be 0 or left out for a model without language embeddings; got {wrong}.")


def check_padding(values: Mapping[str, np.ndarray], size: int | None) -> None:
    """Refuse a mask that is neither 0 nor 1, and lengths that no text of the batch can have; size is T.

    Raises: InputError.
    """
    mask = values.get("attention_mask")
    if mask is not None and (wrong := first_wrong((mask != 0) & (mask != 1), mask)):
        raise InputError(f"`attention_mask` must be 1 where a token is and 0 where padding is; got {wrong}.")
    lengths = values.get("lengths")
    if lengths is not None and size is not None and (wrong := first_wrong((lengths < 0) | (lengths > size), lengths)):
        raise InputError(f"`lengths` must be in [0, {size}], the width of the batch; got {wrong}.")


def check_ranges(config: XLMConfig, values: Mapping[str, np.ndarray]) -> None:
    """Refuse ids that are outside their table.

    Raises: InputError naming the argument, its limits and the first culprit.
    """
    for name, field in TABLES.items():
        array, limit = values.get(name), getattr(config, field)
        if array is not None and (wrong := first_wrong((array < 0) | (array >= limit), array)):
            raise InputError(f"`{name}` must be in [0, {limit}), see `config.{field}`; got {wrong}.")


def explain_failure(config: XLMConfig, values: Mapping[str, np.ndarray]) -> InputError:
    """The reason why a look-up failed."""
    try:
        check_ranges(config, values)
    except InputError as reason:
        return reason
    return InputError(
        f"every id must be in its table, see {sorted(TABLES)}; a look-up failed on a device that hides which."
    )


def batch_and_size(config: XLMConfig, given: Mapping[str, Given]) -> tuple[int | None, int | None]:
    """B and T, from whichever of the two inputs was given.

    Raises: InputError unless it is one of them, of the right shape.
    """
    both = [name for name in ("input_ids", "inputs_embeds") if name in given]
    if len(both) != 1:
        came = "both" if both else "neither"
        raise InputError(f"exactly one of `input_ids` and `inputs_embeds` must be given; got {came}.")
    first = given[both[0]]
    check_shape(both[0], first, (None, None) if both[0] == "input_ids" else (None, None, config.emb_dim))
    return first.shape[0], first.shape[1]


def check_choices(name: str, given: Given) -> None:
    """Refuse an input without an axis for the choices.

    Raises: InputError.
    """
    least = 2 if name == "lengths" else 3
    if len(given.shape) < least:
        raise InputError(
            f"`{name}` must have an axis for the choices, (B, K{', T' if least == 3 else ''}); "
            f"got {_written(given.shape)}."
        )


def first_wrong(wrong: np.ndarray, array: np.ndarray) -> str:
    """The first wrong value and where it stands; empty where none is."""
    places = np.argwhere(wrong)
    if not len(places):
        return ""
    place = tuple(int(index) for index in places[0])
    names = ("batch", "position")[: len(place)]
    where = ", ".join(f"{name} {index}" for name, index in zip(names, place, strict=True))
    return f"{array[place].item()} at {where}"


def signature_with_body(forward: Callable[..., Any]) -> inspect.Signature:
    """The signature of a task model, the body's inputs by name in place of ``**inputs``.

    Tools go by it that name what a model takes: torch.export its sizes, trainers the columns of a data set.
    """
    signature = inspect.signature(forward)
    own = [each for each in signature.parameters.values() if each.kind is not each.VAR_KEYWORD]
    keyword = inspect.Parameter.KEYWORD_ONLY
    body = [inspect.Parameter(name, keyword, default=None) for name in BodyInputs.__annotations__]
    return signature.replace(parameters=[*own, *body])


def _check_kinds(given: Mapping[str, Given]) -> None:
    """Ids are whole numbers of a kind that both frameworks look up; embeddings are real ones."""
    for name in (*TABLES, "lengths"):
        if name in given:
            check_whole_numbers(name, given[name])
    embeds = given.get("inputs_embeds")
    if embeds is not None and "float" not in embeds.dtype:
        raise InputError(f"`inputs_embeds` must hold real numbers; got {embeds.dtype}.")


def _fits(shape: Sizes, wanted: Sizes) -> bool:
    """Equal where both know the size."""
    same_rank = len(shape) == len(wanted)
    return same_rank and all(a is None or b is None or a == b for a, b in zip(shape, wanted, strict=True))


def _written(shape: Sizes) -> str:
    """(2, 7), with ``any`` for a size that is free."""
    sizes = ", ".join("any" if size is None else str(size) for size in shape)
    return f"({sizes},)" if len(shape) == 1 else f"({sizes})"
