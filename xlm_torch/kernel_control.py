"""Which kernels a model runs: chosen, explained, made ready."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

import torch
from torch import nn

from xlm_core.errors import InputError

from .kernel_choice import FIRST, KERNELS, MEASURED, SMALLEST, TOLERANCE, VARIABLE, Choice, Product, check_mode
from .kernels import CHOICES, MKL, ONEDNN, Linear, best_copy, refusal
from .packed import FreedWeight, Mkl, Onednn, OnlyCopy


class Kernels:
    """The kernels of a model's linear layers on a CPU; the numbers differ by rounding alone."""

    def set_kernels(self: Any, kernels: str) -> None:
        """Fix which kernel computes linear layers, for results that are the same to the last bit from run to run.

        kernels: "plain", PyTorch's own; "onednn", oneDNN with the weights as they lie; "packed", oneDNN with copies of
        them; "mkl", MKL with copies of them; "auto", whichever is measured to be the fastest. The environment variable
        ``XLM_KERNELS`` does the same for all models of a process. Where a kernel cannot be had, say under autograd,
        PyTorch's own computes.

        Raises: InputError for another name, for a library that is not there, and after ``prepack(free=True)``.
        """
        mode = check_mode("kernels", kernels)
        refuse_freed(self)
        require_library(mode)
        for layer in _layers(self):
            layer.kernels = mode
            layer.packed = None

    def prepack(self: Any, *, free: bool = False) -> None:
        """Make the packed copies of all weights now, rather than when the first call wants them.

        They take as much memory as the linear layers; with them goes the word table's where a language model's scores
        are tied to it, which is made on request only. ``free`` makes oneDNN's copies and gives the plain weights back,
        but for those that other layers read too: then the model runs packed whatever the choice, computes under
        `torch.inference_mode` alone, and cannot be saved, copied, moved or trained before `unpack`.

        Raises: InputError for a model that trains, is not on the CPU, or is in a number format that oneDNN does not
            take here.
        """
        require_library("packed")
        _require_packable(self)
        layers, shared = _packable(self), _shared_weights(self)
        for layer in layers:
            _require_sound(layer)
        for layer in layers:
            layer.pack("packed" if free or isinstance(layer.packed, OnlyCopy) else best_copy(layer))
            if free and id(layer.weight) not in shared:
                layer.free()

    def unpack(self: Any) -> None:
        """Drop packed copies, and put freed weights back, number for number; an optimizer must be made again."""
        for layer in _layers(self):
            layer.unpack()

    def explain(self: Any) -> str:
        """A table of the kernels that have run: for which products, what was measured, and why one was chosen.

        Products are measured when they are first computed, in evaluation mode and without gradients, once for all
        models of a process.
        """
        return "\n".join([*_heading(self), "", *_table(self), "", *_notes(self)])

    def train(self: Any, mode: bool = True) -> Self:
        """Switch to training, where dropout drops, or to evaluation.

        Raises: InputError for training after ``prepack(free=True)``.
        """
        if mode:
            refuse_freed(self)
        trained: Self = super().train(mode)
        return trained

    def load_state_dict(self: Any, *args: Any, **kwargs: Any) -> Any:
        """Copy weights by name, as PyTorch does.

        Raises: InputError after ``prepack(free=True)``.
        """
        refuse_freed(self)
        return super().load_state_dict(*args, **kwargs)

    def _apply(self: Any, fn: Any, recurse: bool = True) -> Any:
        """What `to`, `half` and the like do to each weight, all or none."""
        refuse_freed(self)
        return super()._apply(fn, recurse)


def refuse_freed(model: Any) -> None:
    """Refuse what needs the plain weights.

    Raises: InputError if they were freed.
    """
    if any(type(weight) is FreedWeight for weight in model.parameters()):
        raise InputError("the model must have its plain weights; `prepack(free=True)` freed them. Call `unpack()`.")


def require_library(mode: str) -> None:
    """Refuse a mode of kernels whose library is not there.

    Raises: InputError if this PyTorch has none.
    """
    name, library = ("MKL", MKL) if mode == "mkl" else ("oneDNN", ONEDNN)
    if library.operators is None and mode not in ("plain", "auto"):
        raise InputError(
            f"this PyTorch must have been built with {name}; it was not. Keep `kernels` at 'plain' or 'auto'."
        )


def _require_packable(model: Any) -> None:
    if model.training:
        raise InputError("the model must be in evaluation mode to be packed; it trains. Call `eval()` first.")
    if model.device.type != "cpu" or model.dtype not in TOLERANCE:
        raise InputError(
            f"the model must be on the CPU and in {', '.join(map(_plainly, TOLERANCE))} to be packed;"
            f" got {_plainly(model.dtype)} on {model.device}."
        )


def _require_sound(layer: Linear) -> None:
    problem = refusal(layer)
    if problem is not None:
        raise InputError(f"oneDNN must take packed weights in {_plainly(layer.weight.dtype)} here; packed {problem}.")


