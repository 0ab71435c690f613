"""When batches are packed, and what a packed batch refuses."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from typing import Any

import numpy as np
import pytest

import tiny
from frameworks import Framework
from xlm_core.data.packing import pays
from xlm_core.errors import InputError

IDS = np.array([[0, 20, 30, 1], [0, 1, 2, 2]])
MASK = np.array([[1, 1, 1, 1], [1, 1, 0, 0]])


def given(framework: Framework, **arrays: Any) -> dict[str, Any]:
    return {name: framework.tensor(array) for name, array in arrays.items()}


@pytest.mark.parametrize(("n_tokens", "width", "worth_it"), [(50, 1024, True), (95, 1024, False), (70, 256, False)])
def test_packing_pays_the_more_the_wider_the_model(n_tokens: int, width: int, worth_it: bool) -> None:
    assert pays(n_tokens, 100, width) is worth_it


def test_a_batch_without_tokens_is_never_packed() -> None:
    assert not pays(0, 100, 1024)


def test_a_model_packs_by_itself_only_without_gradients(framework: Framework, monkeypatch: pytest.MonkeyPatch) -> None:
    """The padded path is what training sees unless it asks for sequences."""
    module = import_module(f"{framework.package.__name__}.model")
    packed: list[Any] = []
    pack_where = module.pack_where
    monkeypatch.setattr(module, "pays", lambda *sizes: True)
    monkeypatch.setattr(module, "pack_where", lambda *batch: packed.append(batch) or pack_where(*batch))
    model = framework.build("XLMModel").base_model
    inputs = given(framework, input_ids=IDS, attention_mask=MASK)

    with without_gradients(framework, model):
        model(**inputs)
    assert len(packed) == 1
    framework.call(model, training=True, input_ids=IDS, attention_mask=MASK)
    with without_gradients(framework, model):
        model(**inputs, output_attentions=True)
        model.set_packing("never")
        model(**inputs)
    assert len(packed) == 1


def without_gradients(framework: Framework, model: Any) -> AbstractContextManager[Any]:
    """Keras learns only under a tape."""
    if framework.name == "tf":
        return nullcontext()
    model.eval()
    return import_module("torch").inference_mode()


def test_an_unknown_way_of_packing_is_refused(framework: Framework) -> None:
    with pytest.raises(InputError, match=r"`packing` must be one of \['auto', 'never', 'sequences'\]; got 'always'"):
        framework.build("XLMModel").set_packing("always")


def test_a_batch_must_say_what_is_padding(framework: Framework) -> None:
    with pytest.raises(InputError, match="`pack` needs `attention_mask` or `lengths`"):
        framework.package.pack(given(framework, input_ids=IDS))


def test_lengths_say_it_too(framework: Framework) -> None:
    packed = framework.package.pack(given(framework, input_ids=IDS, lengths=np.array([4, 2])))

    np.testing.assert_array_equal(framework.array(packed.inputs["input_ids"]), [[0, 20, 30, 1, 0, 1]])


def test_a_packed_batch_has_no_attentions(framework: Framework) -> None:
    packed = framework.package.pack(given(framework, input_ids=IDS, attention_mask=MASK))

    with pytest.raises(InputError, match="`output_attentions` must be left out for a packed batch"):
        framework.build("XLMModel").forward_packed(packed, output_attentions=True)


def test_a_packed_batch_gives_the_states_of_its_tokens(framework: Framework) -> None:
    model = framework.build("XLMModel", tiny.CONFIG)
    packed = framework.package.pack(given(framework, input_ids=IDS, attention_mask=MASK))

    states = model.forward_packed(packed).last_hidden_state

    padded = framework.run(model, input_ids=IDS, attention_mask=MASK)["last_hidden_state"]
    np.testing.assert_allclose(framework.array(packed.unpack(states)), padded, atol=1e-5)
