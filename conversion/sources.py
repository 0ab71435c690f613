"""A model to be read: its files, its weights and what is known of it."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from xlm_core.config import XLMConfig
from xlm_core.errors import ConfigError
from xlm_core.formats.base import Checkpoint
from xlm_core.formats.loading import open_weights
from xlm_core.hub import Repository, locate

from .models import task_of

CONFIG_FILE = "config.json"

FORMATS = (
    (".weights.h5", "keras"),
    (".keras", "keras"),
    (".h5", "tf"),
    (".safetensors", "safetensors"),
    (".bin", "torch"),
    (".pth", "torch"),
    (".pt", "torch"),
)
"""End of a file's name, of an index without ``.index.json`` → format."""


@dataclass(frozen=True)
class Source:
    """A model that was found: the weight file is open, nothing of it has been read."""

    name: str
    files: Repository
    checkpoint: Checkpoint

    @property
    def path(self) -> Path:
        """The weight file, or the index of several."""
        return self.checkpoint.path

    @property
    def format(self) -> str:
        """What ``--to`` calls the format of the file."""
        if self.is_original:
            return "original"
        name = self.path.name.removesuffix(".index.json")
        return next(format_ for suffix, format_ in FORMATS if name.endswith(suffix))

    @property
    def is_original(self) -> bool:
        """Whether the original's trainer saved it: parameters and weights in one PyTorch file."""
        return self.checkpoint.config is not None and self.path.suffix not in (".keras", ".h5")

    @cached_property
    def found_config(self) -> XLMConfig | None:
        """What the weight file says of its model, if it was named or is alone; else `config.json`; else None."""
        path = self.files.find(CONFIG_FILE)
        if self.checkpoint.config is not None and (self.files.chosen is not None or path is None):
            return self.checkpoint.config
        return XLMConfig.from_json_file(path) if path else None

    @property
    def config(self) -> XLMConfig:
        """The config.

        Raises: ConfigError if there is none.
        """
        if self.found_config is None:
            raise ConfigError(f"`{self.name}` must have `{CONFIG_FILE}` beside `{self.path.name}`; there is none.")
        return self.found_config

    @property
    def task(self) -> str | None:
        """What the model does, None for the bare body."""
        return task_of(self.config, self.checkpoint)


def open_source(name: str, options: argparse.Namespace | None = None) -> Source:
    """Find a model and open its weights; ``options`` are those of `add_hub`.

    Raises: FetchError for what is not there, CheckpointError for what cannot be read.
    """
    files = find(name, options)
    return Source(name, files, open_weights(files))


def find(name: str, options: argparse.Namespace | None = None) -> Repository:
    """The files of a model; ``options`` are those of `add_hub`."""
    if options is None:
        return locate(name)
    return locate(name, revision=options.revision, subfolder=options.subfolder, token=options.token)