def _layers(model: nn.Module) -> Iterator[Linear]:
    return (layer for layer in model.modules() if isinstance(layer, Linear))


def _packable(model: nn.Module) -> list[Linear]:
    """Those whose weight can be packed; not, say, one that counts no changes or is computed from others."""
    return [layer for layer in _layers(model) if _is_packable(layer)]


def _is_packable(layer: Linear) -> bool:
    weight = layer._parameters.get("weight")  # noqa: SLF001
    return (
        type(layer) is Linear and type(weight) is nn.Parameter and weight.is_contiguous() and not weight.is_inference()
    )


def _shared_weights(model: nn.Module) -> set[int]:
    """Weights that several layers hold."""
    held = [id(weight) for layer in model.modules() for weight in layer.parameters(recurse=False)]
    return {each for each in held if held.count(each) > 1}


def _heading(model: Any) -> Iterator[str]:
    """What computes, on what, and what it takes."""
    capability = torch.backends.cpu.get_cpu_capability()
    yield (
        f"{type(model).__name__}, {_plainly(model.dtype)} on {model.device},"
        f" {'training' if model.training else 'evaluating'}; CPU with {capability}, {torch.get_num_threads()} threads,"
        f" PyTorch {torch.__version__}"
    )
    layers = list(_layers(model))
    modes = sorted({layer.mode for layer in layers}) or ["none"]
    libraries = f"oneDNN: {_presence(ONEDNN)}; MKL: {_presence(MKL)}"
    yield f"kernels: {', '.join(modes)} ({VARIABLE} or set_kernels() fix them); {libraries}"
    copies = [layer.packed for layer in layers if layer.packed is not None]
    freed = sum(isinstance(copy, OnlyCopy) for copy in copies)
    weights = {id(layer.weight): layer.weight for layer in layers}.values()
    yield (
        f"{len(layers)} linear layers of {_megabytes(weights)}; {len(copies)} packed copies of"
        f" {_megabytes(copy.weight for copy in copies)}, {freed} of them in place of the plain weight"
    )


def _presence(library: Onednn | Mkl) -> str:
    if library.operators is None:
        return "not in this PyTorch"
    return "there" if torch._C._get_mkldnn_enabled() else "switched off"  # noqa: SLF001


def _plainly(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _megabytes(tensors: Any) -> str:
    return f"{sum(each.numel() * each.dtype.itemsize for each in tensors) / 2**20:.1f} MiB"


def _table(model: Any) -> list[str]:
    """One line for each product of the model that has been computed."""
    sizes = {(layer.kernels, layer.in_features, layer.out_features) for layer in _layers(model)}
    known = [(Product(*key), choice) for key, choice in CHOICES.items()]
    rows = [
        _row(product, choice)
        for product, choice in sorted(known, key=lambda pair: (pair[0].rows, *map(str, pair[0])))
        if (product.mode, product.in_dim, product.out_dim) in sizes and product.dtype == model.dtype
    ]
    if not rows:
        return ["nothing measured yet: call the model in evaluation mode under torch.inference_mode() first"]
    return _aligned([_COLUMNS, *rows])


_COLUMNS = ("rows", "in → out", "then", "threads", "runs", *(f"{name} µs" for name in KERNELS), "why")


def _row(product: Product, choice: Choice) -> tuple[str, ...]:
    times = (f"{choice.micros[name]:.0f}" if name in choice.micros else "–" for name in KERNELS)
    why = "; ".join([choice.reason, *(f"{name} {problem}" for name, problem in choice.refused.items())])
    sizes = f"{product.in_dim} → {product.out_dim}"
    return (_span(product.rows), sizes, product.then, str(product.threads), choice.kernel, *times, why)


def _span(rows: int) -> str:
    """The numbers of rows that one stands for."""
    group = MEASURED.index(rows)
    if group == len(FIRST) - 1:
        return f"{FIRST[group]} and more"
    first, last = FIRST[group], FIRST[group + 1] - 1
    return str(first) if first == last else f"{first}–{last}"


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _notes(model: Any) -> Iterator[str]:
    """What is off here, and when the plain kernel computes instead."""
    if model.training:
        yield "The model trains: nothing is packed; oneDNN computes products of which it was measured to be faster."
    if model.device.type != "cpu":
        yield f"The model is on {model.device}: PyTorch's own kernels compute everything."
    if model.dtype not in TOLERANCE:
        yield f"The model computes in {_plainly(model.dtype)}, which oneDNN is not used for."
    if model.base_model.precision is not None:
        yield f"Its linear layers are {model.base_model.precision}: oneDNN's products of whole numbers compute them."
    others = sum(isinstance(layer, nn.Linear) and type(layer) is not Linear for layer in model.modules())
    if others:
        yield f"{others} linear layers are not the library's own, or have adapters: nothing after them is fused."
    yield (
        "Always plain: gradients in evaluation, autocast, torch.compile, torch.export, tracing, torch.func, forward"
        f" derivatives, deterministic algorithms, and fewer than {SMALLEST:,} multiply-adds."
    )
