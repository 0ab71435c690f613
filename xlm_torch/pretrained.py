"""What every model can do: hold a config, be loaded and be saved. Mirror: xlm_tf/pretrained.py."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import nn

from xlm_core.config import XLMConfig
from xlm_core.errors import InputError
from xlm_core.formats.loading import save
from xlm_core.inputs import check_flag
from xlm_core.manifest import Weight, check_buildable, manifest
from xlm_core.pretrained import push_model, read_pretrained

from .adapters import Adapters, refuse_adapters
from .checkpointing import Checkpointing
from .kernel_control import Kernels
from .layers import Undrawn
from .parameters import Parameters
from .precision import precision, warn_of_half
from .quantization import Quantization, refuse_quantized
from .surgery import Surgery
from .weights import adopt_weights, draw_missing, read_weights, write_weights


class XLMPreTrainedModel(Parameters, Surgery, Adapters, Checkpointing, Quantization, Kernels, nn.Module):
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
        device: str | int | torch.device | None = None,
        device_map: str | int | torch.device | Mapping[str, Any] | None = None,
        revision: str | None = None,
        subfolder: str = "",
        cache_dir: str | os.PathLike[str] | None = None,
        token: str | bool | None = None,
        local_files_only: bool = False,
        variant: str | None = None,
        hub_defaults: str = "mended",
        **overrides: Any,
    ) -> Any:
        """The model of a checkpoint, ready for inference.

        dtype: what the weights are and what the model computes in: "float32", "bfloat16", "float16", "float64", or what
        the framework calls it; None is what the framework is set to, float32 by default. The older keyword
        ``torch_dtype`` means the same. A warning says so where the CPU computes half precision slower than float32.
        device: where the model goes, the CPU by default. ``device_map`` is Hugging Face's name for it; "auto" is the
        accelerator if there is one.
        ``output_loading_info`` gives a pair, the model and what became of each name in the file. ``variant`` names the
        weight files: "fp16" for `model.fp16.safetensors`.

        The checkpoint is a folder, a weight file in one, a Hub id or a built-in name; it may have been written by
        either framework, by Hugging Face in PyTorch or TensorFlow, or by the original's trainer, whole or in shards.
        Other keywords replace fields of its config. A head that the checkpoint lacks is made new, with a warning.

        The configs of some released checkpoints are known to be wrong. They are mended, with a warning that says what
        was; ``hub_defaults="as-is"`` keeps what the file says.

        Raises: FetchError for what cannot be found, ConfigError for an impossible config, and CheckpointError for
            weights that are damaged, missing, unexpected (unless not ``strict``) or of another shape than the config
            says (unless ``ignore_mismatched_sizes``).

        Differs: Hugging Face fills missing weights of the body with random numbers and carries on.
        """
        place = chosen_device(device, device_map)
        kind = precision(overrides.pop("torch_dtype", dtype))
        warn_of_half(kind, place)
        config, weights, info = read_pretrained(
            pretrained_model_name_or_path,
            cls.task,
            config=config,
            overrides=overrides,
            hub_defaults=hub_defaults,
            strict=strict,
            ignore_mismatched_sizes=ignore_mismatched_sizes,
            variant=variant,
            revision=revision,
            subfolder=subfolder,
            cache_dir=cache_dir,
            token=token,
            local_files_only=local_files_only,
        )
        model = cls._undrawn(config)
        draw_missing(model, model.manifest().keys() - weights.keys(), place, kind)
        adopt_weights(model, {name: weights.taken(name) for name in weights}, place, kind)
        model.eval()
        return (model, info) if output_loading_info else model

    def save_pretrained(
        self,
        save_directory: str | os.PathLike[str],
        *,
        max_shard_size: int | str = "5GB",
        variant: str | None = None,
    ) -> None:
        """Write ``model.safetensors`` (or shards and their index) and ``config.json``, which either framework reads.

        ``variant`` becomes part of the names: "fp16" gives `model.fp16.safetensors`.

        Raises: FetchError if the folder is a file; InputError for a model with adapters: merge them or save them apart;
            and for one that has been quantised: save the float model, and quantise what was loaded.
        """
        refuse_adapters(self, "`save_pretrained`")
        refuse_quantized(self, "`save_pretrained`")
        config = self.config.replace(architectures=[type(self).__name__], dtype=str(self.dtype).removeprefix("torch."))
        config.save_pretrained(save_directory)
        save(Path(save_directory), self.to_arrays(), max_shard_size, config.dtype, variant=variant)

    def push_to_hub(
        self,
        repo_id: str,
        *,
        commit_message: str | None = None,
        private: bool | None = None,
        token: str | bool | None = None,
        revision: str | None = None,
        create_pr: bool = False,
        max_shard_size: int | str = "5GB",
        license_id: str | None = None,
        tags: Sequence[str] = (),
    ) -> str:
        """Save the model into a repository on the Hub, which is made if it is not there; the URL of the commit.

        A model card is written where the repository has none; ``license_id``, the Hub's name of a licence, and ``tags``
        are for that card. The tokenizer has a `push_to_hub` of its own.

        Raises: FetchError for a name that is no Hub id, and for what the Hub refuses.
        """
        return push_model(
            partial(self.save_pretrained, max_shard_size=max_shard_size),
            self.config,
            self.task,
            repo_id,
            license_id=license_id,
            tags=tags,
            token=token,
            revision=revision,
            commit_message=commit_message,
            private=private,
            create_pr=create_pr,
        )

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


def chosen_device(
    device: str | int | torch.device | None, device_map: str | int | torch.device | Mapping[str, Any] | None
) -> torch.device:
    """The one device that both arguments of `from_pretrained` name; the CPU if there is none.

    Raises: InputError if both are given, or a map of several parts.
    """
    if device is not None and device_map is not None:
        raise InputError(f"`device` or `device_map` must be None; got {device!r} and {device_map!r}.")
    if isinstance(device_map, Mapping):
        if list(device_map) != [""]:
            raise InputError(
                f"`device_map` must put the whole model on one device, {{'': device}}; got {dict(device_map)!r}."
            )
        device_map = device_map[""]
    place = device if device_map is None else device_map
    if place == "auto":
        place = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    return torch.device("cpu" if place is None else place)
