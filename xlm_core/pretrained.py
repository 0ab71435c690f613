"""What `from_pretrained` and `push_to_hub` of the models do that needs no framework."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from .config import XLMConfig
from .formats.base import Checkpoint
from .formats.loading import LoadingInfo, load, read_config
from .hub import has_file, locate, upload_folder
from .manifest import check_buildable, manifest
from .model_card import model_card

CARD = "README.md"


def read_pretrained(
    name_or_path: str | os.PathLike[str],
    task: str | None,
    *,
    config: XLMConfig | None,
    overrides: Mapping[str, Any],
    hub_defaults: str,
    strict: bool,
    ignore_mismatched_sizes: bool,
    variant: str | None,
    **where: Any,
) -> tuple[XLMConfig, Checkpoint, LoadingInfo]:
    """The config of a checkpoint, those of its weights that a model of the task wants, and what became of all names.

    ``config`` is taken instead of the checkpoint's own, ``overrides`` replace fields of either. ``where`` are the
    arguments of `hub.locate`.

    Raises: what `hub.locate`, `formats.loading.read_config` and `formats.loading.load` raise; ConfigError for a model
        that cannot be built.
    """
    files = locate(name_or_path, **where)
    config = config.replace(**overrides) if config else read_config(files, hub_defaults=hub_defaults, **overrides)
    check_buildable(config, task)
    weights, info = load(
        files,
        manifest(config, task),
        strict=strict,
        ignore_mismatched_sizes=ignore_mismatched_sizes,
        variant=variant,
    )
    return config, weights, info


def push_model(
    save: Callable[[Path], object],
    config: XLMConfig,
    task: str | None,
    repo_id: str,
    *,
    license_id: str | None,
    tags: Sequence[str],
    token: str | bool | None,
    revision: str | None,
    **options: Any,
) -> str:
    """Upload what ``save`` writes into a folder, with a model card where the repository has none; the commit's URL.

    ``options`` are further arguments of `hub.upload_folder`.

    Raises: FetchError for what the Hub refuses.
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        save(folder)
        if not has_file(repo_id, CARD, token=token, revision=revision):
            card = model_card(config, task, repo_id, license_id=license_id, tags=tags)
            (folder / CARD).write_text(card, encoding="utf-8")
        return upload_folder(folder, repo_id, token=token, revision=revision, **options)
