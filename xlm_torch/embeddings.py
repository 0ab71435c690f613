"""Sentence embeddings: the core's, around a body of this framework. Mirror: xlm_tf/embeddings.py."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import torch

from xlm_core.embeddings import SentenceEncoder, TextEmbedder
from xlm_core.embeddings.loading import check_model, fetching, find_tokenizer
from xlm_core.tokenizer import XLMTokenizer

from .model import XLMModel
from .parameters import evaluating
from .pipelines import Runner
from .pretrained import XLMPreTrainedModel


class StatesRunner(Runner):
    """Calls a body with numpy arrays and gives the mean of some layers' states back, one batch at a time."""

    def states(self, batch: Mapping[str, np.ndarray], layers: Sequence[int]) -> np.ndarray:
        """-> float32 (B, T, D); layer 0 is the embeddings."""
        asked = {"output_attentions": False, "output_hidden_states": True, "return_dict": True}
        with torch.inference_mode(), evaluating(self.model):
            output = self.model(**self._tensors(batch), **asked)
            mean = sum(output.hidden_states[layer].float() for layer in layers) / len(layers)
        return mean.cpu().numpy()

    def tensor(self, array: np.ndarray) -> torch.Tensor:
        """The tensor of an array, where the model is."""
        return torch.from_numpy(array).to(self.model.device)


class XLMSentenceEncoder(SentenceEncoder):
    """Gives each text one vector: the mean, or another pooling, of the states of its tokens.

    model: a body, or a task model, whose body is used. tokenizer: the checkpoint's, or where to find it. device: as in
    `pipeline`.

    Raises: InputError for what is no model or no tokenizer; VocabularyError if the tokenizer has more pieces than the
        model.

    Example:
        >>> from xlm_torch import XLMSentenceEncoder
        >>> encoder = XLMSentenceEncoder.from_pretrained("xlm-demo")
        >>> encoder.encode(["A dog.", "Ein Hund."], lang=["en", "de"]).shape
        (2, 256)
    """

    def __init__(
        self,
        model: XLMPreTrainedModel,
        tokenizer: XLMTokenizer | str | os.PathLike[str],
        *,
        device: str | torch.device | None = None,
    ) -> None:
        check_model(model, XLMPreTrainedModel)
        super().__init__(StatesRunner(model.base_model, device), find_tokenizer(tokenizer))

    @classmethod
    def from_pretrained(
        cls,
        pretrained_model_name_or_path: str | os.PathLike[str],
        *,
        device: str | torch.device | None = None,
        **options: Any,
    ) -> Self:
        """The encoder of a checkpoint, whatever its head; ``options`` are those of `XLMModel.from_pretrained`.

        Raises: as loading does.
        """
        tokenizer = XLMTokenizer.from_pretrained(pretrained_model_name_or_path, **fetching(options))
        return cls(XLMModel.from_pretrained(pretrained_model_name_or_path, **options), tokenizer, device=device)


class XLMTextEmbedder(TextEmbedder):
    """Adds a column of embeddings to each batch of a table: ``dataset.map_batches(XLMTextEmbedder, …)`` of Ray Data.

    pretrained_model_name_or_path: where every worker loads its own model from. Other ``options`` are those of
    `TextEmbedder`.
    """

    def __init__(
        self,
        pretrained_model_name_or_path: str | os.PathLike[str] = "xlm-demo",
        *,
        device: str | torch.device | None = None,
        **options: Any,
    ) -> None:
        super().__init__(XLMSentenceEncoder.from_pretrained(pretrained_model_name_or_path, device=device), **options)
