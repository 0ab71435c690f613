"""XLM as a module of the library sentence-transformers, which is PyTorch's: it needs the extra of that name."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import torch

from xlm_core.checks import check_positive
from xlm_core.embeddings.loading import check_model, find_tokenizer
from xlm_core.embeddings.options import Layers, chosen_layers
from xlm_core.errors import InputError, MissingDependency
from xlm_core.tokenizer import XLMTokenizer

from .model import XLMModel
from .pretrained import XLMPreTrainedModel

try:
    from sentence_transformers.base.modules import InputModule
except ModuleNotFoundError as error:
    raise MissingDependency(
        "`xlm_torch.sentence_transformers` needs its library: pip install 'xlm[sentence-transformers]'"
    ) from error


class XLMTransformer(InputModule):
    """The states of a text's tokens, for a `Pooling` to follow: ``SentenceTransformer(modules=[XLMTransformer(), …])``.

    model: a folder, file, Hub id or built-in name; or a model, whose body is used, which then needs its ``tokenizer``.
    lang: the language of the texts; ``encode(…, lang=…)`` of the whole says another. layer: whose states, as for
    `XLMSentenceEncoder.encode`. max_seq_length: texts are cut to so many tokens, at most those the model has positions
    for.

    What was saved is loaded by ``SentenceTransformer(folder, trust_remote_code=True)``: sentence-transformers asks for
    this whenever a module is not its own. No code is fetched, for this class is installed.

    Raises: InputError for a layer that there is not or a model without a tokenizer; what loading raises.
    """

    config_file_name = "sentence_xlm_config.json"
    config_keys: ClassVar[list[str]] = ["lang", "layer", "max_seq_length"]
    forward_kwargs: ClassVar[set[str]] = {"lang"}
    save_in_root = True

    def __init__(
        self,
        model: str | os.PathLike[str] | XLMPreTrainedModel = "xlm-demo",
        tokenizer: XLMTokenizer | str | os.PathLike[str] | None = None,
        *,
        lang: str | None = None,
        layer: Layers = "all",
        max_seq_length: int | None = None,
    ) -> None:
        super().__init__()
        if isinstance(model, (str, os.PathLike)):
            tokenizer = model if tokenizer is None else tokenizer
            model = XLMModel.from_pretrained(model)
        check_model(model, XLMPreTrainedModel)
        self.model = model.base_model
        self.tokenizer = find_tokenizer(tokenizer)
        self.config = self.model.config
        self.lang, self.layer = lang, layer
        self.max_seq_length = self.config.max_position_embeddings if max_seq_length is None else max_seq_length
        self._layers = chosen_layers(layer, self.config)

    @property
    def max_seq_length(self) -> int:
        """How many tokens of a text are read."""
        return self._max_seq_length

    @max_seq_length.setter
    def max_seq_length(self, value: int) -> None:
        limit = self.config.max_position_embeddings
        if check_positive("max_seq_length", value) > limit:
            raise InputError(f"`max_seq_length` must be at most {limit}, the model's positions; got {value}.")
        self._max_seq_length = value

    def preprocess(
        self, inputs: Sequence[str], prompt: str | None = None, lang: str | None = None
    ) -> dict[str, torch.Tensor]:
        """What the model is given for some texts, as tensors (B, T).

        Raises: InputError for what is no text; LanguageError for an unknown language.
        """
        columns = self.tokenizer(
            [(prompt or "") + text if isinstance(text, str) else text for text in inputs],
            lang=self.lang if lang is None else lang,
            return_langs=None if self.config.has_lang_embeddings else False,
            padding=True,
            truncation=True,
            max_length=self.max_seq_length,
            return_tensors="pt",
        )
        return dict(columns)

    def forward(self, features: Mapping[str, Any], lang: str | None = None) -> dict[str, Any]:
        """The features with ``token_embeddings`` (B, T, D), the mean of the chosen layers' states."""
        names = ("input_ids", "attention_mask", "langs", "token_type_ids")
        given = {name: features[name] for name in names if name in features}
        states = self.model(**given, output_hidden_states=True, return_dict=True).hidden_states
        chosen = torch.stack([states[layer] for layer in self._layers])
        return {**features, "token_embeddings": chosen.mean(dim=0)}

    def get_embedding_dimension(self) -> int:
        """D."""
        return self.config.emb_dim

    def save(self, output_path: str, *, safe_serialization: bool = True) -> None:
        """Write the model, the tokenizer and the module's own settings.

        Raises: InputError unless ``safe_serialization``.
        """
        if not safe_serialization:
            raise InputError("`safe_serialization` must be True; got False. XLM's weights are written as safetensors.")
        self.model.save_pretrained(output_path)
        self.tokenizer.save_pretrained(output_path)
        self.save_config(output_path)

    @classmethod
    def load(
        cls,
        model_name_or_path: str,
        subfolder: str = "",
        token: bool | str | None = None,
        cache_folder: str | None = None,
        revision: str | None = None,
        local_files_only: bool = False,
        model_kwargs: Mapping[str, Any] | None = None,
        processor_kwargs: Mapping[str, Any] | None = None,
        config_kwargs: Mapping[str, Any] | None = None,
        **_: Any,  # of other kinds of modules
    ) -> Self:
        """What `save` wrote, from a folder or the Hub; sentence-transformers calls this.

        model_kwargs and config_kwargs are further options of `XLMModel.from_pretrained`, processor_kwargs those of
        `XLMTokenizer.from_pretrained`.
        """
        place = {
            "subfolder": subfolder,
            "token": token,
            "revision": revision,
            "local_files_only": local_files_only,
        }
        settings = cls.load_config(model_name_or_path, cache_folder=cache_folder, **place)
        files = {**place, "cache_dir": cache_folder}
        model = XLMModel.from_pretrained(model_name_or_path, **files, **(model_kwargs or {}), **(config_kwargs or {}))
        tokenizer = XLMTokenizer.from_pretrained(model_name_or_path, **files, **(processor_kwargs or {}))
        return cls(model, tokenizer, **settings)
