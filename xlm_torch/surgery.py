"""Models that change their size: fewer heads, more words, languages and positions. Mirror: xlm_tf/surgery.py.

What becomes of config and weights is in `xlm_core.surgery`; here new layers take the place of those that no longer fit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from torch import nn

from xlm_core.config import XLMConfig
from xlm_core.surgery import pruning, resizing
from xlm_core.surgery.changes import changed_layers
from xlm_core.surgery.pruning import Heads
from xlm_core.surgery.resizing import initial_rows, mean_rows

from .adapters import refuse_adapters
from .parameters import learn_only, learning
from .weights import layer_at, replace_layer


class Surgery:
    """Pruning and resizing, for a whole model, not for the body in one.

    An optimizer made before must be made again, and in Keras the model compiled again: it holds the old weights.
    """

    def prune_heads(self: Any, heads_to_prune: Heads) -> None:
        """Take attention heads out, by layer: ``{0: [1, 2], 3: [0]}``.

        Heads are always numbered as in the whole model: here, in ``config.pruned_heads``, which collects them, and in
        ``head_mask``, whose factors for pruned heads have no effect. Attentions that a model returns are those of the
        heads that are left.

        Raises: ConfigError for a layer or head that does not exist, and for a layer that would be left without a head.

        Differs: in Hugging Face a head mask fails where heads are pruned, and a layer may lose all of them.
        """
        rebuild(self, *pruning.prune_heads(self.config, self.task, self.to_arrays(), heads_to_prune))

    def resize_token_embeddings(
        self: Any,
        new_num_tokens: int | None = None,
        pad_to_multiple_of: int | None = None,
        mean_resizing: bool = True,
        *,
        seed: int = 0,
    ) -> nn.Module:
        """Make the vocabulary larger or smaller, rounded up to a multiple, and return the table of words.

        Rows are added and removed at the end, in a language model's scores too. New ones are the mean of the old, or
        drawn from the seed as in a new model, the same in either framework. Without a size nothing is resized but to
        the multiple.

        Raises: ConfigError if a special token would be cut off.

        Differs: Hugging Face adds noise to the mean, of a billionth of the rows' variance, and gives new words no bias
            in tied scores; its language model fails with labels after resizing.
        """
        new_rows = mean_rows if mean_resizing else initial_rows(self.config, seed)
        sizes = (new_num_tokens, pad_to_multiple_of)
        rebuild(self, *resizing.resize_words(self.config, self.task, self.to_arrays(), *sizes, new_rows))
        return self.get_input_embeddings()

    def add_languages(self: Any, languages: Sequence[str]) -> None:
        """Give the model languages it does not know yet; each starts as the mean of the others.

        Raises: LanguageError for a language that it knows; InputError for a model without language embeddings.
        """
        rebuild(self, *resizing.add_languages(self.config, self.task, self.to_arrays(), languages))

    def resize_position_embeddings(self: Any, new_num_position_embeddings: int) -> None:
        """Take longer or shorter texts; new positions start as the mean of the others, or go on as sinusoids.

        Differs: Hugging Face has the method, and for XLM it does nothing but raise.
        """
        size = new_num_position_embeddings
        rebuild(self, *resizing.resize_positions(self.config, self.task, self.to_arrays(), size))


def rebuild(model: Any, config: XLMConfig, arrays: Mapping[str, np.ndarray]) -> None:
    """Give a model another config, layers that fit it where sizes differ, and the arrays; all else stays as it is."""
    refuse_adapters(model, "a change of size")
    learns = learning(model)
    fresh = fresh_model(model, config)
    for path in changed_layers(model.config, config, model.task):
        replace_layer(model, path, layer_at(fresh, path))
    model.config = model.base_model.config = config
    model.tie_weights()
    model.load_arrays(arrays)
    learn_only(model, learns)


def fresh_model(model: Any, config: XLMConfig) -> Any:
    """A model like another but for its config, to take layers from; the values of its weights mean nothing."""
    return type(model)._without_values(config)  # noqa: SLF001  # the base class is ours
