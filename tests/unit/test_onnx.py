"""Models as ONNX files, read by ONNX Runtime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tiny
from xlm_core.errors import FetchError, InputError, MissingDependency

torch = pytest.importorskip("torch")

import xlm_torch  # noqa: E402  # after the check that PyTorch is there
from frameworks import Torch  # noqa: E402
from xlm_torch import onnx as exporting  # noqa: E402
from xlm_torch.onnx import export_onnx  # noqa: E402

TORCH = Torch()
CLOSE = 1e-4


def built(name: str = "XLMWithLMHeadModel") -> Any:
    return TORCH.build(name).eval()


@pytest.fixture
def runtime() -> Any:
    """ONNX Runtime, where the extra is installed."""
    for name in ("onnx", "onnxscript"):
        pytest.importorskip(name, reason="needs the extra xlm[onnx]")
    return pytest.importorskip("onnxruntime", reason="needs the extra xlm[onnx]")


def outputs(runtime: Any, path: Path, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs), strict=True))


def batch(rows: int, width: int) -> dict[str, np.ndarray]:
    """Texts of other sizes than those that were traced, padded."""
    ids = np.random.default_rng(rows).integers(6, tiny.CONFIG.vocab_size, (rows, width))
    mask = (np.arange(width) < np.arange(width, width - rows, -1)[:, None]).astype(np.int64)
    return {"input_ids": ids, "attention_mask": mask, "langs": np.ones_like(ids)}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the exporter
@pytest.mark.parametrize("sizes", [(1, 1), (2, 9)], ids=str)
def test_a_file_gives_the_models_logits(runtime: Any, tmp_path: Path, sizes: tuple[int, int]) -> None:
    """For any number of texts and tokens, padding included."""
    model, inputs = built(), batch(*sizes)

    found = outputs(runtime, export_onnx(model, tmp_path / "model.onnx"), inputs)

    np.testing.assert_allclose(found["logits"], TORCH.run(model, **inputs)["logits"], atol=CLOSE, rtol=CLOSE)
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["XLMModel", "XLMForMultipleChoice", "XLMForQuestionAnsweringSimple"])
def test_outputs_have_the_models_names(runtime: Any, tmp_path: Path, name: str) -> None:
    """Whatever the head."""
    model, inputs = built(name), batch(2, 6)
    if name == "XLMForMultipleChoice":
        inputs = {key: np.stack([array] * 3, axis=1) for key, array in inputs.items()}

    found = outputs(runtime, export_onnx(model, tmp_path / "model.onnx"), inputs)

    expected = TORCH.run(model, **inputs)
    assert found.keys() == {key for key, value in expected.items() if value is not None}
    for key, array in found.items():
        np.testing.assert_allclose(array, expected[key], atol=CLOSE, rtol=CLOSE)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_int8_is_smaller_and_near(runtime: Any, tmp_path: Path) -> None:
    """Weights are rounded by output."""
    model = xlm_torch.XLMModel.from_pretrained("xlm-demo")
    ids = np.random.default_rng(0).integers(6, 3000, (2, 12))
    inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), "langs": np.ones_like(ids)}

    whole, int8 = (export_onnx(model, tmp_path / f"{each}.onnx", each) for each in ("float32", "int8"))
    one, other = (outputs(runtime, path, inputs)["last_hidden_state"] for path in (whole, int8))

    assert int8.stat().st_size < 0.7 * whole.stat().st_size
    assert 0 < np.linalg.norm(one - other) < 0.1 * np.linalg.norm(one)


@pytest.fixture
def extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the extra were installed."""
    monkeypatch.setattr(exporting, "_require_extra", lambda: None)


@pytest.mark.usefixtures("extra")
def test_a_failed_export_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what was there stays as it was."""
    (tmp_path / "model.onnx").write_bytes(b"old")

    def fail(model: Any) -> Any:
        raise OSError("full")

    monkeypatch.setattr(exporting, "_program", fail)

    with pytest.raises(OSError, match="full"):
        export_onnx(built(), tmp_path / "model.onnx")

    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("model.onnx", b"old")]


class Program:
    """Writes as `torch.onnx` does where a model is larger than 2 GB."""

    def save(self, path: Path) -> None:
        path.write_bytes(b"graph")
        path.with_name(f"{path.name}.data").write_bytes(b"weights")


@pytest.mark.usefixtures("extra")
def test_weights_in_a_file_of_their_own_come_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both files stand beside each other."""
    monkeypatch.setattr(exporting, "_program", lambda model: Program())

    export_onnx(built(), tmp_path / "model.onnx")

    assert {path.name for path in tmp_path.iterdir()} == {"model.onnx", "model.onnx.data"}


@pytest.mark.usefixtures("extra")
def test_what_cannot_be_exported_is_refused(tmp_path: Path) -> None:
    """Before anything is written."""
    path = tmp_path / "model.onnx"

    with pytest.raises(InputError, match=r"`precision` must be one of \['float32', 'int8'\]; got 'int4'"):
        export_onnx(built(), path, "int4")
    with pytest.raises(InputError, match="quantised"):
        export_onnx(xlm_torch.quantize(built()), path)
    with pytest.raises(InputError, match="training=True"):
        export_onnx(built().train(), path)
    with pytest.raises(FetchError, match="must be in a folder that exists"):
        export_onnx(built(), tmp_path / "none" / "model.onnx")
    assert not [*tmp_path.iterdir()]


def test_the_error_without_the_extra_is_the_line_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is lacking."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    with pytest.raises(MissingDependency, match=r"pip install 'xlm\[onnx\]'"):
        export_onnx(built(), tmp_path / "model.onnx")
