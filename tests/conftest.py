"""Fixtures for all tests, and quiet frameworks."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["HF_HUB_OFFLINE"] = "1"

from frameworks import FRAMEWORKS, Framework

ROOT = Path(__file__).parent.parent


@pytest.fixture(params=FRAMEWORKS, ids=lambda framework: framework.name)
def framework(request: pytest.FixtureRequest) -> Framework:
    """Each installed framework in turn."""
    return request.param


@pytest.fixture(scope="session")
def demo() -> Path:
    """The demonstration checkpoint of the repository."""
    return ROOT / "examples" / "xlm-demo"
