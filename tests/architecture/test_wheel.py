"""What a user installs: the four packages, their types, and nothing that has another licence."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from the checkout, by the back end that is installed here."""
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)], cwd=ROOT, check=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def names(wheel: Path) -> list[str]:
    return zipfile.ZipFile(wheel).namelist()


def test_wheel_holds_the_four_packages_and_their_types(names: list[str]) -> None:
    """Each package comes with its marker for type checkers."""
    packages = {name.split("/")[0] for name in names if not name.split("/")[0].endswith(".dist-info")}

    assert packages == {"xlm_core", "xlm_torch", "xlm_tf", "conversion"}
    assert {f"{package}/py.typed" for package in packages} <= set(names)


def test_wheel_leaves_the_demonstration_checkpoint_out(names: list[str]) -> None:
    """Its captions have another licence; the wheel's is Apache-2.0 alone."""
    assert not [name for name in names if "xlm-demo" in name or name.endswith(".safetensors")]
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_installed_wheel_says_where_the_demonstration_checkpoint_is(wheel: Path, tmp_path: Path) -> None:
    """Without a checkout the built-in name explains itself."""
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = "from xlm_core.hub import locate\ntry:\n    locate('xlm-demo')\nexcept OSError as error:\n    print(error)"

    said = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    assert "examples/xlm-demo" in said
    assert "CC BY-NC-SA 4.0" in said
