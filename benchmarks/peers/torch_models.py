"""Models of PyTorch, ours and Hugging Face's, loaded and called as users do."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch


def threads() -> int:
    """How many threads a measured process may use."""
    return int(os.environ["XLM_BENCH_THREADS"])


def ours(name: str, folder: Path, **options: Any) -> Any:
    """A model of `xlm_torch`."""
    import xlm_torch

    torch.set_num_threads(threads())
    return getattr(xlm_torch, name).from_pretrained(folder, **options)


def hugging_face(name: str, folder: Path) -> Any:
    """The model of the same name of transformers."""
    import transformers

    torch.set_num_threads(threads())
    transformers.logging.set_verbosity_error()
    return getattr(transformers, name).from_pretrained(folder).eval()


def tensors(batch: Mapping[str, np.ndarray]) -> dict[str, torch.Tensor]:
    """A batch as PyTorch has it."""
    return {name: torch.from_numpy(array) for name, array in batch.items()}


def inferring(function: Callable[..., Any], *arguments: Any, **options: Any) -> Callable[[], Any]:
    """A call without gradients."""
    return torch.inference_mode()(partial(function, *arguments, **options))
