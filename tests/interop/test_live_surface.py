"""transformers' fast tokenizers themselves, where they are installed beside this library."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

transformers = pytest.importorskip("transformers", minversion="4.57", reason="compares with transformers 4.57")
if transformers.__version__ >= "5":
    pytest.skip("compares with transformers 4.57", allow_module_level=True)

GOLDENS = Path(__file__).parent.parent / "goldens" / "surface.json"


def test_goldens_are_what_fast_tokenizers_return() -> None:
    """Every call, made now, returns what was written down."""
    spec = importlib.util.spec_from_file_location("record_surface", Path(__file__).with_name("record_surface.py"))
    assert spec is not None
    assert spec.loader is not None
    recorder = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(recorder)

    assert recorder.record() == json.loads(GOLDENS.read_text(encoding="utf-8"))
