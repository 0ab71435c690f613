"""Adapters in a folder: `adapter_model.safetensors` and `adapter_config.json`, as the library PEFT has them.

Source: https://huggingface.co/docs/peft/developer_guides/checkpoint
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import CheckpointError, FetchError
from ..files import write_text
from ..hub import Repository
from ..surgery.lora import LoraConfig
from . import safetensors

PREFIX = "base_model.model."
SUFFIXES = {".lora_a": ".lora_A.weight", ".lora_b": ".lora_B.weight"}
WEIGHTS, SETTINGS = "adapter_model.safetensors", "adapter_config.json"

OTHER_ADAPTERS = ("alpha_pattern", "fan_in_fan_out", "use_dora", "use_qalora", "use_rslora")
"""Settings under which the same weights mean something else."""

Arrays = dict[str, np.ndarray]


def save(folder: str | os.PathLike[str], lora: LoraConfig, arrays: Mapping[str, np.ndarray]) -> None:
    """Write adapters, and weights learnt beside them; each file appears whole or not at all, the settings last.

    Raises: FetchError if ``folder`` is a file.
    """
    path = Path(folder)
    if path.is_file():
        raise FetchError(f"`save_directory` must be a folder; got the file {path}.")
    path.mkdir(parents=True, exist_ok=True)
    safetensors.write(path / WEIGHTS, {_theirs(name): array for name, array in arrays.items()})
    write_text(path / SETTINGS, json.dumps(_settings(lora, arrays), indent=2, sort_keys=True) + "\n")


def load(files: Repository) -> tuple[LoraConfig, Arrays]:
    """The settings and the weights that `save` or PEFT wrote.

    Raises: FetchError for what cannot be found, CheckpointError for what cannot be read.
    """
    path = files.file(SETTINGS)
    try:
        lora = _lora(json.loads(path.read_text(encoding="utf-8")))
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"`{path}` must hold the settings of LoRA as PEFT writes them; got: {error}.") from error
    checkpoint = safetensors.read(files.file(WEIGHTS))
    return lora, {_ours(name): np.array(checkpoint[name]) for name in checkpoint}


def _settings(lora: LoraConfig, names: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """What PEFT calls LoRA's settings."""
    beside = {name.rpartition(".")[0] for name in names if not name.endswith(tuple(SUFFIXES))}
    return {
        "base_model_name_or_path": None,
        "bias": "none",
        "fan_in_fan_out": False,
        "inference_mode": True,
        "lora_alpha": lora.alpha,
        "lora_dropout": lora.dropout,
        "modules_to_save": sorted(beside) or None,
        "peft_type": "LORA",
        "r": lora.rank,
        "target_modules": list(lora.targets),
        "task_type": None,
    }


def _lora(settings: Mapping[str, Any]) -> LoraConfig:
    if settings["peft_type"] != "LORA":
        raise ValueError(f"peft_type={settings['peft_type']!r}")
    if other := [name for name in OTHER_ADAPTERS if settings.get(name)]:
        raise ValueError(f"{other[0]}={settings[other[0]]!r}, which is another kind of adapter")
    values = (settings[name] for name in ("r", "lora_alpha", "target_modules", "lora_dropout"))
    rank, alpha, targets, dropout = values
    return LoraConfig(rank, alpha, tuple(targets), dropout)


def _theirs(name: str) -> str:
    for own, foreign in SUFFIXES.items():
        name = name.removesuffix(own) + foreign if name.endswith(own) else name
    return PREFIX + name


def _ours(name: str) -> str:
    for own, foreign in SUFFIXES.items():
        name = name.removesuffix(foreign) + own if name.endswith(foreign) else name
    return name.removeprefix(PREFIX)
