"""A model of the Hub on this machine: in the Hub's cache, and in a folder of its own if asked for."""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from xlm_core.errors import InputError
from xlm_core.formats.loading import open_weights
from xlm_core.hub import HubRepository

from .destination import Destination
from .publishing import publish, staging
from .sources import CONFIG_FILE, Source, find
from .targets import TARGETS
from .tokenizers import FILES

BESIDE = ("generation_config.json", "LICENSE", "README.md")
"""Files that are taken along if they are there."""


def fetch(options: argparse.Namespace) -> Source:
    """Fetch what a model consists of into the cache; what is there already is not fetched again.

    Raises: InputError for a model of this machine, FetchError for what cannot be had.
    """
    files = find(options.id, options)
    if not isinstance(files, HubRepository):
        raise InputError(f"ID must be the name of a model on the Hub; `{options.id}` is on this machine.")
    files.file(CONFIG_FILE)
    return Source(options.id, files, open_weights(files))


def model_files(source: Source) -> dict[str, Path]:
    """Every file of a model by name, the config last."""
    beside = [path for name in (*BESIDE, *FILES) if (path := source.files.find(name))]
    return {path.name: path for path in (*beside, *_weight_files(source), source.files.file(CONFIG_FILE))}


def copy(source: Source, files: Mapping[str, Path], options: argparse.Namespace) -> Path:
    """Copy the files into the folder that was asked for; all appear, or none.

    Raises: InputError if files are in the way, FetchError if the folder cannot be written to.
    """
    names = list(files)
    destination = Destination.of(options.to, TARGETS[source.format], source)
    destination.check(names, force=options.force)
    with staging(destination.folder) as staged:
        for name, path in files.items():
            shutil.copyfile(path, staged / name)
        publish(staged, destination.folder, names, stale=destination.replaced(names))
    return destination.folder


def _weight_files(source: Source) -> list[Path]:
    """The weight file, or the shards and their index."""
    if source.path.suffix != ".json":
        return [source.path]
    index = json.loads(source.path.read_text(encoding="utf-8"))
    return [*map(source.files.file, sorted(set(index["weight_map"].values()))), source.path]
