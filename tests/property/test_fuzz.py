"""However a weight file is damaged, reading it gives arrays or one of our errors: no crash, no hang, no lack of memory.

XLM_FUZZ_FILES says how many files of each format are damaged, XLM_FUZZ_SEED which ones.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import original_files
import tiny
from xlm_core.formats import keras, loading, safetensors, sharding, tensorflow, torch_writer

torch = pytest.importorskip("torch", reason="writes files with PyTorch to read them without")

FUZZ = Path(tiny.__file__).with_name("fuzz.py")
COUNT = os.environ.get("XLM_FUZZ_FILES", "100")
SEED = os.environ.get("XLM_FUZZ_SEED", "0")
CONFIG = tiny.CONFIG.replace(n_layers=1)
ARRAYS = tiny.weights(CONFIG)


def safe(folder: Path) -> Path:
    safetensors.write(folder / "model.safetensors", ARRAYS)
    return folder / "model.safetensors"


def index(folder: Path) -> Path:
    loading.save(folder, ARRAYS, max_shard_size="10KB")
    return folder / sharding.SAFETENSORS.index()


def torch_zip(folder: Path) -> Path:
    torch_writer.write(folder / "pytorch_model.bin", ARRAYS, "float16")
    return folder / "pytorch_model.bin"


def torch_legacy(folder: Path) -> Path:
    tensors = {name: torch.tensor(array) for name, array in ARRAYS.items()}
    torch.save(tensors, folder / "pytorch_model.bin", _use_new_zipfile_serialization=False)
    return folder / "pytorch_model.bin"


def tensorflow_h5(folder: Path) -> Path:
    tensorflow.write(folder / "tf_model.h5", ARRAYS, CONFIG)
    return folder / "tf_model.h5"


def keras_weights(folder: Path) -> Path:
    keras.write_weights(folder / "model.weights.h5", ARRAYS, CONFIG, dtype="bfloat16")
    return folder / "model.weights.h5"


def keras_model(folder: Path) -> Path:
    keras.write_model(folder / "model.keras", ARRAYS, CONFIG)
    return folder / "model.keras"


def original_zip(folder: Path) -> Path:
    return original_files.save(folder / "model.pth", original_files.namespace())


def original_legacy(folder: Path) -> Path:
    return original_files.save(folder / "model.pth", is_zip=False)


MAKERS = (
    safe,
    index,
    torch_zip,
    torch_legacy,
    tensorflow_h5,
    keras_weights,
    keras_model,
    original_zip,
    original_legacy,
)


@pytest.mark.skipif(sys.platform == "win32", reason="measures memory as POSIX does")
@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_a_damaged_file_is_read_or_refused(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    command = [sys.executable, str(FUZZ), str(make(tmp_path)), COUNT, SEED]
    environment = {**os.environ, "PYTHONPATH": str(FUZZ.parent.parent)}

    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
