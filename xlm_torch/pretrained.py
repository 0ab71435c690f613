"""What every model can do: hold a config, be loaded and be saved. Mirror: xlm_tf/pretrained.py."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import nn

from xlm_core.config import XLMConfig
from xlm_core.formats.loading import load, save
from xlm_core.hub import locate
from xlm_core.inputs import check_flag
from xlm_core.manifest import Weight, check_buildable, manifest

from .adapters import Adapters, refuse_adapters
from .checkpointing import Checkpointing
from .layers import Undrawn
from .parameters import Parameters
from .precision import precision
from .surgery import Surgery
from .weights import adopt_weights, draw_missing, read_weights, write_weights


class XLMPreTrainedModel(Parameters, Surgery, Adapters, Checkpointing, nn.Module):
    """Base of XLMModel and of the task models.

    ``task`` names the rows of the manifest that the model adds to those of the body.
    """

    task: ClassVar[str | None] = None

    def __init__(self, config: XLMConfig) -> None:
        check_buildable(config, self.task)
        super().__init__()
        self.config = config

    @classmethod
    def from_pretrained(
        cls,
        pretrained_model_name_or_path: str | os.PathLike[str],
        *,
        config: XLMConfig | None = None,
        strict: bool = True,
        ignore_mismatched_sizes: bool = False,
        output_loading_info: bool = False,
        dtype: str | torch.dtype | None = None,
        revision: str | None = None,
        subfolder: str = "",
        cache_dir: str | os.PathLike[str] | None = None,
        token: str | bool | None = None,
        local_files_only: bool = False,
        **overrides: Any,
    ) -> Any:
        """The model of a checkpoint, ready for inference.

        dtype: what the weights are and what the model computes in: "float32", "bfloat16", "float16", "float64", or what
        the framework calls it; None is what the framework is set to, float32 by default. The older keyword
        ``torch_dtype`` means the same.
        ``output_loading_info`` gives a pair, the model and what became of each name in the file.

        The checkpoint is a folder, a weight file in one, a Hub id or a built-in name; it may have been written by
        either framework, by Hugging Face in PyTorch, as safetensors or ``pytorch_model.bin``, whole or in shards. Other
        keywords replace fields of its config. A head that the checkpoint lacks is made new, with a warning.

        Raises: FetchError for what cannot be found, ConfigError for an impossible config, and CheckpointError for
            weights that are damaged, missing, unexpected (unless not ``strict``) or of another shape than the config
            says (unless ``ignore_mismatched_sizes``).

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
        kind = precision(overrides.pop("torch_dtype", dtype))
        config = config.replace(**overrides) if config else XLMConfig.from_repository(files, **overrides)
        check_buildable(config, cls.task)
        wanted = manifest(config, cls.task)
        arrays, info = load(files, wanted, strict=strict, ignore_mismatched_sizes=ignore_mismatched_sizes)
        model = cls._undrawn(config)
        draw_missing(model, wanted.keys() - arrays.keys())
        adopt_weights(model, arrays)
        model.to(kind)
        model.eval()
        return (model, info) if output_loading_info else model

    def save_pretrained(self, save_directory: str | os.PathLike[str], *, max_shard_size: int | str = "5GB") -> None:
        """Write ``model.safetensors`` (or shards and their index) and ``config.json``, which either framework reads.

        Raises: FetchError if the folder is a file; InputError for a model with adapters: merge them or save them apart.
        """
        refuse_adapters(self, "`save_pretrained`")
        config = self.config.replace(architectures=[type(self).__name__], dtype=str(self.dtype).removeprefix("torch."))
        config.save_pretrained(save_directory)
        save(Path(save_directory), self.to_arrays(), max_shard_size, config.dtype)

    def manifest(self) -> dict[str, Weight]:
        """Name, shape and kind of every weight."""
        return manifest(self.config, self.task)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Copies of all weights by name, shaped as in the manifest; adapters are not among them."""
        return read_weights(self, self.manifest().values())

    def load_arrays(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Copy arrays of `to_arrays` into the model; a weight that is not among them stays as it is."""
        write_weights(self, self.manifest().values(), arrays)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.parameters()).device

    @property
    def dtype(self) -> torch.dtype:
        """What the weights are."""
        return next(self.parameters()).dtype

    @classmethod
    def _without_values(cls, config: XLMConfig) -> Self:
        """A model whose weights are still to be written: no time goes into drawing numbers that are thrown away."""
        model = cls._undrawn(config)
        model.to_empty(device="cpu")
        model.tie_weights()
        return model

    @classmethod
    def _undrawn(cls, config: XLMConfig) -> Self:
        """A model whose weights have shapes only, on PyTorch's device "meta"."""
        with Undrawn():
            return cls(config)

    def _asked(self, argument: bool | None, field: str) -> bool:
        """What a call asked for, or else what the config does."""
        check_flag(field, argument)
        return bool(getattr(self.config, field) if argument is None else argument)
