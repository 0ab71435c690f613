"""When batches are packed, and what a packed batch refuses."""

from __future__ import annotations

import re
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


LENGTHS = np.array([4, 2])
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no padding": (
        {"input_ids": IDS},
        "`pack` needs `attention_mask` or `lengths`, which say where tokens are; got neither. The tokenizer gives",
    ),
    "both": (
        {"input_ids": IDS, "attention_mask": MASK, "lengths": np.array([4, 3])},
        "`attention_mask` and `lengths` say the same thing; got both. Leave one out.",
    ),
    "no ids": ({"attention_mask": MASK}, "`pack` needs `input_ids` (B, T) or `inputs_embeds` (B, T, D); got ['att"),
    "one axis": ({"input_ids": IDS[0], "lengths": LENGTHS}, "`pack` needs `input_ids` (B, T) or"),
    "another width": (
        {"input_ids": IDS, "attention_mask": MASK[:, :3]},
        "`attention_mask` must have the shape (2, 4); got (2, 3).",
    ),
    "more lengths": (
        {"input_ids": IDS, "lengths": np.array([4, 2, 1])},
        "`lengths` must have the shape (2,); got (3,).",
    ),
    "other langs": (
        {"input_ids": IDS, "langs": IDS[:1], "attention_mask": MASK},
        "`langs` must have the shape (2, 4); got (1, 4).",
    ),
    "too long": (
        {"input_ids": IDS, "lengths": np.array([4, 5])},
        "`lengths` must be in [0, 4], the width of the batch; got 5 at batch 1.",
    ),
    "not 0 or 1": (
        {"input_ids": IDS, "attention_mask": MASK * 2},
        "`attention_mask` must be 1 where a token is and 0 where padding is; got 2 at batch 0, position 0.",
    ),
    "no token": (
        {"input_ids": IDS, "attention_mask": MASK * 0},
        "`attention_mask` must leave a token to pack; got 0 everywhere. Call the model with the batch.",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_batch_that_cannot_be_packed_is_refused(framework: Framework, case: str) -> None:
    arrays, message = BAD[case]

    with pytest.raises(InputError, match=re.escape(message)):
        framework.package.pack(given(framework, **arrays))


WRONG: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "an id": (
        {"input_ids": IDS + 40},
        {},
        "`input_ids` must be in [0, 53), see `config.vocab_size`; got 60 at batch 0, position 1.",
    ),
    "a position": (
        {"position_ids": IDS + 3},
        {},
        "`position_ids` must be in [0, 17), see `config.max_position_embeddings`; got 23 at batch 0, position 1.",
    ),
    "a language": (
        {"langs": np.full((2, 4), 1)},
        {"n_langs": 1},
        "`langs` must be 0 or left out for a model without language embeddings; got 1 at batch 0, position 0.",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_packed_batch_is_checked_as_a_padded_one(framework: Framework, case: str) -> None:
    arrays, changes, message = WRONG[case]
    packed = framework.package.pack(given(framework, **{"input_ids": IDS, "attention_mask": MASK, **arrays}))

    with pytest.raises(InputError, match=re.escape(message)):
        framework.build("XLMModel", tiny.CONFIG.replace(**changes)).forward_packed(packed)


def test_lengths_say_it_too(framework: Framework) -> None:
    packed = framework.package.pack(given(framework, input_ids=IDS, lengths=np.array([4, 2])))

    np.testing.assert_array_equal(framework.array(packed.inputs["input_ids"]), [[0, 20, 30, 1, 0, 1]])


def test_a_packed_batch_has_no_attentions(framework: Framework) -> None:
    packed = framework.package.pack(given(framework, input_ids=IDS, attention_mask=MASK))

    message = r"`output_attentions` must be left out for a packed batch.*; call the model with the padded batch\."
    with pytest.raises(InputError, match=message):
        framework.build("XLMModel").forward_packed(packed, output_attentions=True)


def test_a_packed_batch_gives_the_states_of_its_tokens(framework: Framework) -> None:
    model = framework.build("XLMModel", tiny.CONFIG)
    packed = framework.package.pack(given(framework, input_ids=IDS, attention_mask=MASK))

    states = model.forward_packed(packed).last_hidden_state

    padded = framework.run(model, input_ids=IDS, attention_mask=MASK)["last_hidden_state"]
    np.testing.assert_allclose(framework.array(packed.unpack(states)), padded, atol=1e-5)
