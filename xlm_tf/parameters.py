"""A model's weights as users handle them: tables, counts, what learns. Mirror: xlm_torch/parameters.py."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

import keras
from keras import ops

from xlm_core.errors import InputError
from xlm_core.inputs import Given, check_shape
from xlm_core.manifest import Weight
from xlm_core.surgery import selection

from .tensors import Tensor
from .weights import forget_graphs, replace_layer, weight_variables


class Parameters:
    """Access to the weights, for every model."""

    @property
    def base_model(self) -> Any:
        """The body; a body's is itself."""
        return self

    def __dir__(self) -> list[str]:
        """All but ``base_model``: Keras looks for weights in every attribute, and would meet the model in itself."""
        return [name for name in super().__dir__() if name != "base_model"]

    @property
    def dummy_inputs(self: Any) -> dict[str, Tensor]:
        """Three short texts, to try a model with."""
        return {name: ops.convert_to_tensor(array) for name, array in selection.dummy_inputs(self.config).items()}

    def get_input_embeddings(self) -> keras.layers.Layer:
        """The table of words."""
        return self.base_model.embeddings

    def set_input_embeddings(self: Any, value: keras.layers.Layer) -> None:
        """Take another table of words, of the same size.

        Raises: InputError if it has another: `resize_token_embeddings` changes the size.

        Differs: Hugging Face takes a table of any size, and fails when it is used.
        """
        check_shape(
            "value",
            Given(tuple(value.embeddings.shape), value.embeddings.dtype),
            (self.config.vocab_size, self.config.emb_dim),
        )
        replace_layer(self.base_model, "embeddings", value)
        self.tie_weights()
        forget_graphs(self)

    def get_output_embeddings(self) -> keras.layers.Layer | None:
        """What scores the words; None for a model that does not."""
        return None

    def set_output_embeddings(self, value: keras.layers.Layer) -> None:
        """Take another layer that scores the words.

        Raises: InputError for a model that does not score words, or scores them with its table of words.
        """
        raise InputError(f"`set_output_embeddings` needs a model that scores words; this is {type(self).__name__}.")

    def tie_weights(self) -> None:
        """Share what the config says is shared; only a language model shares anything."""

    def num_parameters(self: Any, only_trainable: bool = False, exclude_embeddings: bool = False) -> int:
        """How many numbers the model has learnt, or may learn; without its tables on request."""
        tables = weight_variables(self, filter(selection.is_table, self.manifest().values()))
        left_out = {id(table) for table in tables.values()} if exclude_embeddings else set()
        counted = [x for x in self.weights if x.trainable or not only_trainable]
        return sum(math.prod(x.shape) for x in counted if id(x) not in left_out)

    def get_memory_footprint(self: Any) -> int:
        """Bytes that the weights take."""
        return sum(math.prod(x.shape) * x.value.dtype.size for x in self.weights)

    def freeze(self: Any, *names: str) -> None:
        """Keep weights as they are in training: those whose names begin so, ``"transformer.embeddings"``; or all.

        Raises: InputError for a beginning that no weight has.
        """
        learn_only(self, learning(self) - {weight.name for weight in self._chosen(names)})

    def unfreeze(self: Any, *names: str) -> None:
        """Let weights learn again: those whose names begin so, or all; sinusoids never do.

        Raises: InputError for a beginning that no weight has.
        """
        chosen = selection.learnable(self.config, self._chosen(names))
        learn_only(self, learning(self) | {weight.name for weight in chosen})

    def freeze_body(self: Any) -> None:
        """Let the head learn alone."""
        self.base_model.freeze()

    def _chosen(self: Any, names: Collection[str]) -> list[Weight]:
        """The weights whose names begin so, or all."""
        return selection.chosen(self.config, self.task, names)


def learning(model: Any) -> set[str]:
    """The names of the weights that learn."""
    variables = weight_variables(model, model.manifest().values())
    return {name for name, variable in variables.items() if variable.trainable}


def learn_only(model: Any, names: Collection[str]) -> None:
    """Let these weights learn, by their whole names, and no others."""
    for name, variable in weight_variables(model, model.manifest().values()).items():
        variable.trainable = name in names
