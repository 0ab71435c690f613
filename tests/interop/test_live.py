"""Hugging Face 4.57 itself, where it is installed beside this library: the goldens are what it computes."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from tolerances import assert_close

transformers = pytest.importorskip("transformers", minversion="4.57", reason="compares with transformers 4.57")
if transformers.__version__ >= "5":
    pytest.skip("compares with transformers 4.57", allow_module_level=True)

GOLDENS = Path(__file__).parent.parent / "goldens" / "heads.npz"


@pytest.fixture(scope="module")
def recorder() -> ModuleType:
    """The script that recorded the goldens."""
    path = Path(__file__).with_name("record_models.py")
    spec = importlib.util.spec_from_file_location("record_models", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_goldens_are_what_hugging_face_computes(recorder: ModuleType) -> None:
    """Every field of every task model, computed now, is what was written down."""
    computed, recorded = recorder.task_models(), np.load(GOLDENS)

    assert set(recorded.files) == computed.keys()
    for name, values in computed.items():
        assert_close(values, recorded[name], "states", name)
