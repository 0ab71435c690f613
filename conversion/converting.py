"""A conversion: planned, then carried out beside the folder it is for, then moved there."""

from __future__ import annotations

import argparse
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from xlm_core.config import XLMConfig
from xlm_core.errors import InputError
from xlm_core.formats.base import FLOATS
from xlm_core.formats.loading import LoadingInfo, load
from xlm_core.manifest import manifest

from .destination import Destination
from .models import CLASSES
from .progress import watching
from .publishing import publish, staging
from .report import Report
from .sources import CONFIG_FILE, Source, open_source
from .targets import ORIGINAL, TARGETS, Job, Target
from .tokenizers import Companion, companion, original_companion, release_of

OF_ORIGINAL = ("codes", "vocab", "lowercase", "causal")
"""Options that tell what the original's files do not."""


@dataclass(frozen=True)
class Plan:
    """What is to be done; nothing has been written, and no weight kept in memory."""

    source: Source
    destination: Destination
    job: Job
    info: LoadingInfo
    companion: Companion

    @property
    def target(self) -> Target:
        """The format to write."""
        return self.destination.target

    @property
    def weight_files(self) -> list[str]:
        """The weight files, the one that is opened first coming last."""
        return self.target.files(self.job)

    @property
    def names(self) -> list[str]:
        """Every file to write; nothing can be read without the last."""
        if self.target is ORIGINAL:
            return [*self._new(self.companion.files), *self.weight_files]
        return [*self._new(self.companion.files), *self.weight_files, *self._new([CONFIG_FILE])]

    def write(self, folder: Path) -> None:
        """Write every file into a folder of its own."""
        self.companion.write(folder)
        self.target.write(folder, self.job)
        if self.target is not ORIGINAL:
            self.job.config.save_pretrained(folder)

    def _new(self, names: Collection[str]) -> list[str]:
        return [name for name in names if not self.destination.keeps(name)]


def convert(options: argparse.Namespace) -> Report:
    """Convert a model as the options of the command say.

    Raises: XLMError for what cannot be read, fits no format or is in the way; the folder is then as it was.
    """
    plan = make_plan(options)
    plan.destination.check(plan.names, force=options.force)
    show = False if options.quiet else None
    files = dict.fromkeys(plan.names) if options.dry_run else carry_out(plan, show)
    return Report(
        source=plan.source,
        folder=options.target,
        target=plan.target,
        job=plan.job,
        info=plan.info,
        tokenizer=plan.companion.remark,
        files=files,
        is_dry_run=options.dry_run,
    )


def make_plan(options: argparse.Namespace) -> Plan:
    """Open the source and see what has to be done."""
    target, source = TARGETS[options.to], open_source(options.source, options)
    _check(options, source, target)
    destination = Destination.of(options.target, target, source)
    weights, info = load(source.files, manifest(source.config, source.task), strict=not options.leave_out)
    release = release_of(source, options) if target is ORIGINAL else None
    job = Job(weights, source.config, source.task, options.dtype, options.max_shard_size, release)
    job = job.with_config(_config(source.config, job, options.causal))
    goes_along = companion(source, options) if release is None else original_companion(release)
    return Plan(source, destination, job, info, goes_along)


def carry_out(plan: Plan, show: bool | None) -> dict[str, int | None]:
    """Write, then publish; the names and sizes of the files."""
    folder = plan.destination.folder
    with staging(folder) as staged:
        with watching(staged, plan.job.n_bytes(), show):
            plan.write(staged)
        sizes: dict[str, int | None] = {name: (staged / name).stat().st_size for name in plan.names}
        publish(staged, folder, plan.names, stale=plan.destination.replaced(plan.names))
    return sizes


def _config(config: XLMConfig, job: Job, causal: bool | None) -> XLMConfig:
    """The config to write: class and number format are those of what is written."""
    dtypes = {entry.dtype for entry in job.kept() if entry.dtype in FLOATS}
    config = config.replace(architectures=[CLASSES[job.task]], dtype=dtypes.pop() if len(dtypes) == 1 else None)
    return config if causal is None else config.replace(causal=causal)


def _check(options: argparse.Namespace, source: Source, target: Target) -> None:
    """Refuse options that would have no effect."""
    given = [name for name in OF_ORIGINAL if getattr(options, name) is not None]
    if given and not source.is_original:
        raise InputError(
            f"--{given[0]} is for files of the original code; `{source.path}` is of another format. Leave it out."
        )
    if options.max_shard_size is not None and not target.has_shards:
        raise InputError(f"--max-shard-size is for safetensors and torch; {target.title} is one file. Leave it out.")
