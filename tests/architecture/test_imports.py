"""Imports flow one way, and nothing is loaded that was not asked for."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FRAMEWORKS = {"torch", "tensorflow", "keras", "tf_keras"}
FORBIDDEN = {
    "xlm_core": {*FRAMEWORKS, "xlm_torch", "xlm_tf", "conversion", "transformers"},
    "xlm_torch": {"tensorflow", "keras", "tf_keras", "xlm_tf", "conversion", "transformers"},
    "xlm_tf": {"torch", "tf_keras", "xlm_torch", "conversion", "transformers"},
    "conversion": {"tf_keras", "transformers"},
}
LOADED = "print(*{name.split('.')[0] for name in sys.modules})"
HEAVY = {
    *("IPython", "PIL", "datasets", "jax", "matplotlib", "numba", "onnx", "onnxruntime", "onnxscript", "pandas"),
    *("peft", "ray", "scipy", "sentence_transformers", "sklearn", "sympy", "tensorboard", "tf_keras", "torchvision"),
    *("h5py", "huggingface_hub", "requests", "rich", "sacremoses", "safetensors", "tokenizers", "tqdm", "yaml"),
    *("Mykytea", "pythainlp", "rjieba", "transformers"),
    *("torch._dynamo", "torch._inductor", "torch.distributed", "torch.export", "torch.onnx"),
}
"""What takes long to import, or is for one task only."""
ONE_DOOR = {
    "h5py": "xlm_core/formats/",
    "huggingface_hub": "xlm_core/hub.py",
    "sacremoses": "xlm_core/tokenizer/words/tables.py",
    "safetensors": "xlm_core/formats/safetensors.py",
    "tokenizers": "xlm_core/tokenizer/",
}

FRAMEWORK_ORDER = "masks losses layers < attention feed_forward < model < tasks < auto pipelines"
ORDERS = {
    "xlm_core": "errors < hub < config languages < inputs outputs manifest < head_inputs tokenizer data formats"
    " < embeddings generation < pipelines < commands",
    "xlm_core/tokenizer": "words special_tokens < pieces < batches vocabularies < decoding < additions assembling"
    " learning saving < calling < tokenizer",
    "xlm_torch": FRAMEWORK_ORDER,
    "xlm_tf": FRAMEWORK_ORDER,
}
"""What docs/explanation/architecture.md says may import what."""


def imported(path: Path) -> set[str]:
    """Top-level names that a file imports, in functions too."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add((node.module or "").split(".")[0])
    return names


def siblings(path: Path, package: Path) -> set[str]:
    """The files and folders of its own package that a file imports, in functions too."""
    names = set()
    here = path.relative_to(package).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            above = here[: len(here) - node.level + 1]
            names |= {[*above, *(node.module or alias.name).split(".")][0] for alias in node.names}
    return names


def run(code: str, **environment: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **environment},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("package", FORBIDDEN)
def test_no_import_runs_the_wrong_way(package: str) -> None:
    """conversion → frameworks → core → numpy, and the frameworks never meet."""
    wrong = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in (ROOT / package).rglob("*.py")
        for name in imported(path) & FORBIDDEN[package]
    }

    assert not wrong


@pytest.mark.parametrize("package", ORDERS)
def test_a_file_imports_only_what_comes_before_it(package: str) -> None:
    """Inside a package, too, imports flow one way."""
    places = {name: place for place, names in enumerate(ORDERS[package].split(" < ")) for name in names.split()}
    wrong = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in (ROOT / package).rglob("*.py")
        for name in siblings(path, ROOT / package)
        for own in path.relative_to(ROOT / package).with_suffix("").parts[:1]
        if places.get(name, -1) > places.get(own, len(places))
    }

    assert not wrong


@pytest.mark.parametrize("library", ONE_DOOR)
def test_a_library_with_one_job_has_one_door(library: str) -> None:
    """Only one place imports it, so only one place changes with it."""
    doors = {
        path.relative_to(ROOT).as_posix() for path in (ROOT / "xlm_core").rglob("*.py") if library in imported(path)
    }

    assert all(door.startswith(ONE_DOOR[library]) for door in doors), doors


def test_core_loads_no_framework_and_no_heavy_library() -> None:
    """`import xlm_core`, and every name it offers, costs numpy and the standard library."""
    code = "import sys, xlm_core; [getattr(xlm_core, name) for name in xlm_core.__all__]; " + LOADED

    loaded = set(run(code).split())

    assert not loaded & {*FRAMEWORKS, *ONE_DOOR, "requests", "httpx"}


def test_core_imports_quickly() -> None:
    """The import takes less than 0.2 s, the best of five: other work on the machine is not ours."""
    code = "import time; start = time.perf_counter(); import xlm_core; print(time.perf_counter() - start)"

    assert min(float(run(code)) for _ in range(5)) < 0.2


@pytest.mark.parametrize(("package", "needs"), [("xlm_core", "numpy"), ("xlm_torch", "torch"), ("xlm_tf", "keras")])
def test_an_import_loads_nothing_heavy_that_its_framework_does_not(package: str, needs: str) -> None:
    """What one task needs is imported by that task."""
    pytest.importorskip(needs)
    loaded, needed = (set(run(f"import sys, {name}; print(*sys.modules)").split()) for name in (package, needs))
    heavy = (loaded - needed) & HEAVY

    assert not heavy


@pytest.mark.parametrize(
    ("package", "needs", "others"),
    [("xlm_torch", "torch", {"tensorflow", "keras", "xlm_tf"}), ("xlm_tf", "tensorflow", {"torch", "xlm_torch"})],
)
def test_a_framework_never_loads_the_other(package: str, needs: str, others: set[str]) -> None:
    """Users of one framework do not wait for the other."""
    pytest.importorskip(needs)

    loaded = set(run(f"import sys, {package}; " + LOADED).split())

    assert not loaded & others


@pytest.mark.parametrize(
    ("package", "needs", "extra"), [("xlm_torch", "torch", "torch"), ("xlm_tf", "tensorflow", "tf")]
)
def test_a_missing_framework_names_the_pip_line(package: str, needs: str, extra: str) -> None:
    """Without its framework a package says what to install."""
    code = f"""
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ({needs!r}, "keras"):
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
try:
    import {package}
except ImportError as error:
    print(type(error).__name__, error)
"""

    assert f"MissingDependency `{package}` needs" in (said := run(code))
    assert f"pip install 'xlm[{extra}]'" in said


def test_keras_on_another_backend_is_refused() -> None:
    """KERAS_BACKEND=torch is named at import, instead of failing somewhere later."""
    pytest.importorskip("tensorflow")
    code = "try:\n    import xlm_tf\nexcept RuntimeError as error:\n    print(error)"

    assert "KERAS_BACKEND=tensorflow" in run(code, KERAS_BACKEND="torch")
