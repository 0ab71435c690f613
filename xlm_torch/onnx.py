"""Models as files for ONNX Runtime and other engines."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor, nn

from xlm_core.checks import check_choice
from xlm_core.errors import FetchError, InputError, MissingDependency

from .pretrained import XLMPreTrainedModel
from .quantization import refuse_quantized

PRECISIONS = ("float32", "int8")
"""What a file may be written in."""


def export_onnx(model: XLMPreTrainedModel, path: str | os.PathLike[str], precision: str = "float32") -> Path:
    """Write a model as an ONNX file, and return its path.

    The file takes ``input_ids``, ``attention_mask`` and, where the model knows languages, ``langs``: int64 (B, T), or
    (B, K, T) for a choice, of any sizes. It gives what the model does under the names that its output has. "int8"
    rounds the linear layers, each output of a weight by a scale of its own, but no scores tied to the table of words;
    it is made for processors with VNNI.

    The file appears whole or not at all, with one beside it, ``….data``, if it is larger than 2 GB. Needs the extra
    ``xlm[onnx]``.

    Raises: InputError for another precision, and for a model that trains, is not float32 or has been quantised;
        FetchError for a path in a folder that is not there; MissingDependency without the extra.

    Example:
        >>> from xlm_torch import XLMModel
        >>> from xlm_torch.onnx import export_onnx
        >>> path = export_onnx(XLMModel.from_pretrained("xlm-demo"), "xlm-demo.onnx", "int8")  # doctest: +SKIP
    """
    check_choice("precision", precision, PRECISIONS)
    _check_exportable(model)
    _require_extra()
    target = Path(path)
    if not target.parent.is_dir():
        raise FetchError(f"`path` must be in a folder that exists; {target.parent} is none.")
    with TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as name:
        written = _write(model, Path(name), target.name, precision)
        _move(written, target.parent)
    return target


class _Exported(nn.Module):
    """A model that takes tensors in order and gives a tuple of tensors."""

    def __init__(self, model: XLMPreTrainedModel, names: tuple[str, ...]) -> None:
        super().__init__()
        self.model, self.names = model, names

    def forward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        """Tensors (B, T), as `_inputs` orders them -> the model's outputs."""
        return tuple(_outputs(self.model, dict(zip(self.names, tensors, strict=True))).values())


def _outputs(model: XLMPreTrainedModel, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What a model gives, by name."""
    output = model(**inputs, output_attentions=False, output_hidden_states=False, return_dict=True)
    return {name: value for name, value in output.items() if isinstance(value, Tensor)}


def _check_exportable(model: XLMPreTrainedModel) -> None:
    refuse_quantized(model, "`export_onnx`")
    if model.training or model.dtype != torch.float32:
        raise InputError(
            f"the model must be float32 and in evaluation mode; got {model.dtype}, training={model.training}."
            " Load it with `from_pretrained`."
        )


def _require_extra() -> None:
    lacking = [name for name in ("onnx", "onnxscript", "onnxruntime") if importlib.util.find_spec(name) is None]
    if lacking:
        raise MissingDependency(f"`export_onnx` needs {', '.join(lacking)}: pip install 'xlm[onnx]'")


def _write(model: XLMPreTrainedModel, folder: Path, name: str, precision: str) -> Path:
    """Write the files of a model into folders of a folder; the one that holds them in the precision."""
    plain, rounded = folder / "float32", folder / "int8"
    plain.mkdir()
    rounded.mkdir()
    _program(model).save(plain / name)
    if precision == "float32":
        return plain
    _quantize(plain / name, rounded / name)
    return rounded


def _program(model: XLMPreTrainedModel) -> Any:
    """The model as an ONNX program."""
    inputs = _inputs(model)
    with torch.no_grad():
        names = tuple(_outputs(model, inputs))
    return torch.onnx.export(
        _Exported(model, tuple(inputs)),
        tuple(inputs.values()),
        dynamo=True,
        verbose=False,
        dynamic_shapes=((_axes(model),) * len(inputs),),
        input_names=list(inputs),
        output_names=list(names),
    )


def _inputs(model: XLMPreTrainedModel) -> dict[str, Tensor]:
    """Inputs to trace a model with, of sizes that differ."""
    inputs = {name: tensor.to(model.device) for name, tensor in model.dummy_inputs.items()}
    if _has_choices(model):
        return {name: tensor[:, None].expand(-1, 2, -1).contiguous() for name, tensor in inputs.items()}
    return inputs


def _axes(model: XLMPreTrainedModel) -> dict[int, Any]:
    """Which sizes are free."""
    names = ("batch", "choices", "tokens") if _has_choices(model) else ("batch", "tokens")
    return {number: torch.export.Dim.DYNAMIC for number, _ in enumerate(names)}


def _has_choices(model: XLMPreTrainedModel) -> bool:
    return model.task == "multiple-choice"


def _quantize(source: Path, target: Path) -> None:
    """Round the weights of a file's linear layers."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(
        source,
        target,
        per_channel=True,
        op_types_to_quantize=["MatMul", "Gemm"],
        weight_type=QuantType.QInt8,
        use_external_data_format=len([*source.parent.iterdir()]) > 1,
    )


def _move(folder: Path, to: Path) -> None:
    """Move files to where they belong, the model itself last."""
    for file in sorted(folder.iterdir(), key=lambda file: file.suffix == ".onnx"):
        file.replace(to / file.name)
