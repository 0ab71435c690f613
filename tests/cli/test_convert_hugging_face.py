"""Hugging Face 4.57 itself, where it is installed beside this library: it loads what `xlm-convert` writes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from conversion.cli import main
from conversions import CONFIG, write_model
from tolerances import assert_close

transformers = pytest.importorskip("transformers", minversion="4.57", reason="loads files with transformers 4.57")
if transformers.__version__ >= "5":
    pytest.skip("loads files with transformers 4.57", allow_module_level=True)
torch = pytest.importorskip("torch", reason="loads files with transformers 4.57")

IDS = np.arange(20).reshape(2, 10) * 7 % CONFIG.vocab_size
LANGS = np.arange(20).reshape(2, 10) % CONFIG.n_langs
TEXTS = ["The cat sat on the mat.", "İSTANBUL, in 1 street!", "Two men running", "x <special1> y"]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "model")


def convert(source: Path, target: Path, *options: str) -> Path:
    assert main(["convert", "--quiet", str(source), str(target), *options]) == 0
    return target


def logits(folder: Path) -> np.ndarray:
    """What Hugging Face's PyTorch class computes; every weight must have come from the file."""
    model, info = transformers.XLMWithLMHeadModel.from_pretrained(folder, output_loading_info=True)
    assert not any(info.values()), info
    with torch.no_grad():
        return model.eval()(torch.tensor(IDS), langs=torch.tensor(LANGS)).logits.numpy()


@pytest.mark.parametrize(
    "options", [("safetensors",), ("torch",), ("torch", "--max-shard-size", "20KB"), ("original",)], ids=" ".join
)
def test_pytorch_computes_the_same(model, tmp_path, options):
    other = convert(model, tmp_path / "other", "--to", *options)
    if options == ("original",):
        other = convert(other, tmp_path / "back", "--to", "torch")

    assert np.array_equal(logits(other), logits(model))


def test_tensorflow_computes_the_same(model, tmp_path):
    pytest.importorskip("tf_keras", reason="Hugging Face's TensorFlow classes need it")
    other = convert(model, tmp_path / "other", "--to", "tf")

    loaded, info = transformers.TFXLMWithLMHeadModel.from_pretrained(other, output_loading_info=True)

    assert not any(info.values()), info
    assert_close(loaded(IDS, langs=LANGS).logits.numpy(), logits(model), "states", "tf_model.h5")


def test_the_tokenizer_gives_the_ids_of_the_original(model, tmp_path):
    other = convert(convert(model, tmp_path / "original", "--to", "original"), tmp_path / "back", "--to", "torch")

    before, after = map(transformers.XLMTokenizer.from_pretrained, (model, other))

    assert [after(text).input_ids for text in TEXTS] == [before(text).input_ids for text in TEXTS]
    assert after.get_vocab() == before.get_vocab()
