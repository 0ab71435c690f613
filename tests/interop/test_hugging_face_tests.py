"""Hugging Face's own test files of XLM, where somebody has them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = os.environ.get("XLM_HUGGING_FACE_TESTS", "")


@pytest.mark.slow
@pytest.mark.skipif(not FOLDER, reason="XLM_HUGGING_FACE_TESTS names no folder tests/models/xlm of transformers 4")
def test_hugging_faces_own_tests_pass() -> None:
    """What their files ask of XLM, ours does, in both frameworks."""
    script = Path(__file__).with_name("hugging_face_tests.py")

    done = subprocess.run([sys.executable, script, FOLDER], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
