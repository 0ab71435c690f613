"""What a framework gives to the commands that compute with a model."""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..errors import CheckpointError, InputError, XLMWarning

_NEW_HEAD = "A new head was initialised"
"""How the warning begins with which a model is loaded that has yet to be trained."""


@dataclass(frozen=True)
class Framework:
    """PyTorch or TensorFlow, as far as commands know it.

    pipeline: makes a pipeline of a task. encoder: loads a sentence encoder. check_device: refuses one that is absent.
    """

    pipeline: Callable[..., Any]
    encoder: Callable[..., Any]
    check_device: Callable[[str], object]


def load_pipeline(task: str, options: argparse.Namespace, framework: Framework) -> Any:
    """The pipeline that the options name.

    Raises: CheckpointError for a model whose head for the task was never trained; InputError for a device that is not
        there; what `pipeline` raises.
    """
    load = partial(framework.pipeline, task, batch_size=options.batch_size, max_tokens=options.max_tokens)
    return _load(options, framework, load)


def load_encoder(options: argparse.Namespace, framework: Framework) -> Any:
    """The sentence encoder that the options name; any checkpoint has its body.

    Raises: InputError for a device that is not there; what loading raises.
    """
    return _load(options, framework, framework.encoder)


def _load(options: argparse.Namespace, framework: Framework, load: Callable[..., Any]) -> Any:
    if options.device is not None:
        _check_device(options.device, framework)  # before the model is looked for
    with warnings.catch_warnings():
        warnings.filterwarnings("error", _NEW_HEAD, XLMWarning)
        try:
            return load(options.model, device=options.device, dtype=options.dtype)
        except XLMWarning as warning:
            raise CheckpointError(
                f"`--model` must be a model that was trained for `{options.command}`; got `{options.model}`, which "
                "has no head for it. Name another, or train one."
            ) from warning


def _check_device(device: str, framework: Framework) -> None:
    """What the framework says of it, by the option's name."""
    try:
        framework.check_device(device)
    except InputError as error:
        raise InputError(f"`--{str(error).removeprefix('`')}") from error
