"""Weights laid out for oneDNN: copies beside the plain ones, or instead of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from xlm_core.errors import InputError

LARGEST = 2**25
"""Numbers in a weight above which no copy is made unless `prepack` is called: 128 MiB in float32."""

SAMPLES = 16
"""Numbers of a weight that tell, at each call, whether it was written to behind PyTorch's back."""


class Operators(NamedTuple):
    """oneDNN's operators in PyTorch, which are private."""

    linear: Callable[..., Tensor]
    pack: Callable[[Tensor], Tensor]


def find_operators() -> Operators | None:
    """Those of this PyTorch; None where it was built without oneDNN or names them otherwise."""
    library = torch.ops.mkldnn
    try:
        linear, pack = library._linear_pointwise, library._reorder_linear_weight  # noqa: SLF001  # guarded, and checked
        return Operators(linear.default, pack.default)
    except (AttributeError, RuntimeError):
        return None


class Onednn:
    """oneDNN's linear layer with something done to the product at once. ``operators`` None: there is no oneDNN."""

    def __init__(self, operators: Operators | None) -> None:
        self.operators = operators

    def product(self, x: Tensor, weight: Tensor, bias: Tensor | None, then: str = "none") -> Tensor:
        """x (…, in), weight (out, in), plain or packed -> (…, out)."""
        return self.operators.linear(x, weight, bias, then, [], "none")

    def pack(self, weight: Tensor) -> Tensor:
        """A copy (out, in), laid out for oneDNN; an ordinary tensor even where `torch.inference_mode` is on."""
        with torch.inference_mode(False), torch.no_grad():
            return self.operators.pack(weight.detach())


def plain_product(x: Tensor, weight: Tensor, bias: Tensor | None, then: str = "none") -> Tensor:
    """What `Onednn.product` must equal."""
    return _THEN[then](F.linear(x, weight, bias))


_THEN: dict[str, Callable[[Tensor], Tensor]] = {"none": lambda x: x, "gelu": F.gelu, "relu": F.relu}


class PackedWeight:
    """A packed copy of a weight, which knows whether it still is one.

    PyTorch counts what is written to a weight, but not through ``weight.data`` or numpy; so some numbers are compared.
    """

    def __init__(self, weight: nn.Parameter, values: Tensor) -> None:
        self.weight, self.values = weight, values
        self.version, self.address = weight._version, weight.data_ptr()  # noqa: SLF001  # PyTorch documents the name
        bits = weight.detach().view(_BITS[weight.element_size()]).flatten().numpy()
        self.samples = bits[:: max(bits.size // SAMPLES, 1)]
        self.seen = self.samples.tobytes()

    def is_of(self, weight: Any) -> bool:
        """Whether this is a copy of what the weight is now; the address first: samples may have moved away."""
        return (
            weight is self.weight
            and weight._version == self.version  # noqa: SLF001
            and weight.data_ptr() == self.address
            and self.samples.tobytes() == self.seen
        )

    def restored(self) -> nn.Parameter:
        """The weight itself."""
        return self.weight


_BITS = {2: torch.int16, 4: torch.int32}


class OnlyCopy:
    """A packed weight whose plain one was freed. ``weight`` stands in its place."""

    def __init__(self, packed: PackedWeight) -> None:
        self.values, self.learns = packed.values, packed.weight.requires_grad
        self.weight = FreedWeight.like(packed.weight)

    def is_of(self, weight: Any) -> bool:
        """Whether no other weight was put in its place."""
        return weight is self.weight

    def restored(self) -> nn.Parameter:
        """The weight that it was, number for number."""
        with torch.inference_mode(False):
            return nn.Parameter(self.values.to_dense(), requires_grad=self.learns)


class FreedWeight(nn.Parameter):
    """What stands for a weight that has only a packed copy: it has a size and a kind, and refuses all else."""

    @classmethod
    def like(cls, weight: Tensor) -> Self:
        """One for a weight."""
        return torch.Tensor._make_subclass(cls, torch.empty_like(weight, device="meta"), False)  # noqa: SLF001

    @classmethod
    def __torch_function__(cls, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Say what may be done.

        Raises: InputError for whatever needs the numbers.
        """
        if function in _HARMLESS:
            return super().__torch_function__(function, types, args, kwargs or {})
        raise InputError(
            "a model after `prepack(free=True)` must be called under `torch.inference_mode()`, on the CPU and as it is;"
            " its plain weights are gone. Call `unpack()` before it is saved, copied, moved, changed or trained."
        )


def _getter(name: str) -> Any:
    return getattr(torch.Tensor, name).__get__


_HARMLESS = {
    *map(
        _getter,
        ("shape", "dtype", "device", "requires_grad", "grad", "grad_fn", "is_leaf", "ndim", "is_meta", "layout"),
    ),
    *(torch.Tensor.size, torch.Tensor.numel, torch.Tensor.dim, torch.Tensor.element_size, torch.Tensor.requires_grad_),
    torch.Tensor.nelement,
}
