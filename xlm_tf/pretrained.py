"""What every model can do: hold a config, be loaded and be saved. Mirror: xlm_torch/pretrained.py."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import keras
import numpy as np
import tensorflow as tf

from xlm_core.config import XLMConfig
from xlm_core.formats.loading import load, save
from xlm_core.hub import locate
from xlm_core.inputs import check_flag
from xlm_core.manifest import Weight, check_buildable, manifest

from .tensors import Tensor
from .weights import read_weights, write_weights


class TFXLMPreTrainedModel(keras.Model):
    """Base of TFXLMModel and of the task models.

    ``task`` names the rows of the manifest that the model adds to those of the body. Subclasses write ``forward``.
    """

    task: ClassVar[str | None] = None

    def __init__(self, config: XLMConfig, *, name: str | None = None) -> None:
        check_buildable(config, self.task)
        super().__init__(name=name)
        self._allow_non_tensor_positional_args = (
            True  # a text or a list reaches our own check, which names the argument
        )
        self.config = config

    def call(
        self,
        input_ids: Tensor | Mapping[str, Tensor] | None = None,
        attention_mask: Tensor | None = None,
        langs: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        position_ids: Tensor | None = None,
        lengths: Tensor | None = None,
        cache: None = None,
        head_mask: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        *,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
        training: bool | None = None,
        **labels: Tensor | None,
    ) -> Any:
        """Take tensors by name or in Hugging Face's order, or all in one dict as ``fit`` and ``predict`` give them.

        Keras wants flags to be named, which is done here once for all models; ``forward`` says what they mean.
        """
        tensors = {
            "attention_mask": attention_mask,
            "langs": langs,
            "token_type_ids": token_type_ids,
            "position_ids": position_ids,
            "lengths": lengths,
            "cache": cache,
            "head_mask": head_mask,
            "inputs_embeds": inputs_embeds,
        }
        given = {name: x for name, x in tensors.items() if x is not None}
        named = input_ids if isinstance(input_ids, Mapping) else {"input_ids": input_ids}
        return self.forward(
            **named,
            **given,
            **labels,
            output_attentions=output_attentions,
            output_hidden_states=output_hidden_states,
            return_dict=return_dict,
            training=training,
        )

    @classmethod
    def from_pretrained(
        cls,
        pretrained_model_name_or_path: str | os.PathLike[str],
        *,
        config: XLMConfig | None = None,
        strict: bool = True,
        ignore_mismatched_sizes: bool = False,
        output_loading_info: bool = False,
        revision: str | None = None,
        subfolder: str = "",
        cache_dir: str | os.PathLike[str] | None = None,
        token: str | bool | None = None,
        local_files_only: bool = False,
        **overrides: Any,
    ) -> Any:
        """The model of a checkpoint, in float32 and ready for inference.

        ``output_loading_info`` gives a pair, the model and what became of each name in the file.

        The checkpoint is a folder, a weight file in one, a Hub id or a built-in name; it may have been written by
        either framework, by Hugging Face in PyTorch, as safetensors or ``pytorch_model.bin``, whole or in shards. Other
        keywords replace fields of its config. A head that the checkpoint lacks is made new, with a warning.

        Raises: FetchError for what cannot be found, ConfigError for an impossible config, and CheckpointError for
        weights
            that are damaged, missing, unexpected (unless not ``strict``) or of another shape than the config says
            (unless ``ignore_mismatched_sizes``).

        Differs: Hugging Face fills missing weights of the body with random numbers and carries on.
        """
        files = locate(
            pretrained_model_name_or_path,
            revision=revision,
            subfolder=subfolder,
            cache_dir=cache_dir,
            token=token,
            local_files_only=local_files_only,
        )
        config = config.replace(**overrides) if config else XLMConfig.from_repository(files, **overrides)
        check_buildable(config, cls.task)
        wanted = manifest(config, cls.task)
        arrays, info = load(files, wanted, strict=strict, ignore_mismatched_sizes=ignore_mismatched_sizes)
        model = cls(config)
        model.load_arrays(arrays)
        return (model, info) if output_loading_info else model

    def save_pretrained(self, save_directory: str | os.PathLike[str], *, max_shard_size: int | str = "5GB") -> None:
        """Write ``model.safetensors`` (or shards and their index) and ``config.json``, which either framework reads.

        Raises: FetchError if the folder is a file.
        """
        config = self.config.replace(architectures=[type(self).__name__.removeprefix("TF")], dtype="float32")
        config.save_pretrained(save_directory)
        save(Path(save_directory), self.to_arrays(), max_shard_size)

    def manifest(self) -> dict[str, Weight]:
        """Name, shape and kind of every weight."""
        return manifest(self.config, self.task)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Copies of all weights by name, shaped as in the manifest."""
        return read_weights(self, self.manifest().values())

    def load_arrays(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Copy arrays of `to_arrays` into the model; a weight that is not among them stays as it is."""
        write_weights(self, self.manifest().values(), arrays)

    def build(self, *shapes: Any, **named: Any) -> None:
        """Nothing is left to build: every layer was built as it was made."""
        self.built = True

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        return {"config": self.config.to_dict(), "name": self.name}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Any = None) -> Self:  # noqa: ARG003  # Keras gives it
        """A new model from `get_config`."""
        return cls(XLMConfig.from_dict(config["config"]), name=config["name"])

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> tf.Tensor:
        """The model's own loss, for ``fit`` and ``evaluate`` with labels among the inputs."""
        return y_pred.loss

    def _asked(self, argument: bool | None, field: str) -> bool:
        """What a call asked for, or else what the config does."""
        check_flag(field, argument)
        return bool(getattr(self.config, field) if argument is None else argument)
