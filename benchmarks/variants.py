"""Who is measured, and the interpreters that run them.

Each environment has an interpreter: one that was named, by an option or by the variable `XLM_BENCH_HF4` and the like,
or else that of `.bench/hf4`, which `make bench-env` makes. Our own is the one that runs the benchmarks.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
ENVIRONMENTS = {
    "ours": "this library",
    "hf4": "Hugging Face 4.57: PyTorch, TensorFlow",
    "hf5": "Hugging Face 5: PyTorch",
    "runtimes": "ONNX Runtime, OpenVINO",
}
_KERAS_2 = {"TF_USE_LEGACY_KERAS": "1"}


class Variant(NamedTuple):
    """What a reader calls it, where it runs, and the variables that it needs."""

    title: str
    environment: str
    variables: Mapping[str, str] = {}


VARIANTS = {
    "ours": Variant("ours, PyTorch", "ours"),
    "ours-bf16": Variant("ours, bfloat16", "ours"),
    "ours-int8": Variant("ours, int8", "ours"),
    "ours-checkpointed": Variant("ours, gradient checkpointing", "ours"),
    "ours-tf": Variant("ours, TensorFlow", "ours"),
    "ours-tf-predict": Variant("ours, `predict`", "ours"),
    "core": Variant("`import xlm_core`", "ours"),
    "torch": Variant("`import torch`", "ours"),
    "keras": Variant("`import keras`", "ours"),
    "numpy": Variant("`import numpy`", "ours"),
    "ceiling": Variant("the best product of matrices", "ours"),
    "product-plain": Variant("PyTorch's own (MKL)", "ours"),
    "product-unpacked": Variant("oneDNN", "ours"),
    "product-packed": Variant("oneDNN, packed", "ours"),
    "product-integers": Variant("oneDNN, int8", "ours"),
    "product-numpy": Variant("numpy (OpenBLAS)", "ours"),
    "product-tensorflow": Variant("TensorFlow", "ours"),
    "hf-eager": Variant("Hugging Face, PyTorch", "hf4"),
    "hf-fused": Variant("the same, fused AdamW", "hf4"),
    "hf-compile": Variant("the same, `torch.compile`", "hf4"),
    "hf-tf-eager": Variant("Hugging Face, TensorFlow", "hf4", _KERAS_2),
    "hf-tf-function": Variant("the same, `tf.function`", "hf4", _KERAS_2),
    "hf5-eager": Variant("Hugging Face 5, PyTorch", "hf5"),
    "onnxruntime": Variant("ONNX Runtime", "runtimes"),
    "openvino": Variant("OpenVINO", "runtimes"),
}


def interpreter(environment: str, named: Mapping[str, str]) -> str | None:
    """The interpreter of an environment; None if there is none."""
    if environment == "ours":
        return sys.executable
    made = ROOT / ".bench" / environment / "bin" / "python"
    default = str(made) if made.exists() else None
    return named.get(environment) or os.environ.get(f"XLM_BENCH_{environment.upper()}") or default


def variables(variant: str, threads: int) -> dict[str, str]:
    """The environment of a measured process: as many threads as asked for, no network, few words."""
    quiet = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "TF_CPP_MIN_LOG_LEVEL": "3"}
    pools = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(threads))
    spin = {"KMP_BLOCKTIME": "0", "KERAS_BACKEND": "tensorflow", "XLM_BENCH_THREADS": str(threads)}
    return {**os.environ, **quiet, **pools, **spin, **VARIANTS[variant].variables}
