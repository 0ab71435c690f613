"""Linear layers that compute with whichever library is the fastest here.

On a CPU, in evaluation mode and without gradients, a product runs through PyTorch's own kernel, through oneDNN, or
through oneDNN or MKL with a packed copy of the weight: `kernel_choice` measures which. Everywhere else it is
``F.linear``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.autograd import forward_ad
from torch.nn import functional as F
from torch.nn.modules import module as modules

from . import int8
from .kernel_choice import COPIES, TOLERANCE, Choice, Product, Run, choose, environment_mode, rows_like
from .packed import LARGEST, Mkl, MklWeight, Onednn, OnlyCopy, PackedWeight, find_mkl, find_onednn, plain_product

ONEDNN, MKL = Onednn(find_onednn()), Mkl(find_mkl())
"""The libraries, as far as this PyTorch has them."""

_OF_COPIES = {"packed": ONEDNN, "mkl": MKL}
"""The library that makes the copy of each of `COPIES`."""

CHOICES: dict[tuple[Any, ...], Choice] = {}
"""What was measured in this process; a `Product` is the key, and a tuple of its fields finds it faster."""

_LOCK = threading.RLock()
"""Held while something is measured or packed: two threads may call one model."""


def _state(name: str, owner: Any = torch._C) -> Callable[[], Any]:  # noqa: SLF001  # the public ones take twice as long
    """What tells a state of PyTorch; where it has another name, the answer that keeps the plain kernel."""
    return getattr(owner, name, lambda: True)


_is_tracing = _state("_is_tracing")
_is_autocast = _state("_is_any_autocast_enabled")
_is_deterministic = _state("_get_deterministic_algorithms")
_is_onednn_on = _state("_get_mkldnn_enabled")
_dispatch_modes = _state("_len_torch_dispatch_stack")
_transforms = _state("peek_interpreter_stack", getattr(torch._C, "_functorch", None))  # noqa: SLF001


Kernel = tuple[Callable[..., Tensor], Tensor | MklWeight]
"""What multiplies, and the weight that it takes."""

Example = tuple[Tensor, Tensor | MklWeight, Tensor | None, str]
"""What a kernel is measured with: x, weight, bias, what is done with the product."""


class Linear(nn.Linear):
    """``torch.nn.Linear``, computed by the fastest kernel: (…, in) -> (…, out).

    kernels: what the choice is fixed to, one of `MODES`; None is what the environment says.

    Raises: InputError if the environment variable ``XLM_KERNELS`` is none of them.
    """

    kernels: str | None = None
    packed: PackedWeight | OnlyCopy | None = None

    def __init__(self, in_features: int, out_features: int, bias: bool = True, **where: Any) -> None:
        environment_mode()
        super().__init__(in_features, out_features, bias=bias, **where)

    def forward(self, x: Tensor) -> Tensor:
        """x (…, in) -> (…, out)."""
        kernel = _kernel(self, x, "none")
        if kernel is not None:
            product, weight = kernel
            return product(x, weight, self._parameters["bias"])
        if self.training:
            return _product_of_training(self, x)
        return F.linear(x, self.weight, self.bias)

    @property
    def mode(self) -> str:
        """What the choice is fixed to, or "auto"."""
        return self.kernels or environment_mode()

    def pack(self, kernel: str = "packed") -> PackedWeight | OnlyCopy:
        """The packed copy for one of `COPIES`, made if there is none of what the weight is now."""
        with _LOCK:
            packed = self.packed
            if packed is None or packed.kernel != kernel or not packed.is_of(self.weight):
                self.packed = packed = PackedWeight(self.weight, kernel, _OF_COPIES[kernel])
            return packed

    def free(self) -> None:
        """Keep nothing but the packed copy."""
        self.pack()
        if isinstance(self.packed, PackedWeight):
            self.packed = OnlyCopy(self.packed)
            self.weight = self.packed.weight

    def unpack(self) -> None:
        """Keep nothing but the plain weight."""
        if self.packed is not None and self.packed.is_of(self._parameters.get("weight")):
            self.weight = self.packed.restored()
        self.packed = None

    def train(self, mode: bool = True) -> Self:
        """Training changes the weight: no copy of it is kept."""
        if mode:
            self._forget_copy()
        return super().train(mode)

    def _apply(self, fn: Any, recurse: bool = True) -> Self:
        self._forget_copy()
        return super()._apply(fn, recurse)

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        self._forget_copy()
        super()._load_from_state_dict(*args, **kwargs)

    def _forget_copy(self) -> None:
        """A copy that is the only one stays: it is the weight."""
        if isinstance(self.packed, PackedWeight):
            self.packed = None

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "packed"}


def activated(layer: nn.Module, activation: nn.Module, x: Tensor) -> Tensor:
    """``activation(layer(x))``, at once where that is faster and nobody watches either."""
    then = _name(activation)
    if then is not None and not _is_watched(activation) and (kernel := _fused_kernel(layer, x, then)) is not None:
        product, weight = kernel
        return product(x, weight, layer._parameters["bias"], then)  # noqa: SLF001
    result: Tensor = activation(layer(x))
    return result


def together(layers: Sequence[nn.Module], x: Tensor) -> Sequence[Tensor]:
    """What layers make of the same x (…, in): (…, out) of each; int8 layers that nobody watches round it once."""
    if all(map(_is_free_int8, layers)):
        return int8.results(layers, x)
    return [layer(x) for layer in layers]


def fed_forward(first: nn.Module, activation: nn.Module, last: nn.Module, x: Tensor) -> Tensor:
    """``last(activation(first(x)))``, x (…, in) -> (…, out); at once in int8, if nobody watches and nothing learns."""
    free = _is_free_int8(first) and _is_free_int8(last) and not _is_watched(activation)
    if free and not (torch.is_grad_enabled() and x.requires_grad):
        return int8.fed_forward(first, activation, last, x)
    return last(activated(first, activation, x))


def _is_free_int8(layer: nn.Module) -> bool:
    """Whether a layer is int8, and nobody counts its calls."""
    return type(layer) is int8.QuantizedLinear and not torch.compiler.is_compiling() and not _is_watched(layer)


def _name(activation: nn.Module) -> str | None:
    """What oneDNN calls an activation; None if it computes no such."""
    if type(activation) is nn.GELU and activation.approximate == "none":
        return "gelu"
    return "relu" if type(activation) is nn.ReLU else None


def _fused_kernel(layer: nn.Module, x: Tensor, then: str) -> Kernel | None:
    """`_kernel` for a product that something is done with at once, which a hook could not see and a subclass not do."""
    if torch.compiler.is_compiling() or type(layer) is not Linear or _is_watched(layer):
        return None
    return _kernel(layer, x, then)


def _is_watched(layer: nn.Module) -> bool:
    """Whether a hook waits for what goes into a layer or comes out."""
    return bool(
        layer._forward_hooks  # noqa: SLF001
        or layer._forward_pre_hooks  # noqa: SLF001
        or modules._global_forward_hooks  # noqa: SLF001
        or modules._global_forward_pre_hooks  # noqa: SLF001
    )


def _kernel(layer: Linear, x: Tensor, then: str) -> Kernel | None:
    """What multiplies x, and with which form of the weight; None where there is no choice."""
    if torch.compiler.is_compiling() or torch.is_grad_enabled() or layer.training or not _is_ordinary(x):
        return None
    weight, packed = layer._parameters.get("weight"), layer.packed  # noqa: SLF001  # the attribute takes far longer
    if not _fits(layer, weight, x):
        return _only_copy(layer, weight, x)
    choice = _choice(layer, x, then)
    if choice.kernel == "plain":
        return plain_product, weight
    if packed is not None and packed.kernel in choice.copies and packed.is_of(weight):
        return packed.product, packed.values
    if choice.kernel == "onednn":
        return ONEDNN.product, weight
    return _repacked(layer, weight, choice)


def _is_ordinary(x: Tensor) -> bool:
    """Whether x holds numbers on the CPU, in rows, and nothing looks on or changes what operators mean."""
    return (
        type(x) is Tensor
        and x.is_cpu
        and x.layout is torch.strided
        and not x.is_nested
        and x.dim() > 1
        and not _is_tracing()
        and not _is_autocast()
        and not _dispatch_modes()
        and _transforms() is None
        and getattr(forward_ad, "_current_level", 0) < 0
        and not _is_deterministic()
        and _is_onednn_on()
    )


def _fits(layer: Linear, weight: Any, x: Tensor) -> bool:
    """Whether the weight is what other kernels take, and x goes with it."""
    return (
        type(weight) is nn.Parameter
        and weight.dtype is x.dtype
        and weight.is_contiguous()
        and weight.is_cpu
        and x.size(-1) == layer.in_features
        and x.dtype in TOLERANCE
        and x.numel() > 0
    )


def _only_copy(layer: Linear, weight: Any, x: Tensor) -> Kernel | None:
    """The copy of a weight that was freed, if x goes with it."""
    packed = layer.packed
    if not isinstance(packed, OnlyCopy) or not packed.is_of(weight):
        return None
    goes_with_it = x.dtype is packed.values.dtype and x.size(-1) == layer.in_features
    return (packed.product, packed.values) if goes_with_it else None


def _repacked(layer: Linear, weight: nn.Parameter, choice: Choice) -> Kernel:
    """A copy made now, unless the weight counts no changes; then what runs without."""
    if not weight.is_inference():
        packed = layer.pack(choice.kernel)
        return packed.product, packed.values
    layer.packed = None
    return (ONEDNN.product if choice.without_copy == "onednn" else plain_product), weight


def _choice(layer: Linear, x: Tensor, then: str) -> Choice:
    """What computes this product, measured if it has not been."""
    rows = rows_like(x.numel() // layer.in_features)
    key = (layer.kernels, rows, layer.in_features, layer.out_features, x.dtype, then, torch.get_num_threads())
    choice = CHOICES.get(key)
    return _chosen(layer, Product(*key)) if choice is None else choice


def refusal(layer: Linear) -> str | None:
    """Why a layer cannot run packed on this processor; None if it can."""
    return _chosen(layer, _product(layer, "packed", 1)).refused.get("packed")


def best_copy(layer: Linear) -> str:
    """Which of `COPIES` computes a text, not a single token, the fastest, in the mode of a layer."""
    copies = _chosen(layer, _product(layer, layer.kernels, _ROWS_OF_A_TEXT)).copies
    return copies[0] if copies else "packed"


_ROWS_OF_A_TEXT = 128


def _product(layer: Linear, mode: str | None, rows: int) -> Product:
    """What a layer computes of so many rows."""
    sizes = (rows, layer.in_features, layer.out_features, layer.weight.dtype)
    return Product(mode, *sizes, "none", torch.get_num_threads())


def _chosen(layer: Linear, product: Product) -> Choice:
    with _LOCK, torch.no_grad():
        if product not in CHOICES:
            mode = product.mode or environment_mode()
            CHOICES[product] = choose(mode, product, _candidates(layer, product, mode))
        return CHOICES[product]


def _candidates(layer: Linear, product: Product, mode: str) -> dict[str, Callable[[], Run]]:
    """What may compute a product, by name; each is made ready by a call."""
    examples = _examples(layer, product)
    candidates: dict[str, Callable[[], Run]] = {"plain": lambda: _in_turn(plain_product, examples)}
    if ONEDNN.operators is not None:
        candidates["onednn"] = lambda: _in_turn(ONEDNN.product, examples)
    if product.then != "gradient" and (mode in COPIES or layer.weight.numel() <= LARGEST):
        there = {name: library for name, library in _OF_COPIES.items() if library.operators is not None}
        candidates |= {name: _with_copy(library, *examples[0]) for name, library in there.items()}
    return candidates


def _in_turn(product: Callable[..., Tensor], examples: Sequence[Example]) -> Run:
    return lambda number: product(*examples[number % len(examples)])


def _with_copy(library: Onednn | Mkl, x: Tensor, weight: Tensor, *others: Any) -> Callable[[], Run]:
    return lambda: _in_turn(library.product, [(x, library.pack(weight), *others)])


def _examples(layer: Linear, product: Product) -> list[Example]:
    """What `Onednn.product` takes: with the layer's weight, or with each of its parts that are measured in time."""
    most = max(_MOST // (product.rows * product.in_dim), _NARROWEST)
    count = min(product.out_dim, most, max(_WIDEST // product.in_dim, _NARROWEST))
    starts = range(0, product.out_dim - count + 1, count)
    weight, bias = layer.weight.detach(), None if layer.bias is None else layer.bias.detach()
    if product.then == "gradient":
        x = _waves(product, count)
        return [(x, weight[start : start + count].t(), None, "none") for start in starts]
    x = _waves(product, product.in_dim)
    parts = [slice(start, start + count) for start in starts]
    return [(x, weight[part], None if bias is None else bias[part], product.then) for part in parts]


_MOST, _WIDEST, _NARROWEST = 2**28, 2**22, 256
"""Multiply-adds of one measured product, numbers of a measured weight, and outputs that are no fewer for either."""


def _waves(product: Product, width: int) -> Tensor:
    """Numbers (rows, width) to compute with, which cost nobody's random numbers."""
    count = torch.arange(product.rows * width, dtype=torch.float32, device="cpu")
    return count.sin().view(product.rows, width).to(product.dtype)


def _product_of_training(layer: Linear, x: Tensor) -> Tensor:
    """The product, and its gradient, by the faster of the kernels that make no copy. (…, in) -> (…, out)."""
    if not torch.compiler.is_compiling() and _is_ordinary(x) and _fits(layer, layer._parameters.get("weight"), x):  # noqa: SLF001
        fast = [_choice(layer, x, then).without_copy == "onednn" for then in ("none", "gradient")]
        if any(fast):
            result: Tensor = _Learning.apply(x, layer.weight, layer.bias, *fast)
            return result
    return F.linear(x, layer.weight, layer.bias)


class _Learning(torch.autograd.Function):
    """A linear layer whose product, and whose gradient by x, are oneDNN's where that is fast."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, fast: bool, fast_gradient: bool) -> Tensor:
        """x (…, in), weight (out, in) -> (…, out)."""
        ctx.save_for_backward(x, weight)
        ctx.fast = fast_gradient
        return (ONEDNN.product if fast else plain_product)(x, weight, bias)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None, None, None]:
        """gradient (…, out) -> those by x, weight and bias; PyTorch's own operators if they are to be derived again."""
        (gradient,), (x, weight) = gradients, ctx.saved_tensors
        fast = ctx.fast and not torch.is_grad_enabled() and _is_ordinary(gradient)
        product = ONEDNN.product if fast else plain_product
        by_x, by_weight, by_bias = ctx.needs_input_grad[:3]
        rows = _rows(gradient)
        return (
            product(gradient, weight.t(), None) if by_x else None,
            rows.t() @ _rows(x) if by_weight else None,
            rows.sum(dim=0) if by_bias else None,
            None,
            None,
        )


def _rows(x: Tensor) -> Tensor:
    """(…, D) -> (N, D)."""
    return x.reshape(-1, x.shape[-1])
