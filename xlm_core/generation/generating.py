"""``generate``, for a model of either framework."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar

import numpy as np

from ..config import XLMConfig
from ..errors import InputError
from ..outputs import ModelOutput
from .beams import follow_beams
from .options import GenerationOptions, make_plan
from .search import Found, Step, follow
from .streamers import Streamer
from .texts import Texts, make_texts

T = TypeVar("T")
Mode = Literal["mask-append"]


class Reader(Protocol):
    """A model of either framework: the only part of generation that is not here."""

    def __call__(self, batch: Mapping[str, np.ndarray], rows: np.ndarray | None = None) -> np.ndarray:
        """Scores (R, V) at the last column of a batch, which follows what these rows of the last call had read."""
        ...


MakeReader = Callable[[int | None], Reader]
"""Makes a reader with a cache of so many tokens, or without."""


@dataclass(frozen=True, eq=False)
class GenerateOutput(ModelOutput[T]):
    """What ``generate`` returns with ``return_dict_in_generate``; R texts.

    sequences (R, T + N): the prompts as they were given, and the new tokens. With ``output_scores``: scores, for each
    step those that tokens were chosen from, (rows, V); and for beams sequences_scores (R,), the best texts' own. Beams
    also give beam_indices (R, N), which row of the scores each token came from, -1 after the end.
    """

    sequences: T
    scores: tuple[T, ...] | None = None
    sequences_scores: T | None = None
    beam_indices: T | None = None


def generate(
    config: XLMConfig,
    given: Mapping[str, np.ndarray],
    make_reader: MakeReader,
    options: GenerationOptions,
    *,
    mode: Mode | None,
    use_cache: bool,
    streamer: Streamer | None,
    output_scores: bool,
) -> GenerateOutput[np.ndarray]:
    """Check what was asked for, then search. given: input_ids, and attention_mask and langs where there are any.

    Raises: InputError naming what is impossible.
    """
    _check_mode(config, mode)
    if streamer is not None and options.num_beams > 1:
        raise InputError("`streamer` must be None with beams: which tokens stay is known only at the end.")
    if mode is not None:
        options, given = _as_hugging_face(config, options, given)
    texts, width = make_texts(config, given), given["input_ids"].shape[1]
    plan = make_plan(config, options, texts, width, extra=-1 if mode is None else 0)
    step = _step(config, make_reader, texts.ids.shape[1] + plan.new_tokens, mode, use_cache)
    if streamer is not None:
        streamer.put(given["input_ids"])
    if options.num_beams > 1:
        found = follow_beams(step, texts, plan, keep_scores=output_scores)
    else:
        found = follow(step, texts, plan, streamer, keep_scores=output_scores)
    if streamer is not None:
        streamer.end()
    return _output(given["input_ids"], found, options, output_scores)


def _check_mode(config: XLMConfig, mode: Mode | None) -> None:
    """Refuse what a model was not made for."""
    if mode not in (None, "mask-append"):
        raise InputError(f"`mode` must be None or 'mask-append'; got {mode!r}.")
    if mode is None and not config.causal:
        raise InputError(
            "`generate` needs a causal model, one with `config.causal`: this one was made to fill masks in a text, "
            "not to go on with it. To go on all the same, as Hugging Face does, with a mask after the text for each "
            'token: mode="mask-append".'
        )


def _as_hugging_face(
    config: XLMConfig, options: GenerationOptions, given: Mapping[str, np.ndarray]
) -> tuple[GenerationOptions, Mapping[str, np.ndarray]]:
    """What Hugging Face takes from the config where a caller says nothing: the language, and an end if it has one."""
    if options.eos_token_id is None and config.eos_token_id is None:
        options = GenerationOptions(**{**vars(options), "eos_token_id": ()})
    if "langs" not in given and config.lang_id is not None and config.has_lang_embeddings:
        given = {**given, "langs": np.full_like(given["input_ids"], config.lang_id)}
    return options, given


def _step(config: XLMConfig, make_reader: MakeReader, room: int, mode: Mode | None, use_cache: bool) -> Step:
    """How texts are read: only what is new, or all anew each time, with a mask after them."""
    if mode is not None:
        return _with_mask(
            make_reader(None), config.mask_index if config.mask_token_id is None else config.mask_token_id
        )
    return _from_cache(make_reader(room)) if use_cache else _anew(make_reader(None))


def _from_cache(read: Reader) -> Step:
    return lambda texts, rows: read(texts.inputs(None if rows is None else 1), rows)


def _anew(read: Reader) -> Step:
    return lambda texts, rows: read(texts.inputs())


def _with_mask(read: Reader, mask: int) -> Step:
    def step(texts: Texts, rows: np.ndarray | None) -> np.ndarray:
        return read(texts.grown(np.full(len(texts), mask)).inputs())

    return step


def _output(
    prompts: np.ndarray, found: Found, options: GenerationOptions, output_scores: bool
) -> GenerateOutput[np.ndarray]:
    """Prompts as they were given, each as often as there are continuations of it, and what follows."""
    repeated = np.repeat(prompts.astype(np.int64), options.num_return_sequences, axis=0)
    return GenerateOutput(
        sequences=np.concatenate([repeated, found.tokens], axis=1),
        scores=found.scores if output_scores else None,
        sequences_scores=found.sums if output_scores else None,
        beam_indices=found.beams,
    )


def read_arguments(options: Mapping[str, Any], *, return_dict: bool, output_scores: bool) -> GenerationOptions:
    """The options of a call.

    Raises: InputError for an impossible option; TypeError for one that does not exist.
    """
    if output_scores and not return_dict:
        raise InputError("`output_scores` has an effect only with return_dict_in_generate=True; set that, too.")
    return GenerationOptions(**options)
