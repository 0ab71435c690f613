"""Arguments that a model cannot compute with: the same error, in the same words, from both frameworks."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

import tiny
from frameworks import FRAMEWORKS, Framework
from tiny import BATCH, CONFIG, SIZE
from xlm_core.config import XLMConfig
from xlm_core.errors import InputError

IDS = tiny.input_ids()
CAUSAL = CONFIG.replace(causal=True)
ONE_LANGUAGE = CONFIG.replace(n_langs=1)
HINT = re.compile(r"Wrap it: (torch\.tensor|tf\.constant)\(…\)\.")  # the one thing that a framework says its own way


def whole(*shape: int, value: int = 0) -> np.ndarray:
    return np.full(shape, value)


def real(*shape: int, value: float = 1.0) -> np.ndarray:
    return np.full(shape, value, np.float32)


def with_one(value: int, ids: np.ndarray = IDS) -> np.ndarray:
    """A copy with one other value, at batch 1 and position 3."""
    changed = ids.copy()
    changed[1, 3] = value
    return changed


@dataclass(frozen=True)
class Row:
    """What a model is given besides ids, and what it answers."""

    inputs: dict[str, Any]
    message: str
    config: XLMConfig = CONFIG
    ids: dict[str, Any] = field(default_factory=lambda: {"input_ids": IDS})

    def __str__(self) -> str:
        return self.message[:60]


NO_IDS: dict[str, Any] = {"ids": {}}

BODY = [
    # values out of their tables
    Row(
        {"input_ids": with_one(53)},
        "`input_ids` must be in [0, 53), see `config.vocab_size`; got 53 at batch 1, position 3.",
    ),
    Row(
        {"input_ids": with_one(-1)},
        "`input_ids` must be in [0, 53), see `config.vocab_size`; got -1 at batch 1, position 3.",
    ),
    Row(
        {"token_type_ids": with_one(53)},
        "`token_type_ids` must be in [0, 53), see `config.vocab_size`; got 53 at batch 1, position 3.",
    ),
    Row(
        {"token_type_ids": with_one(-1)},
        "`token_type_ids` must be in [0, 53), see `config.vocab_size`; got -1 at batch 1, position 3.",
    ),
    Row(
        {"langs": with_one(5, whole(BATCH, SIZE))},
        "`langs` must be in [0, 5), see `config.n_langs`; got 5 at batch 1, position 3.",
    ),
    Row(
        {"langs": with_one(-1, whole(BATCH, SIZE))},
        "`langs` must be in [0, 5), see `config.n_langs`; got -1 at batch 1, position 3.",
    ),
    Row(
        {"position_ids": with_one(17, whole(BATCH, SIZE))},
        "`position_ids` must be in [0, 17), see `config.max_position_embeddings`; got 17 at batch 1, position 3.",
    ),
    Row(
        {"position_ids": whole(1, SIZE, value=-1)},
        "`position_ids` must be in [0, 17), see `config.max_position_embeddings`; got -1 at batch 0, position 0.",
    ),
    # values that would be computed with in silence
    Row(
        {"langs": with_one(2, whole(BATCH, SIZE))},
        "`langs` must be 0 or left out for a model without language embeddings; got 2 at batch 1, position 3.",
        config=ONE_LANGUAGE,
    ),
    Row(
        {"attention_mask": with_one(2, whole(BATCH, SIZE))},
        "`attention_mask` must be 1 where a token is and 0 where padding is; got 2 at batch 1, position 3.",
    ),
    Row(
        {"attention_mask": real(BATCH, SIZE, value=0.5)},
        "`attention_mask` must be 1 where a token is and 0 where padding is; got 0.5 at batch 0, position 0.",
    ),
    Row({"lengths": np.array([7, 8, 7, 7])}, "`lengths` must be in [0, 7], the width of the batch; got 8 at batch 1."),
    Row(
        {"lengths": np.array([7, 7, -1, 7])}, "`lengths` must be in [0, 7], the width of the batch; got -1 at batch 2."
    ),
    Row(
        {"attention_mask": whole(BATCH, SIZE, value=1), "lengths": whole(BATCH, value=7)},
        "`attention_mask` and `lengths` say the same thing; got both. Leave one out.",
    ),
    # shapes
    Row({"input_ids": IDS[0]}, "`input_ids` must have the shape (any, any); got (7,)."),
    Row({"input_ids": IDS[None]}, "`input_ids` must have the shape (any, any); got (1, 4, 7)."),
    Row({"attention_mask": whole(BATCH, 6)}, "`attention_mask` must have the shape (4, 7); got (4, 6)."),
    Row({"attention_mask": whole(3, SIZE)}, "`attention_mask` must have the shape (4, 7); got (3, 7)."),
    Row({"attention_mask": whole(BATCH, SIZE, SIZE)}, "`attention_mask` must have the shape (4, 7); got (4, 7, 7)."),
    Row({"langs": whole(BATCH, 6)}, "`langs` must have the shape (4, 7); got (4, 6)."),
    Row({"langs": whole(BATCH)}, "`langs` must have the shape (4, 7); got (4,)."),
    Row({"lengths": whole(3)}, "`lengths` must have the shape (4,); got (3,)."),
    Row({"lengths": whole(BATCH, 1)}, "`lengths` must have the shape (4,); got (4, 1)."),
    Row({"position_ids": whole(BATCH, 6)}, "`position_ids` must have the shape (4, 7) or (1, 7); got (4, 6)."),
    Row({"position_ids": whole(SIZE)}, "`position_ids` must have the shape (4, 7) or (1, 7); got (7,)."),
    Row({"token_type_ids": whole(BATCH, 6)}, "`token_type_ids` must have the shape (4, 7); got (4, 6)."),
    Row({"head_mask": real(3, 3)}, "`head_mask` must have the shape (3,) or (2, 3); got (3, 3)."),
    Row({"head_mask": real(4)}, "`head_mask` must have the shape (3,) or (2, 3); got (4,)."),
    Row(
        {"inputs_embeds": real(BATCH, SIZE, 17)},
        "`inputs_embeds` must have the shape (any, any, 18); got (4, 7, 17).",
        **NO_IDS,
    ),
    Row(
        {"inputs_embeds": real(BATCH, 18)}, "`inputs_embeds` must have the shape (any, any, 18); got (4, 18).", **NO_IDS
    ),
    Row(
        {"input_ids": whole(1, 18)},
        "a text must have at most `max_position_embeddings` = 17 tokens; got 18. "
        "Truncate it: tokenizer(…, truncation=True, max_length=17).",
    ),
    Row(
        {"inputs_embeds": real(1, 18, 18)},
        "a text must have at most `max_position_embeddings` = 17 tokens; got 18. "
        "Truncate it: tokenizer(…, truncation=True, max_length=17).",
        **NO_IDS,
    ),
    # kinds
    Row({"input_ids": IDS.astype(np.float32)}, "`input_ids` must hold whole numbers, int32 or int64; got float32."),
    Row({"input_ids": IDS.astype(bool)}, "`input_ids` must hold whole numbers, int32 or int64; got bool."),
    Row({"input_ids": IDS.astype(np.int16)}, "`input_ids` must hold whole numbers, int32 or int64; got int16."),
    Row({"langs": real(BATCH, SIZE)}, "`langs` must hold whole numbers, int32 or int64; got float32."),
    Row({"lengths": real(BATCH)}, "`lengths` must hold whole numbers, int32 or int64; got float32."),
    Row({"inputs_embeds": whole(BATCH, SIZE, 18)}, "`inputs_embeds` must hold real numbers; got int64.", **NO_IDS),
    Row({"input_ids": IDS.tolist()}, "`input_ids` must be a tensor; got list. "),
    Row({"input_ids": "a text"}, "`input_ids` must be a tensor; got str. "),
    Row({"lengths": [7, 4, 6, 3]}, "`lengths` must be a tensor; got list. "),
    Row({"attention_mask": "yes"}, "`attention_mask` must be a tensor; got str. "),
    # which are given
    Row({}, "exactly one of `input_ids` and `inputs_embeds` must be given; got neither.", **NO_IDS),
    Row(
        {"langs": whole(BATCH, SIZE)},
        "exactly one of `input_ids` and `inputs_embeds` must be given; got neither.",
        **NO_IDS,
    ),
    Row(
        {"inputs_embeds": real(BATCH, SIZE, 18)},
        "exactly one of `input_ids` and `inputs_embeds` must be given; got both.",
    ),
    Row(
        {"cache": {}},
        "`cache` must be None for a model that is not causal; got dict. What its tokens are depends on those that "
        "follow.",
    ),
    Row({"cache": object()}, "`cache` must be an XLMCache or None; got object.", config=CAUSAL),
    # flags
    Row({"return_dict": "false"}, "`return_dict` must be True, False or None; got 'false'."),
    Row({"output_attentions": "no"}, "`output_attentions` must be True, False or None; got 'no'."),
    Row({"output_hidden_states": 1}, "`output_hidden_states` must be True, False or None; got 1."),
]

LABELS = [
    Row({"labels": with_one(53)}, "`labels` must be in [0, 53), or -100 to be ignored; got 53 at batch 1, position 3."),
    Row({"labels": with_one(-5)}, "`labels` must be in [0, 53), or -100 to be ignored; got -5 at batch 1, position 3."),
    Row(
        {"labels": with_one(53)},
        "`labels` must be in [0, 53), or -100 to be ignored; got 53 at batch 1, position 3.",
        config=CAUSAL,
    ),
    Row({"labels": whole(BATCH, 6)}, "`labels` must have the shape (4, 7); got (4, 6)."),
    Row({"labels": whole(BATCH)}, "`labels` must have the shape (4, 7); got (4,)."),
    Row({"labels": whole(BATCH, 6)}, "`labels` must have the shape (4, 7); got (4, 6).", config=CAUSAL),
    Row({"labels": real(BATCH, SIZE)}, "`labels` must hold whole numbers, int32 or int64; got float32."),
    Row({"labels": IDS.tolist()}, "`labels` must be a tensor; got list. "),
]


def refusal(framework: Framework, name: str, row: Row) -> tuple[type[Exception], str]:
    """The class and the words of the error."""
    model = framework.build(name, row.config)
    with pytest.raises(InputError) as caught:
        framework.call(model, **row.ids | row.inputs)
    return caught.type, HINT.sub("", str(caught.value))


@pytest.mark.parametrize("row", BODY, ids=str)
def test_both_bodies_refuse_it_in_the_same_words(row: Row) -> None:
    assert {refusal(framework, "XLMModel", row) for framework in FRAMEWORKS} == {(InputError, row.message)}


@pytest.mark.parametrize("row", [*BODY, *LABELS], ids=str)
def test_both_language_models_refuse_it_in_the_same_words(row: Row) -> None:
    assert {refusal(framework, "XLMWithLMHeadModel", row) for framework in FRAMEWORKS} == {(InputError, row.message)}


@pytest.mark.parametrize("ids", ["a text", IDS.tolist()], ids=["text", "list"])
def test_ids_are_named_when_they_are_given_by_position(framework: Framework, ids: Any) -> None:
    with pytest.raises(InputError, match=f"`input_ids` must be a tensor; got {type(ids).__name__}. {HINT.pattern}"):
        framework.build("XLMModel")(ids)


@pytest.mark.parametrize("name", ["XLMModel", "XLMWithLMHeadModel"])
@pytest.mark.parametrize("value", [1, None])
def test_an_argument_that_does_not_exist_is_refused(framework: Framework, name: str, value: Any) -> None:
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'atention_mask'"):
        framework.call(framework.build(name), input_ids=IDS, atention_mask=value)


def test_a_body_has_no_labels(framework: Framework) -> None:
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'labels'"):
        framework.call(framework.build("XLMModel"), input_ids=IDS, labels=IDS)


# ---- at the limits


@pytest.mark.parametrize("shape", [(0, SIZE), (BATCH, 0)], ids=["no texts", "no tokens"])
@pytest.mark.parametrize("attentions", [False, True], ids=["fused", "explicit"])
def test_nothing_gives_nothing(framework: Framework, shape: tuple[int, int], attentions: bool) -> None:
    """An empty batch, or one of empty texts, has empty logits and the loss 0."""
    model = framework.build("XLMWithLMHeadModel")

    output = framework.run(model, input_ids=whole(*shape), labels=whole(*shape), output_attentions=attentions)

    assert output["logits"].shape == (*shape, 53)
    assert output["loss"] == 0


@pytest.mark.parametrize("config", [CONFIG, CAUSAL], ids=["masked", "causal"])
@pytest.mark.parametrize("attentions", [False, True], ids=["fused", "explicit"])
def test_a_text_of_padding_alone_is_0(framework: Framework, config: XLMConfig, attentions: bool) -> None:
    ids = IDS.copy()
    ids[2] = config.pad_index

    output = framework.run(framework.build("XLMModel", config), input_ids=ids, output_attentions=attentions)

    assert not output["last_hidden_state"][2].any()
    assert np.isfinite(output["last_hidden_state"]).all()


def test_the_last_row_of_every_table_exists(framework: Framework) -> None:
    last = {
        "input_ids": whole(1, 2, value=52),
        "token_type_ids": whole(1, 2, value=52),
        "langs": whole(1, 2, value=4),
        "position_ids": whole(1, 2, value=16),
    }

    assert np.isfinite(framework.run(framework.build("XLMModel"), **last)["last_hidden_state"]).all()


def test_a_text_may_fill_all_positions(framework: Framework) -> None:
    assert framework.run(framework.build("XLMModel"), input_ids=whole(1, 17))["last_hidden_state"].shape == (1, 17, 18)


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_ids_may_be_of_either_width(framework: Framework, dtype: str) -> None:
    model = framework.build("XLMWithLMHeadModel")
    given = {"langs": whole(BATCH, SIZE, value=1), "labels": tiny.labels(), "lengths": np.array([7, 4, 6, 3])}

    output = framework.run(model, **{name: array.astype(dtype) for name, array in ({"input_ids": IDS} | given).items()})

    assert output["loss"] == framework.run(model, input_ids=IDS, **given)["loss"]


@pytest.mark.parametrize("dtype", ["bool", "int32", "float32"])
def test_a_mask_may_be_of_any_type(framework: Framework, dtype: str) -> None:
    model, mask = framework.build("XLMModel"), CONFIG.pad_index != IDS

    actual = framework.run(model, input_ids=IDS, attention_mask=mask.astype(dtype))

    assert (actual["last_hidden_state"] == framework.run(model, input_ids=IDS)["last_hidden_state"]).all()


@pytest.mark.parametrize("dtype", ["bool", "int64", "float64"])
def test_a_head_mask_may_be_of_any_type(framework: Framework, dtype: str) -> None:
    model, mask = framework.build("XLMModel"), np.array([1, 0, 1])

    actual = framework.run(model, input_ids=IDS, head_mask=mask.astype(dtype))

    expected = framework.run(model, input_ids=IDS, head_mask=mask.astype(np.float32))
    assert (actual["last_hidden_state"] == expected["last_hidden_state"]).all()


def test_embeddings_may_be_of_double_precision(framework: Framework) -> None:
    output = framework.run(framework.build("XLMModel"), inputs_embeds=np.ones((1, 2, 18)))

    assert output["last_hidden_state"].dtype == np.float32
