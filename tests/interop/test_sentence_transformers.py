"""`XLMTransformer` inside the real sentence-transformers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tolerances import assert_close
from xlm_core.errors import InputError, LanguageError

pytest.importorskip("torch")
pytest.importorskip("sentence_transformers", reason="needs the extra `sentence-transformers`")

pytestmark = pytest.mark.filterwarnings("default")  # its dependencies' warnings are theirs

TEXTS = ["A man is riding a bike down the street.", "A dog.", "", "Two dogs run through the snow."]
POOLINGS = {"mean": "mean", "max": "max", "first": "cls", "last": "lasttoken"}


@pytest.fixture(scope="module")
def encoder(demo: Path) -> Any:
    from xlm_torch import XLMSentenceEncoder

    return XLMSentenceEncoder.from_pretrained(demo)


def assembled(demo: Path, pooling: str = "mean", **options: Any) -> Any:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling

    from xlm_torch.sentence_transformers import XLMTransformer

    transformer = XLMTransformer(demo, **options)
    modules = [transformer, Pooling(transformer.get_embedding_dimension(), pooling)]
    return SentenceTransformer(modules=modules, device="cpu")


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("layer", ["all", -1, [1, 2]])
def test_it_gives_the_vectors_of_our_encoder(demo: Path, encoder: Any, pooling: Any, layer: Any) -> None:
    theirs = assembled(demo, POOLINGS[pooling], layer=layer, lang="en")

    assert_close(theirs.encode(TEXTS), encoder.encode(TEXTS, lang="en", pooling=pooling, layer=layer), "states")


def test_a_call_may_name_another_language(demo: Path, encoder: Any) -> None:
    theirs = assembled(demo, lang="en")

    assert_close(theirs.encode(["Un chien."], lang="fr"), encoder.encode(["Un chien."], lang="fr"), "states")
    with pytest.raises(LanguageError, match="'xx'"):
        theirs.encode(["Un chien."], lang="xx")


def test_what_is_saved_is_loaded(demo: Path, tmp_path: Path) -> None:
    """With every setting, by those who trust a module that is not the library's own."""
    from sentence_transformers import SentenceTransformer

    saved = assembled(demo, layer=[1, 2], lang="de", max_seq_length=12)
    saved.save_pretrained(str(tmp_path))

    loaded = SentenceTransformer(str(tmp_path), device="cpu", trust_remote_code=True)

    assert (loaded[0].lang, loaded[0].layer, loaded.max_seq_length) == ("de", [1, 2], 12)
    np.testing.assert_array_equal(loaded.encode(TEXTS), saved.encode(TEXTS))


def test_the_saved_folder_is_a_checkpoint_of_ours(demo: Path, encoder: Any, tmp_path: Path) -> None:
    from xlm_torch import XLMSentenceEncoder

    assembled(demo).save_pretrained(str(tmp_path))

    assert_close(XLMSentenceEncoder.from_pretrained(tmp_path).encode(TEXTS), encoder.encode(TEXTS), "exact")


def test_texts_are_cut_to_the_length_that_is_set(demo: Path) -> None:
    theirs = assembled(demo)
    assert theirs.max_seq_length == 256
    theirs.max_seq_length = 8

    assert_close(theirs.encode(["A dog " * 9]), theirs.encode(["A dog " * 90]), "exact")


def test_it_learns(demo: Path) -> None:
    """Gradients reach the model through the library's own loss."""
    theirs = assembled(demo)

    theirs(theirs.preprocess(TEXTS))["sentence_embedding"].sum().backward()

    assert all(weight.grad is not None for weight in theirs[0].model.ffns.parameters())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layer": 9}, "`layer` must be from -5 to 4"),
        ({"max_seq_length": 999}, "`max_seq_length` must be at most 256"),
        ({"max_seq_length": 0}, "`max_seq_length` must be a whole number"),
    ],
)
def test_what_makes_no_sense_is_named(demo: Path, options: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        assembled(demo, **options)
