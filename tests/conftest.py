"""Fixtures for all tests, and quiet frameworks."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["XLM_KYTEA_MODEL"] = str(Path(__file__).parent / "data" / "kytea" / "model.bin")

from frameworks import FRAMEWORKS, Framework
from xlm_core.quantization import SPEEDS

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True, scope="session")
def known_speeds() -> None:
    """Every precision is fast here, so that no test measures or warns unless it clears what is known."""
    SPEEDS.update({(name, each): 2.0 for name in ("torch", "tf") for each in ("int8", "bfloat16", "float16")})


@pytest.fixture(params=FRAMEWORKS, ids=lambda framework: framework.name)
def framework(request: pytest.FixtureRequest) -> Framework:
    """Each installed framework in turn."""
    return request.param


@pytest.fixture(scope="session")
def demo() -> Path:
    """The demonstration checkpoint of the repository."""
    return ROOT / "examples" / "xlm-demo"
