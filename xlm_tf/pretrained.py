"""What every model can do: hold a config, be loaded and be saved. Mirror: xlm_torch/pretrained.py."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Self

import keras
import numpy as np
import tensorflow as tf

from xlm_core.config import XLMConfig
from xlm_core.formats.loading import save
from xlm_core.head_inputs import check_own_loss
from xlm_core.inputs import PER_TEXT, check_flag
from xlm_core.manifest import Weight, check_buildable, manifest
from xlm_core.pretrained import push_model, read_pretrained

from .adapters import Adapters, refuse_adapters
from .backend import leave_alone
from .checkpointing import Checkpointing
from .layers import undrawn
from .parameters import Parameters
from .precision import computing_in, precision, warn_of_half
from .quantization import Quantization, refuse_quantized
from .steps import Steps
from .surgery import Surgery
from .tensors import Tensor
from .tracing import Graphs
from .weights import read_weights, write_weights


class TFXLMPreTrainedModel(Parameters, Surgery, Adapters, Checkpointing, Quantization, Steps, keras.Model):
    """Base of TFXLMModel and of the task models.

    ``task`` names the rows of the manifest that the model adds to those of the body. Subclasses write ``forward``.
    """

    task: ClassVar[str | None] = None
    axes: ClassVar[tuple[None, ...]] = (None,)  # T: those of input_ids after B
    graphs: Graphs | None = None

    def __init__(self, config: XLMConfig, *, name: str | None = None) -> None:
        check_buildable(config, self.task)
        super().__init__(name=name)
        self._allow_non_tensor_positional_args = True  # so that a text reaches our check, which names the argument
        self.config = config
        self.built = True  # each layer is built as it is made
        self.jit_compile = False  # unless asked for: XLA makes a graph for every size, and gains little

    def __init_subclass__(cls, **options: Any) -> None:
        """Keras finds the class by its name when it loads a model."""
        super().__init_subclass__(**options)
        keras.saving.register_keras_serializable("xlm")(cls)

    def call(
        self,
        input_ids: Tensor | Mapping[str, Tensor] | Sequence[Tensor] | None = None,
        attention_mask: Tensor | None = None,
        langs: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        position_ids: Tensor | None = None,
        lengths: Tensor | None = None,
        cache: Any = None,
        head_mask: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        *,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
        logits_to_keep: int | Sequence[int] | Tensor | None = None,
        skip_logits: bool | None = None,
        training: bool | None = None,
        **labels: Tensor | None,
    ) -> Any:
        """Take tensors by name or in Hugging Face's order, or all in one dict or list as ``fit`` and ``predict`` do.

        Keras wants flags to be named, which is done here once for all models; ``forward`` says what they mean.
        """
        if training:
            refuse_quantized(self, "training")
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
        flags = {"logits_to_keep": logits_to_keep, "skip_logits": skip_logits}
        given = {name: x for name, x in {**tensors, **flags}.items() if x is not None}
        named = by_name(input_ids)
        try:
            return self.forward(
                **named,
                **given,
                **labels,
                output_attentions=output_attentions,
                output_hidden_states=output_hidden_states,
                return_dict=return_dict,
                training=training,
            )
        except TypeError as error:
            leave_alone(error)
            raise

    @classmethod
    def from_pretrained(
        cls,
        pretrained_model_name_or_path: str | os.PathLike[str],
        *,
        config: XLMConfig | None = None,
        strict: bool = True,
        ignore_mismatched_sizes: bool = False,
        output_loading_info: bool = False,
        dtype: str | keras.DTypePolicy | None = None,
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
        kind = precision(overrides.pop("torch_dtype", dtype))
        warn_of_half(kind)
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
        is_whole = not (info.missing_keys or info.mismatched_keys)
        with computing_in(kind), undrawn() if is_whole else nullcontext():
            model = cls(config)
        model.load_arrays(weights)
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
        config = self.config.replace(architectures=[type(self).__name__.removeprefix("TF")], dtype=self.variable_dtype)
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

    def build(self, *shapes: Any, **named: Any) -> None:
        """Nothing is left to build: every layer was built as it was made."""
        self.built = True

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs.

        Raises: InputError for a model with adapters, or one that has been quantised.
        """
        refuse_adapters(self, "`get_config`")
        refuse_quantized(self, "`get_config`")
        return {"config": self.config.to_dict(), "name": self.name, "dtype": self.dtype_policy.name}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Any = None) -> Self:  # noqa: ARG003  # Keras gives it
        """A new model from `get_config`."""
        with computing_in(config["dtype"]):
            return cls(XLMConfig.from_dict(config["config"]), name=config["name"])

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> tf.Tensor:
        """The model's own loss, for ``fit`` and ``evaluate`` with labels among the inputs.

        Where a strategy trains replicas, Keras adds their losses up; each is its part of their mean.

        Raises: InputError without labels, and for labels, weights or a loss given apart.
        """
        check_own_loss(y_pred.get("loss"), y=y, sample_weight=sample_weight, loss=self.loss)
        return y_pred.loss / tf.distribute.get_strategy().num_replicas_in_sync

    def export(
        self,
        filepath: str | os.PathLike[str],
        *arguments: Any,
        names: Sequence[str] | None = None,
        **options: Any,
    ) -> None:
        """Write a graph for serving, a SavedModel unless Keras' ``format`` says otherwise, for batches of any size.

        It takes the inputs ``names`` (B, T), "input_ids", "attention_mask" and, if the model has languages, "langs" by
        default, and gives the fields of the model's output by name. The other arguments are those of Keras.
        """
        languages = ["langs"] if self.config.has_lang_embeddings else []
        wanted = names or ["input_ids", "attention_mask", *languages]
        inputs = {name: keras.Input(self.axes, dtype="int64", name=name) for name in wanted}
        keras.Model(inputs, self(inputs, return_dict=True).flat()).export(filepath, *arguments, **options)

    def _asked(self, argument: bool | None, field: str) -> bool:
        """What a call asked for, or else what the config does."""
        check_flag(field, argument)
        return bool(getattr(self.config, field) if argument is None else argument)


def by_name(first: Any) -> dict[str, Any]:
    """What the first argument of a call holds, by name: all inputs in a dict or in order, or the ids alone."""
    if isinstance(first, Mapping):
        return dict(first)
    if isinstance(first, (list, tuple)) and first and all(tf.is_tensor(x) and x.shape.rank for x in first):
        return dict(zip(PER_TEXT, first, strict=False))
    return {"input_ids": first}
