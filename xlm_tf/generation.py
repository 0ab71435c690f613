"""Going on with a text. Mirror: xlm_torch/generation.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

import keras
import numpy as np
import tensorflow as tf

from xlm_core.generation import GenerateOutput, GenerationArguments, Streamer, generate
from xlm_core.generation.generating import Mode, read_arguments

from .cache import State, XLMCache
from .tensors import Tensor, described
from .tracing import traced


class Generation:
    """What a language model writes."""

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
"""A cache has room for so many tokens at first, so that few sizes serve all lengths."""


class _Reader:
    """Calls a model with numpy arrays, and gives the scores at the last column."""

    def __init__(self, model: Any, size: int | None) -> None:
        self.model, self.cache = model, None if size is None else XLMCache(min(size, BLOCK))

    def __call__(self, batch: Mapping[str, np.ndarray], rows: np.ndarray | None = None) -> np.ndarray:
        """Scores (R, V), after what these rows of the last call had read."""
        tensors = {name: tf.constant(x) for name, x in batch.items()}
        if self.cache is None:
            return traced(self.model, _last_scores, tensors).numpy()
        self.cache.reserve(batch["input_ids"].shape[1])
        if rows is None:
            scores, state = traced(self.model, _begin, tensors, size=self.cache.size)
        else:
            if not _is_same(rows, self.cache.batch_size):
                self.cache.select(tf.constant(rows))
            scores, state = traced(self.model, _step, tensors, self.cache.state())
        self.cache = XLMCache.of_state(state)
        return scores.numpy()


def _begin(model: Any, tensors: Mapping[str, Tensor], *, size: int) -> tuple[Tensor, State]:
    """Read prompts, and give the scores (R, V) after them and what a cache of this size keeps."""
    cache = XLMCache(size)
    return _last_scores(model, tensors, cache), cache.state()


def _step(model: Any, tensors: Mapping[str, Tensor], state: State) -> tuple[Tensor, State]:
    """Read a token of each text, and give the scores (R, V) after it."""
    cache = XLMCache.of_state(state)
    return _last_scores(model, tensors, cache), cache.state()


def _last_scores(model: Any, tensors: Mapping[str, Tensor], cache: XLMCache | None = None) -> Tensor:
    """Scores (R, V) at the last column alone, at no less than float32."""
    asked = {"output_attentions": False, "output_hidden_states": False, "return_dict": True}
    body = model.transformer(**tensors, cache=cache, training=False, **asked)
    scores = model.pred_layer(body.last_hidden_state[:, -1:])[:, 0]
    return tf.cast(scores, keras.backend.result_type(scores.dtype, "float32"))


def _is_same(rows: np.ndarray | None, count: int | None) -> bool:
    """Whether rows are those that there are, in order."""
    return rows is None or (len(rows) == count and bool((rows == np.arange(count)).all()))


def _to_array(name: str, tensor: Any) -> np.ndarray:
    """The values of an argument."""
    described(name, tensor)
    return tensor.numpy()


def _to_tensors(output: GenerateOutput[np.ndarray]) -> GenerateOutput[Tensor]:
    """The same as tensors."""

    def moved(value: Any) -> Any:
        return tuple(map(moved, value)) if isinstance(value, tuple) else tf.constant(value)

    return GenerateOutput(**{name: moved(value) for name, value in output.items()})
