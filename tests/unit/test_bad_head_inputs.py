"""Labels and positions that a head cannot learn from: the same error, in the same words, from both frameworks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import heads
import tiny
from frameworks import FRAMEWORKS, Framework
from tiny import BATCH, CONFIG, SIZE
from tolerances import assert_close
from xlm_core.errors import InputError

INPUTS = heads.CASES[1].inputs()
NINE = CONFIG.replace(num_labels=9)
STARTS = np.array([1, 0, 2, 1])


@dataclass(frozen=True)
class Row:
    """What a task model is given, and what it answers."""

    name: str
    given: dict[str, Any]
    message: str
    config: Any = CONFIG

    def __str__(self) -> str:
        return f"{self.name}: {self.message[:50]}"


SEQUENCE, TOKENS, CHOICE = "XLMForSequenceClassification", "XLMForTokenClassification", "XLMForMultipleChoice"
SIMPLE, BEAM = "XLMForQuestionAnsweringSimple", "XLMForQuestionAnswering"

ROWS = [
    Row(
        SEQUENCE,
        {"labels": np.array([0, 1, 9, 2])},
        "`labels` must be in [0, 9), or -100 to be ignored; got 9 at batch 2.",
        NINE,
    ),
    Row(
        SEQUENCE,
        {"labels": np.array([0, -1, 3, 2])},
        "`labels` must be in [0, 9), or -100 to be ignored; got -1 at batch 1.",
        NINE,
    ),
    Row(SEQUENCE, {"labels": np.zeros(3, int)}, "`labels` must have the shape (4,); got (3,).", NINE),
    Row(
        SEQUENCE, {"labels": np.zeros((BATCH, 8), "float32")}, "`labels` must have the shape (4, 9); got (4, 8).", NINE
    ),
    Row(
        SEQUENCE,
        {"labels": np.zeros((BATCH, 9), "float32")},
        "`labels` must have the shape (4,) or (4, 1); got (4, 9).",
        CONFIG.replace(num_labels=1),
    ),
    Row(
        TOKENS,
        {"labels": np.full((BATCH, SIZE), 9)},
        "`labels` must be in [0, 9), or -100 to be ignored; got 9 at batch 0, position 0.",
        NINE,
    ),
    Row(TOKENS, {"labels": np.zeros((BATCH, 6), int)}, "`labels` must have the shape (4, 7); got (4, 6).", NINE),
    Row(TOKENS, {"labels": np.zeros((BATCH, SIZE), "float32")}, "`labels` must hold whole numbers", NINE),
    Row(CHOICE, {}, "`input_ids` must have an axis for the choices, (B, K, T); got (4, 7)."),
    Row(SIMPLE, {"start_positions": STARTS}, "must be given together; `end_positions` is missing."),
    Row(SIMPLE, {"end_positions": STARTS}, "must be given together; `start_positions` is missing."),
    Row(
        SIMPLE,
        {"start_positions": STARTS[:3], "end_positions": STARTS},
        "`start_positions` must have the shape (4,) or (4, 1); got (3,).",
    ),
    Row(BEAM, {"start_positions": STARTS}, "must be given together; `end_positions` is missing."),
    Row(
        BEAM,
        {"start_positions": np.array([1, 7, 0, 0]), "end_positions": STARTS},
        "`start_positions` must be in [0, 7), the positions of the text; got 7 at batch 1.",
    ),
    Row(
        BEAM,
        {"start_positions": STARTS, "end_positions": np.array([1, 0, 0, -1])},
        "`end_positions` must be in [0, 7), the positions of the text; got -1 at batch 3.",
    ),
    Row(
        BEAM,
        {"cls_index": np.array([9, 0, 0, 0])},
        "`cls_index` must be in [0, 7), the positions of the text; got 9 at batch 0.",
    ),
    Row(BEAM, {"p_mask": np.zeros((BATCH, 6))}, "`p_mask` must have the shape (4, 7); got (4, 6)."),
    Row(
        BEAM,
        {"start_positions": STARTS, "end_positions": STARTS, "is_impossible": STARTS},
        "`is_impossible` needs `cls_index`, the position that tells; got None.",
    ),
    Row(
        BEAM,
        {"start_positions": STARTS, "end_positions": STARTS, "is_impossible": STARTS[:2], "cls_index": STARTS},
        "`is_impossible` must have the shape (4,) or (4, 1); got (2,).",
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_both_frameworks_refuse_in_the_same_words(row: Row) -> None:
    """The error names the argument, what was expected and what came, whichever framework was asked."""
    said = []
    for framework in FRAMEWORKS:
        model = framework.build(row.name, row.config)
        with pytest.raises(InputError, match=re.escape(row.message)) as error:
            framework.run(model, **INPUTS, **row.given)
        said.append(str(error.value))

    assert len(set(said)) == 1


@pytest.mark.parametrize("name", [SEQUENCE, TOKENS, CHOICE, SIMPLE, BEAM])
def test_a_misspelt_argument_is_refused(framework: Framework, name: str) -> None:
    """No head swallows a keyword that means nothing."""
    inputs = heads.choices(INPUTS) if name == CHOICE else INPUTS

    with pytest.raises(TypeError, match="lables"):
        framework.run(framework.build(name), **inputs, lables=STARTS)


@pytest.mark.parametrize("name", [TOKENS, "XLMWithLMHeadModel", SEQUENCE])
def test_no_labels_at_all_cost_nothing(framework: Framework, name: str) -> None:
    """Where every label is ignored the loss is 0 and no weight gets a gradient other than 0."""
    shape = (BATCH,) if name == SEQUENCE else (BATCH, SIZE)
    inputs = INPUTS | {"labels": np.full(shape, -100)}
    model = framework.build(name, NINE)

    assert framework.run(model, **inputs)["loss"] == 0
    assert not any(gradient.any() for gradient in framework.gradients(model, **inputs).values())


def test_spans_outside_the_text_cost_nothing(framework: Framework) -> None:
    """A position behind the text is left out of the loss of the simple head."""
    behind = np.full(BATCH, 9)

    output = framework.run(framework.build(SIMPLE), **INPUTS, start_positions=behind, end_positions=behind)

    assert output["loss"] == 0


@pytest.mark.parametrize("dtype", ["int64", "bool", "float32"])
def test_labels_of_the_beam_may_be_of_any_kind(framework: Framework, dtype: str) -> None:
    """is_impossible and p_mask say yes or no, however they are written."""
    model, spans = framework.build(BEAM), {"start_positions": STARTS, "end_positions": STARTS, "cls_index": STARTS}
    forbidden = np.zeros((BATCH, SIZE))
    forbidden[:, 3:] = 1
    answers = {"is_impossible": np.array([0, 1, 0, 1]), "p_mask": forbidden}

    losses = [
        framework.run(model, **INPUTS, **spans, **{name: x.astype(kind) for name, x in answers.items()})["loss"]
        for kind in ("float32", dtype)
    ]

    assert_close(losses[0], losses[1], "exact")


def test_positions_may_have_an_axis_of_one(framework: Framework) -> None:
    """(B, 1) is as good as (B,), and keeps its shape."""
    model, column = framework.build(BEAM), STARTS[:, None]

    flat = framework.run(model, **INPUTS, start_positions=STARTS, end_positions=STARTS)["loss"]

    assert_close(framework.run(model, **INPUTS, start_positions=column, end_positions=column)["loss"], flat, "exact")
    assert column.shape == (BATCH, 1)


def test_a_text_shorter_than_the_beam_gives_what_there_is(framework: Framework) -> None:
    """Three tokens have three starts; the rest of the beam is -1 with probability 0."""
    model = framework.build(BEAM, CONFIG.replace(start_n_top=5, end_n_top=4))

    output = framework.run(model, input_ids=tiny.input_ids()[:, :3])

    assert output["start_top_index"].shape == (BATCH, 5)
    assert output["end_top_index"].shape == (BATCH, 20)
    assert (output["start_top_index"][:, 3:] == -1).all()
    assert not output["start_top_log_probs"][:, 3:].any()
    assert (np.sort(output["start_top_index"][:, :3]) == [0, 1, 2]).all()


def test_padding_never_wins_a_span(framework: Framework) -> None:
    """However good the score of padding would be, no head picks it."""
    for name in (SIMPLE, BEAM):
        output = framework.run(framework.build(name, CONFIG.replace(start_n_top=5, end_n_top=4)), **INPUTS)
        lengths = INPUTS["attention_mask"].sum(1, keepdims=True)
        picked = output["start_logits"].argmax(-1)[:, None] if name == SIMPLE else output["start_top_index"]
        assert (picked < lengths).all()


@pytest.mark.parametrize("summary_type", ["last", "mean", "cls_index"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_summaries_look_at_tokens_alone(framework: Framework, summary_type: str, side: str) -> None:
    """A padded text is summed up as it is alone, on whichever side the padding is."""
    model = framework.build(SEQUENCE, NINE.replace(summary_type=summary_type))
    text, mask = tiny.input_ids()[:1], np.ones((1, SIZE), int)
    widths = ((0, 0), (3, 0) if side == "left" else (0, 3))
    padded = {
        "input_ids": np.pad(text, widths, constant_values=CONFIG.pad_index),
        "attention_mask": np.pad(mask, widths),
        "position_ids": np.pad(np.arange(SIZE)[None], widths),
    }

    alone = framework.run(model, input_ids=text, attention_mask=mask)["logits"]

    assert_close(framework.run(model, **padded)["logits"], alone, "states")


def test_a_misspelt_argument_is_refused_in_the_same_words() -> None:
    """Python's own sentence reaches the user of either framework, with nothing around it."""
    said = []
    for framework in FRAMEWORKS:
        with pytest.raises(TypeError) as error:
            framework.run(framework.build(TOKENS), **INPUTS, lables=STARTS)
        said.append(str(error.value).removeprefix("TF"))

    assert set(said) == {"XLMModel.forward() got an unexpected keyword argument 'lables'"}
