"""ONNX Runtime and OpenVINO, each with Hugging Face's model exported at the shapes that are measured."""

from __future__ import annotations

import fcntl
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.peers.torch_models import threads

Run = Callable[[], np.ndarray]


def onnx_runtime(model: torch.nn.Module, batch: Mapping[str, np.ndarray], file: Path) -> Run:
    """The first output of the exported model."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads()
    path = str(exported(model, batch, file))
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, dict(batch))[0]


def openvino(model: torch.nn.Module, batch: Mapping[str, np.ndarray], file: Path) -> Run:
    """The same, in float32: without the hint it would compute in bfloat16 where the CPU can."""
    import openvino as runtime

    hints = {"INFERENCE_NUM_THREADS": threads(), "INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
    compiled = runtime.Core().compile_model(str(exported(model, batch, file)), "CPU", hints)
    request = compiled.create_infer_request()
    return lambda: next(iter(request.infer(dict(batch)).values()))


def exported(model: torch.nn.Module, batch: Mapping[str, np.ndarray], file: Path) -> Path:
    """The file, written by whichever process comes first."""
    with file.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.exists():
            _export(model, batch, file)
    return file


def _export(model: torch.nn.Module, batch: Mapping[str, np.ndarray], file: Path) -> None:
    arguments: tuple[Any, ...] = tuple(torch.from_numpy(array) for array in batch.values())
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(model, arguments, str(file), input_names=list(batch), opset_version=17, dynamo=False)
