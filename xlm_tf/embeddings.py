"""Sentence embeddings: the core's, around a body of this framework. Mirror: xlm_torch/embeddings.py."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import tensorflow as tf

from xlm_core.embeddings import SentenceEncoder, TextEmbedder
from xlm_core.embeddings.loading import check_model, fetching, find_tokenizer
from xlm_core.tokenizer import XLMTokenizer

from .model import TFXLMModel
from .pipelines import Runner
from .pretrained import TFXLMPreTrainedModel
from .tracing import without_padding


class StatesRunner(Runner):
    """Calls a body with numpy arrays and gives the mean of some layers' states back, one batch at a time."""

    def states(self, batch: Mapping[str, np.ndarray], layers: Sequence[int]) -> np.ndarray:
        """-> float32 (B, T, D); layer 0 is the embeddings."""
        texts, size = batch["input_ids"].shape
        return self._traced(_mean_states, batch, layers=tuple(layers)).numpy()[:texts, :size]

    def tensor(self, array: np.ndarray) -> tf.Tensor:
        """The tensor of an array, where the model is."""
        with tf.device(self.device):
            return tf.constant(array)


def _mean_states(
    model: TFXLMModel, tensors: Mapping[str, tf.Tensor], *, packed: bool, layers: tuple[int, ...]
) -> tf.Tensor:
    """The mean of some layers' states. -> float32 (B, T, D)."""
    asked = {"output_attentions": False, "output_hidden_states": True, "return_dict": True}
    with without_padding(model, packed):
        states = model(**tensors, **asked, training=False).hidden_states
    return sum(tf.cast(states[layer], "float32") for layer in layers) / len(layers)


class XLMSentenceEncoder(SentenceEncoder):
    """Gives each text one vector: the mean, or another pooling, of the states of its tokens.

    model: a body, or a task model, whose body is used. tokenizer: the checkpoint's, or where to find it. device: as in
    `pipeline`.

    Raises: InputError for what is no model or no tokenizer; VocabularyError if the tokenizer has more pieces than the
        model.

    Example:
        >>> from xlm_tf import XLMSentenceEncoder
        >>> encoder = XLMSentenceEncoder.from_pretrained("xlm-demo")
        >>> encoder.encode(["A dog.", "Ein Hund."], lang=["en", "de"]).shape
        (2, 256)
    """

    def __init__(
        self,
        model: TFXLMPreTrainedModel,
        tokenizer: XLMTokenizer | str | os.PathLike[str],
        *,
        device: str | None = None,
    ) -> None:
        check_model(model, TFXLMPreTrainedModel)
        super().__init__(StatesRunner(model.base_model, device), find_tokenizer(tokenizer))

    @classmethod
    def from_pretrained(
        cls,
        pretrained_model_name_or_path: str | os.PathLike[str],
        *,
        device: str | None = None,
        **options: Any,
    ) -> Self:
        """The encoder of a checkpoint, whatever its head; ``options`` are those of `TFXLMModel.from_pretrained`.

        Raises: as loading does.
        """
        tokenizer = XLMTokenizer.from_pretrained(pretrained_model_name_or_path, **fetching(options))
        return cls(TFXLMModel.from_pretrained(pretrained_model_name_or_path, **options), tokenizer, device=device)


class XLMTextEmbedder(TextEmbedder):
    """Adds a column of embeddings to each batch of a table: ``dataset.map_batches(XLMTextEmbedder, …)`` of Ray Data.

    pretrained_model_name_or_path: where every worker loads its own model from. Other ``options`` are those of
    `TextEmbedder`.
    """

    def __init__(
        self,
        pretrained_model_name_or_path: str | os.PathLike[str] = "xlm-demo",
        *,
        device: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(XLMSentenceEncoder.from_pretrained(pretrained_model_name_or_path, device=device), **options)
