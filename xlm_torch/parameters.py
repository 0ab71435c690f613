"""A model's weights as users handle them: tables, counts, what learns. Mirror: xlm_tf/parameters.py."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from xlm_core.errors import InputError
from xlm_core.inputs import Given, check_shape
from xlm_core.manifest import Weight
from xlm_core.surgery import selection

from .weights import replace_layer, weight_variables


class Parameters:
    """Access to the weights, for every model."""

    @property
    def base_model(self) -> Any:
        """The body; a body's is itself."""
        return self

    @property
    def dummy_inputs(self: Any) -> dict[str, Tensor]:
        """Three short texts, to try a model with."""
        return {name: torch.tensor(array) for name, array in selection.dummy_inputs(self.config).items()}

    def get_input_embeddings(self) -> nn.Module:
        """The table of words."""
        return self.base_model.embeddings

    def set_input_embeddings(self: Any, value: nn.Module) -> None:
        """Take another table of words, of the same size.

        Raises: InputError if it has another: `resize_token_embeddings` changes the size.

        Differs: Hugging Face takes a table of any size, and fails when it is used.
        """
        check_shape(
            "value",
            Given(tuple(value.weight.shape), str(value.weight.dtype)),
            (self.config.vocab_size, self.config.emb_dim),
        )
        replace_layer(self.base_model, "embeddings", value)
        self.tie_weights()

    def get_output_embeddings(self) -> nn.Module | None:
        """What scores the words; None for a model that does not."""
        return None

    def set_output_embeddings(self, value: nn.Module) -> None:
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
        counted = [x for x in self.parameters() if x.requires_grad or not only_trainable]
        return sum(x.numel() for x in counted if id(x) not in left_out)

    def get_memory_footprint(self: Any) -> int:
        """Bytes that the weights take."""
        return sum(x.nbytes for x in self.parameters()) + sum(getattr(x, "nbytes", 0) for x in self.modules())

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
    return {name for name, variable in variables.items() if variable.requires_grad}


def learn_only(model: Any, names: Collection[str]) -> None:
    """Let these weights learn, by their whole names, and no others."""
    for name, variable in weight_variables(model, model.manifest().values()).items():
        variable.requires_grad = name in names


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Without dropout inside, and afterwards as it was."""
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)
