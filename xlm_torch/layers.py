"""Layers of known size, with this library's initial values. Mirror: xlm_tf/layers.py.

Source: the original draws embeddings from N(0, D^-0.5) and leaves linear layers to PyTorch; these are Hugging Face's
values, ``config.embed_init_std`` and ``config.init_std``, which fine-tuning recipes were made for.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from xlm_core.config import XLMConfig
from xlm_core.sinusoids import sinusoids

from .kernels import Linear


def dense(config: XLMConfig, out_dim: int, in_dim: int, *, bias: bool = True) -> nn.Linear:
    """(…, in_dim) -> (…, out_dim); N(0, init_std), bias 0."""
    layer = Linear(in_dim, out_dim, bias=bias)
    _draw_dense(config, layer)
    return layer


def layer_norm(config: XLMConfig) -> nn.LayerNorm:
    """(…, D) -> (…, D); scale 1, shift 0."""
    return nn.LayerNorm(config.emb_dim, eps=config.layer_norm_eps)


def embedding(config: XLMConfig, rows: int, *, padding_idx: int | None = None) -> nn.Embedding:
    """(…) -> (…, D); N(0, embed_init_std). The row of padding starts at 0 and no look-up gives it a gradient."""
    layer = nn.Embedding(rows, config.emb_dim, padding_idx=padding_idx)
    _draw_embedding(config, layer)
    return layer


def positions(config: XLMConfig) -> nn.Embedding:
    """(…) -> (…, D); learnt, or sines and cosines that do not learn."""
    layer = embedding(config, config.max_position_embeddings)
    if config.sinusoidal_embeddings:
        values = torch.tensor(sinusoids(config.max_position_embeddings, config.emb_dim))
        layer.weight = nn.Parameter(values, requires_grad=False)
    return layer


def draw(config: XLMConfig, layer: nn.Module) -> None:
    """Give a layer of this file new initial values; one without memory stays without."""
    if isinstance(layer, nn.Embedding):
        _draw_embedding(config, layer)
    elif isinstance(layer, nn.Linear):
        _draw_dense(config, layer)
    elif isinstance(layer, nn.LayerNorm):
        layer.reset_parameters()


def _draw_dense(config: XLMConfig, layer: nn.Linear) -> None:
    if layer.weight.is_meta:
        return
    nn.init.normal_(layer.weight, std=config.init_std)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def _draw_embedding(config: XLMConfig, layer: nn.Embedding) -> None:
    if layer.weight.is_meta:
        return
    nn.init.normal_(layer.weight, std=config.embed_init_std)
    if layer.padding_idx is not None:
        with torch.no_grad():
            layer.weight[layer.padding_idx].zero_()


class Undrawn(TorchFunctionMode):
    """Layers made inside have sizes, but neither memory nor values."""

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Make tensors without memory, and leave out what fills them."""
        if function in _MAKERS:
            return function(*args, **{**(kwargs or {}), "device": "meta"})
        if getattr(function, "__module__", None) == "torch.nn.init":
            return next(value for value in (*args, *(kwargs or {}).values()) if isinstance(value, Tensor))
        return function(*args, **(kwargs or {}))


_MAKERS = (torch.empty, torch.tensor)
"""What the layers of this library make tensors with."""
