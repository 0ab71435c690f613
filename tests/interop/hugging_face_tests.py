"""Run Hugging Face's own test files of XLM against this library, through a thin import layer.

Their files are not in this repository. Given a checkout of transformers 4 (its folder ``tests/models/xlm``):

    python tests/interop/hugging_face_tests.py PATH/TO/transformers/tests/models/xlm

The layer gives our classes under the names that the files import. Of the suites that all of their models share, it
has the helpers and no tests: those test what a transformers model must be, not what XLM is. Two tests are left out
with a reason, the rest must pass.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
import unittest
from pathlib import Path
from types import ModuleType
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
import tensorflow as tf
import torch

import xlm_core.config
import xlm_tf
import xlm_torch

FILES = ("test_modeling_xlm.py", "test_modeling_tf_xlm.py", "test_tokenization_xlm.py")
LIBRARIES = ("transformers", "myTransformers")
LEFT_OUT = {"test_config": "our configs are checked and do not change", "slow": "needs weights from the network"}


class XLMConfig(xlm_core.config.XLMConfig):
    """Ours, taking any keyword and changing when it is told to, as the files expect."""

    def __init__(self, *values: Any, **named: Any) -> None:
        known = {name for name in named if hasattr(xlm_core.config.XLMConfig(), name)}
        super().__init__(*values, **{name: named[name] for name in known})

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)


class TokenizerTester:
    """Where the tokenizer's files are written."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.tmpdirname = tempfile.mkdtemp()


def random_ids(shape: list[int], vocab_size: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, vocab_size, shape)


def random_mask(shape: list[int]) -> np.ndarray:
    """0 and 1; the first token is always there."""
    mask = random_ids(shape, 2)
    mask[:, 0] = 1
    return mask


def fill_with_sinusoids(rows: int, dim: int, out: torch.Tensor) -> None:
    """Their formula, position by position."""
    angles = np.array([[row / np.power(10000, 2 * (j // 2) / dim) for j in range(dim)] for row in range(rows)])
    out[:, 0::2], out[:, 1::2] = torch.tensor(np.sin(angles[:, 0::2])), torch.tensor(np.cos(angles[:, 1::2]))


def modules() -> dict[str, dict[str, Any]]:
    """What can be imported, by module."""
    ours = {name: getattr(package, name) for package in (xlm_torch, xlm_tf) for name in package.__all__}
    shared = {
        "generation.test_utils": {"GenerationTesterMixin": type("GenerationTester", (), {})},
        "test_configuration_common": {"ConfigTester": lambda *_, **__: None},
        "test_modeling_common": {
            "ModelTesterMixin": type("ModelTester", (), {}),
            "ids_tensor": lambda shape, vocab_size: torch.tensor(random_ids(shape, vocab_size)),
            "random_attention_mask": lambda shape: torch.tensor(random_mask(shape)),
        },
        "test_modeling_tf_common": {
            "TFModelTesterMixin": type("TFModelTester", (), {}),
            "ids_tensor": lambda shape, vocab_size, dtype=tf.int32: tf.constant(random_ids(shape, vocab_size), dtype),
            "random_attention_mask": lambda shape, dtype=tf.int32: tf.constant(random_mask(shape), dtype),
        },
        "test_pipeline_mixin": {"PipelineTesterMixin": type("PipelineTester", (), {})},
        "test_tokenization_common": {"TokenizerTesterMixin": TokenizerTester},
    }
    files = {"vocab_file": "vocab.json", "merges_file": "merges.txt"}
    library = {
        "": ours | {"XLMConfig": XLMConfig, "is_torch_available": lambda: True, "is_tf_available": lambda: True},
        ".testing_utils": {
            "require_torch": lambda case: case,
            "require_tf": lambda case: case,
            "slow": unittest.skip(LEFT_OUT["slow"]),
            "torch_device": "cpu",
        },
        ".models.xlm.modeling_xlm": {"create_sinusoidal_embeddings": fill_with_sinusoids},
        ".models.xlm.tokenization_xlm": {"VOCAB_FILES_NAMES": files, "XLMTokenizer": xlm_torch.XLMTokenizer},
    }
    named = {f"{name}{part}": content for name in LIBRARIES for part, content in library.items()}
    return named | {f"theirs.{name}": content for name, content in shared.items()}


def install() -> None:
    """Make the layer importable, parents included."""
    for name, content in modules().items():
        parts = name.split(".")
        for depth in range(1, len(parts)):
            sys.modules.setdefault(".".join(parts[:depth]), ModuleType(".".join(parts[:depth])))
        module = sys.modules.setdefault(name, ModuleType(name))
        vars(module).update(content)


def load(path: Path) -> ModuleType:
    """A test file as a module whose relative imports reach the layer."""
    for package in ("theirs.models", "theirs.models.xlm"):
        sys.modules.setdefault(package, ModuleType(package))
    spec = importlib.util.spec_from_file_location(f"theirs.models.xlm.{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def suite(folder: Path) -> unittest.TestSuite:
    """All tests of the three files but those left out."""
    install()
    loader, tests = unittest.TestLoader(), unittest.TestSuite()
    for name in FILES:
        for case in vars(load(folder / name)).values():
            if isinstance(case, type) and issubclass(case, unittest.TestCase):
                case.test_config = unittest.skip(LEFT_OUT["test_config"])(lambda self: None)
                tests.addTests(loader.loadTestsFromTestCase(case))
    return tests


def main(arguments: list[str]) -> unittest.TestResult:
    """Run them, and say what came of it."""
    return unittest.TextTestRunner(verbosity=2).run(suite(Path(arguments[0])))


if __name__ == "__main__":
    sys.exit(not main(sys.argv[1:]).wasSuccessful())
