"""Teach PyTorch that our outputs are containers, so that torch.export takes them. Mirror: xlm_tf/containers.py."""

from __future__ import annotations

import torch

from xlm_core.outputs import ModelOutput


def register_outputs() -> None:
    """Register every output class, once per process."""
    for cls in ModelOutput.every_class():
        torch.export.register_dataclass(cls)
