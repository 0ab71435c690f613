"""What each framework's users do with a model after surgery, besides calling it."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import pytest

import tiny
from frameworks import TF, Framework, Torch
from tolerances import assert_close
from xlm_core.errors import InputError

NAME = "XLMWithLMHeadModel"
INPUTS = tiny.Case("attention_mask", False, True, False, False, False).inputs()
LABELLED = INPUTS | {"labels": tiny.labels()}
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")
"""TensorFlow's variables know an older numpy."""

CHANGES = {
    "prune": lambda model: model.prune_heads({0: [1], 1: [0, 2]}),
    "resize": lambda model: model.resize_token_embeddings(60),
    "checkpoint": lambda model: model.gradient_checkpointing_enable(),
    "adapt": lambda model: model.add_lora(4),
}


def logits(framework: Framework, model: Any) -> Any:
    return framework.run(model, **INPUTS)["logits"]


@pytest.fixture(params=CHANGES)
def change(request: pytest.FixtureRequest) -> Any:
    return CHANGES[request.param]


@pytest.mark.parametrize("jit", [False, True], ids=["graph", "xla"])
def test_keras_fits_and_predicts_afterwards(change: Any, jit: bool) -> None:
    """Graphs traced before are forgotten, and a model compiled again learns."""
    keras = pytest.importorskip("keras")
    model = TF().build(NAME)
    model.predict(INPUTS, verbose=0)

    change(model)
    model.compile(optimizer=keras.optimizers.Adam(1e-2), jit_compile=jit)
    losses = model.fit(LABELLED, epochs=6, batch_size=4, verbose=0).history["loss"]

    assert losses[-1] < losses[0]
    assert_close(model.predict(INPUTS, verbose=0).logits, logits(TF(), model), "states")


@pytest.mark.parametrize("name", ["prune", "resize"])
def test_keras_saves_and_loads_afterwards(name: str, tmp_path: Path) -> None:
    """A `.keras` file holds the config that the change has made."""
    keras = pytest.importorskip("keras")
    model = TF().build(NAME)
    CHANGES[name](model)
    model.save(tmp_path / "model.keras")

    loaded = keras.models.load_model(tmp_path / "model.keras")

    assert_close(logits(TF(), loaded), logits(TF(), model), "exact")


def test_a_keras_file_holds_no_adapters(tmp_path: Path) -> None:
    """It could not be loaded: adapters are merged or saved apart. Weights alone can be saved."""
    pytest.importorskip("keras")
    model, other = (TF().build(NAME) for _ in range(2))
    model.add_lora(4)
    other.add_lora(4)
    TF().train(model, 5, **LABELLED)
    model.save_weights(tmp_path / "model.weights.h5")

    other.load_weights(tmp_path / "model.weights.h5")

    assert_close(logits(TF(), other), logits(TF(), model), "exact")
    with pytest.raises(InputError, match="`get_config` needs a model without adapters"):
        model.save(tmp_path / "model.keras")


def test_keras_layers_keep_the_models_precision() -> None:
    """New layers follow the policy of the model, not what Keras is set to when they are made."""
    keras = pytest.importorskip("keras")
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = TF().build(NAME)
    finally:
        keras.config.set_dtype_policy("float32")

    model.prune_heads({0: [1]})

    assert model.transformer.attentions[0].q_lin.compute_dtype == "bfloat16"


def test_torch_copies_and_pickles_afterwards(change: Any) -> None:
    pytest.importorskip("torch")
    model = Torch().build(NAME)
    change(model)

    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert_close(logits(Torch(), other), logits(Torch(), model), "exact")


def test_torch_compiles_and_exports_afterwards(change: Any) -> None:
    """In one graph, with a head mask, too."""
    torch = pytest.importorskip("torch")
    model = Torch().build(NAME).eval()
    change(model)
    tensors = Torch()._tensors(LABELLED) | {"head_mask": torch.ones(2, 3)}

    compiled = torch.compile(model, fullgraph=True, backend="aot_eager")
    exported = torch.export.export(model, (), {"input_ids": tensors["input_ids"]}).module()

    assert_close(compiled(**tensors).loss.detach(), model(**tensors).loss.detach(), "loss")
    wanted = model(tensors["input_ids"]).logits.detach()
    assert_close(exported(input_ids=tensors["input_ids"]).logits.detach(), wanted, "states")


def test_torch_layers_keep_the_models_precision() -> None:
    torch = pytest.importorskip("torch")
    model = Torch().build(NAME).to(torch.bfloat16).eval()

    model.prune_heads({0: [1]})
    model.add_lora(2)

    assert {parameter.dtype for parameter in model.parameters()} == {torch.bfloat16}
    assert not model.transformer.attentions[0].training
