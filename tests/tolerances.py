"""How close is close: the one table of tolerances. Tests name a row and never write a number."""

from __future__ import annotations

from typing import Any

import numpy as np

ABSOLUTE = {
    "states": 2e-5,  # states of unit scale, logits up to 10: what the mission asks for; measured 1.3e-5
    "loss": 1e-5,  # a mean of those
    "gradients": 1e-5,  # of a mean loss, relative to unit-scale weights; those that are 0 by symmetry are noise of 1e-8
    "slope": 5e-5,  # 15,000 float32 gradients times unit steps, against a central difference: measured 9e-6
    "steps": 1e-4,  # weights after ten AdamW steps: each divides by the root of a gradient's square
    "demo": 3e-5,  # logits of scale 20 after 4 layers × 256; Hugging Face's own two frameworks differ by 1.5e-5
    "scores": 1e-5,  # probabilities of the demonstration checkpoint
    "float16": 0.1,  # logits up to 10 through two layers of 11 significant bits
    "bfloat16": 0.6,  # the same with 8 bits
    "noise": 5e-4,  # what Hugging Face adds to new rows: about 3e-5 of the deviation of the old ones
    "exact": 0.0,  # what is copied, not computed
}


def assert_close(actual: Any, expected: Any, kind: str, what: str = "") -> None:
    """Every element within the tolerance of its kind; a mean would hide a transposed matrix."""
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert actual.shape == expected.shape, f"{what}: shapes {actual.shape} and {expected.shape}"
    np.testing.assert_allclose(actual, expected, rtol=0, atol=ABSOLUTE[kind], err_msg=what)


def assert_half_close(actual: dict[str, Any], expected: dict[str, Any], kind: str) -> None:
    """The same real-valued fields, finite and close wherever a position may be looked at.

    Where it may not, the score is the lowest of its number format. Positions of a ranking are left out, for scores that
    half precision makes equal are ranked either way; the scores themselves must agree.
    """
    assert actual.keys() == expected.keys()
    for name, value in expected.items():
        if np.issubdtype(value.dtype, np.floating):
            own = np.asarray(actual[name], "float32")
            allowed = value > np.finfo(value.dtype).min
            assert np.isfinite(own).all(), name
            assert_close(np.where(allowed, own, 0), np.where(allowed, value, 0), kind, name)


def assert_outputs_close(actual: dict[str, Any], expected: dict[str, Any], kind: str) -> None:
    """The same fields, each close in every element of every layer."""
    assert actual.keys() == expected.keys()
    for name, value in expected.items():
        layers = value if isinstance(value, tuple) else (value,)
        own = actual[name] if isinstance(value, tuple) else (actual[name],)
        assert len(own) == len(layers), name
        for number, (one, other) in enumerate(zip(own, layers, strict=True)):
            assert_close(one, other, kind, f"{name}[{number}]")
