"""Framework-neutral core of XLM: config, tokenizer, files, pipelines; everything that is not tensors.

Importing it loads numpy and the standard library; its public names are loaded when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .auto import AutoConfig, AutoTokenizer
    from .config import XLMConfig
    from .data.batches import batches_by_length
    from .data.collate import collate
    from .tokenizer import XLMTokenizer

__version__ = "0.1.0.dev0"

_HOMES = {
    "AutoConfig": "auto",
    "AutoTokenizer": "auto",
    "XLMConfig": "config",
    "XLMTokenizer": "tokenizer",
    "batches_by_length": "data.batches",
    "collate": "data.collate",
}

__all__ = ["AutoConfig", "AutoTokenizer", "XLMConfig", "XLMTokenizer", "__version__", "batches_by_length", "collate"]


def __getattr__(name: str) -> Any:
    """A public name, loaded on first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'xlm_core' has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
