"""Going on with a text. Mirror: xlm_torch/generation.py."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Unpack

import keras
import numpy as np
import tensorflow as tf

from xlm_core.generation import GenerateOutput, GenerationArguments, Streamer, generate
from xlm_core.generation.generating import Mode, read_arguments

from .cache import State, XLMCache
from .tensors import Tensor, described


class Generation:
    """What a language model writes."""

    traced_step: Any = None

    def generate(
        self: Any,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        langs: Tensor | None = None,
        *,
        streamer: Streamer | None = None,
        use_cache: bool = True,
        mode: Mode | None = None,
        return_dict_in_generate: bool = False,
        output_scores: bool = False,
        **options: Unpack[GenerationArguments],
    ) -> Tensor | GenerateOutput[Tensor]:
        """Go on with prompts, input_ids (B, T) -> (R, T + N), the prompts as they were given and then the new tokens.

        attention_mask (B, T) is 1 where a token is; padding may be on either side, and without a mask it is
        ``config.pad_index``. langs: the language of each token (B, T), or of each text (B,); new tokens have that of
        the last one. Each prompt gives what it gives alone; R is B unless ``num_return_sequences`` asks for more.
        `GenerationOptions` has all other options: how long, which token, what not.

        streamer: told of the tokens as they are chosen. use_cache: False reads the whole text anew for each token, for
        the same result. ``return_dict_in_generate`` gives a `GenerateOutput`, with scores if ``output_scores``.

        mode: ``"mask-append"`` does what Hugging Face does with every XLM: the next token is what a model writes at a
        mask after the text, ``config.mask_token_id``, in the language ``config.lang_id`` unless langs are given. It is
        the only way for a model that is not causal, and slow, since nothing can be kept.

        Raises: InputError for prompts and options that are impossible, before anything is computed; TypeError for an
            option that does not exist.

        Differs: Hugging Face always appends a mask, whose id is 0 in the released configs, looks at padding, and never
            stops at an end unless told to.
        """
        read = read_arguments(options, return_dict=return_dict_in_generate, output_scores=output_scores)
        given = {"input_ids": input_ids, "attention_mask": attention_mask, "langs": langs}
        output = generate(
            self.config,
            {name: _to_array(name, x) for name, x in given.items() if x is not None},
            lambda size: _Reader(self, size),
            read,
            mode=mode,
            use_cache=use_cache,
            streamer=streamer,
            output_scores=output_scores,
        )
        found = _to_tensors(output)
        return found if return_dict_in_generate else found.sequences


BLOCK = 64
"""A cache has room for a multiple of so many tokens, so that few graphs serve all lengths."""


class _Reader:
    """Calls a model with numpy arrays, and gives the scores at the last column."""

    def __init__(self, model: Any, size: int | None) -> None:
        self.model, self.cache = model, None if size is None else XLMCache(-(-size // BLOCK) * BLOCK)

    def __call__(self, batch: Mapping[str, np.ndarray], rows: np.ndarray | None = None) -> np.ndarray:
        """Scores (R, V), after what these rows of the last call had read."""
        tensors = {name: tf.constant(x) for name, x in batch.items()}
        if self.cache is None or rows is None:
            return _last_scores(self.model, tensors, self.cache).numpy()
        if len(rows) != self.cache.batch_size:
            self.cache.select(tf.constant(rows))
            rows = np.arange(len(rows))
        scores, state = _traced_step(self.model)(self.cache.state(), tensors, tf.constant(rows))
        self.cache = XLMCache.of_state(*state)
        return scores.numpy()


@dataclass(frozen=True)
class _Traced:
    """A graph's function, and the variables that it was made of."""

    variables: list[keras.Variable]
    function: Any

    def is_of(self, model: Any) -> bool:
        """Whether the model still has these variables: pruning, resizing and adapters give it others."""
        now = model.variables
        return len(now) == len(self.variables) and all(map(operator.is_, now, self.variables))


def _traced_step(model: Any) -> Any:
    """One token for each text as one graph, made anew for every number of texts and size of cache."""
    if model.traced_step is None or not model.traced_step.is_of(model):
        model.traced_step = _Traced(model.variables, tf.function(partial(_step, model)))
    return model.traced_step.function


def _step(model: Any, state: State, tensors: Mapping[str, Tensor], rows: Tensor) -> tuple[Tensor, State]:
    """Choose rows, read a token, and give the scores (R, V) after it."""
    cache = XLMCache.of_state(*state)
    cache.select(rows)
    return _last_scores(model, tensors, cache), cache.state()


def _last_scores(model: Any, tensors: Mapping[str, Tensor], cache: XLMCache | None) -> Tensor:
    """Scores (R, V) at the last column alone, at no less than float32."""
    asked = {"output_attentions": False, "output_hidden_states": False, "return_dict": True}
    body = model.transformer(**tensors, cache=cache, training=False, **asked)
    scores = model.pred_layer(body.last_hidden_state[:, -1:])[:, 0]
    return tf.cast(scores, keras.backend.result_type(scores.dtype, "float32"))


def _to_array(name: str, tensor: Any) -> np.ndarray:
    """The values of an argument."""
    described(name, tensor)
    return tensor.numpy()


def _to_tensors(output: GenerateOutput[np.ndarray]) -> GenerateOutput[Tensor]:
    """The same as tensors."""

    def moved(value: Any) -> Any:
        return tuple(map(moved, value)) if isinstance(value, tuple) else tf.constant(value)

    return GenerateOutput(**{name: moved(value) for name, value in output.items()})
