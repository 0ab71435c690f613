"""Both frameworks give the numbers of Hugging Face 4.57, as `record_models.py` wrote them down."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import heads
import tiny
from frameworks import Framework
from reference import mean_cross_entropy
from tolerances import assert_close, assert_outputs_close

GOLDENS = np.load(Path(__file__).parent.parent / "goldens" / "models.npz")
EVERYTHING: dict[str, Any] = {"output_hidden_states": True, "output_attentions": True}
REAL = tiny.input_ids() != tiny.CONFIG.pad_index


def recorded(case: tiny.Case) -> dict[str, np.ndarray]:
    prefix = f"{case}/"
    return {name.removeprefix(prefix): GOLDENS[name] for name in GOLDENS.files if name.startswith(prefix)}


def visible(attentions: np.ndarray, case: tiny.Case) -> np.ndarray:
    """The rows on which we agree: a padded query of a causal model looks at padding in Hugging Face, not here."""
    return attentions[:, np.nonzero(REAL)[0], :, np.nonzero(REAL)[1]] if case.causal else attentions


@pytest.mark.parametrize("case", tiny.CASES, ids=str)
def test_language_model_equals_hugging_face(framework: Framework, case: tiny.Case) -> None:
    """Logits, states and probabilities are Hugging Face's, and the loss where it means the same."""
    golden = recorded(case)

    output = framework.run(
        framework.build("XLMWithLMHeadModel", case.config), **case.inputs(), labels=tiny.labels(), **EVERYTHING
    )

    assert_close(output["logits"], golden["logits"], "states")
    assert_close(np.stack(output["hidden_states"]), golden["hidden_states"], "states")
    assert_close(
        visible(np.stack(output["attentions"]), case), visible(golden["attentions"], case), "states", "attentions"
    )
    wanted = mean_cross_entropy(golden["logits"], tiny.labels(), shifted=True) if case.causal else golden["loss"]
    assert_close(output["loss"], wanted, "loss")


@pytest.mark.parametrize("case", [case for case in tiny.CASES if not case.head_mask and not case.causal], ids=str)
def test_language_model_equals_hugging_faces_tensorflow(framework: Framework, case: tiny.Case) -> None:
    """Where Hugging Face's TensorFlow model takes the inputs at all, its logits are ours."""
    output = framework.run(framework.build("XLMWithLMHeadModel", case.config), **case.inputs())

    assert_close(output["logits"], recorded(case)["tf_logits"], "states")


def test_demo_checkpoint_equals_hugging_face(framework: Framework, demo: Path) -> None:
    """The checkpoint in the repository gives what Hugging Face computes from the same file."""
    golden = dict(np.load(Path(__file__).parent.parent / "goldens" / "demo.npz"))
    inputs = {name: golden[name] for name in ("input_ids", "attention_mask", "langs", "labels")}
    model = framework.model_class("XLMWithLMHeadModel").from_pretrained(demo)

    output = framework.run(model, **inputs, output_hidden_states=True)

    assert_close(output["logits"][inputs["input_ids"] == model.config.mask_index], golden["mask_logits"], "demo")
    assert_close(output["hidden_states"][-1], golden["last_hidden_state"], "demo")
    assert_close(output["loss"], golden["loss"], "demo")


SHARED = Path(__file__).parents[3] / "shared" / "checkpoints" / "xlm-mlm-tlm-demo-256"


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"no original of the demonstration checkpoint at {SHARED}")
@pytest.mark.parametrize("source", ["", "model.safetensors", "pytorch_model.bin", "sharded"])
def test_original_of_the_demo_equals_hugging_face(framework: Framework, source: str) -> None:
    """Every layout in which Hugging Face's PyTorch saved the checkpoint gives the numbers recorded beside it."""
    golden = dict(np.load(SHARED / "expected.npz"))
    inputs = {name: golden[name] for name in ("input_ids", "attention_mask", "langs", "labels")}
    model = framework.model_class("XLMWithLMHeadModel").from_pretrained(SHARED / source)

    output = framework.run(model, **inputs, **EVERYTHING)

    expected = {
        "loss": golden["loss"],
        "logits": golden["logits"],
        "hidden_states": tuple(golden["hidden_states"]),
        "attentions": tuple(golden["attentions"]),
    }
    assert_outputs_close(output, expected, "demo")


TASK_GOLDENS = np.load(Path(__file__).parent.parent / "goldens" / "heads.npz")


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("head", heads.RECORDABLE, ids=str)
def test_task_model_equals_hugging_face(framework: Framework, head: heads.Head, causal: bool) -> None:
    """Every field of every task model is Hugging Face's, with labels and without."""
    case = tiny.Case("attention_mask", causal, langs=True, token_types=False, positions=False, head_mask=False)
    prefix = f"{head}/{causal}/"
    golden = {name.removeprefix(prefix): TASK_GOLDENS[name] for name in TASK_GOLDENS.files if name.startswith(prefix)}
    inputs = head.inputs(case, padded=not head.sees_padding)
    model = framework.build(head.name, head.config.replace(causal=causal))

    output = framework.run(model, **inputs, **EVERYTHING) | framework.run(model, **inputs, **head.labels, **EVERYTHING)

    assert output.keys() == golden.keys()
    if causal and head.name == "XLMWithLMHeadModel":
        golden["loss"] = mean_cross_entropy(golden["logits"], tiny.labels(), shifted=True)
    if causal and not head.sees_padding:
        del golden["attentions"]  # padded queries look at padding in Hugging Face: compared row by row above
    for name, values in golden.items():
        own = np.stack(output[name]) if isinstance(output[name], tuple) else output[name]
        assert_close(own, values, "states", name)


LEARNING = np.load(Path(__file__).parent.parent / "goldens" / "learning.npz")
LEARNERS = [head for head in heads.RECORDABLE if head.labels]


def lesson(head: heads.Head) -> dict[str, np.ndarray]:
    """What the recorded gradients are of."""
    return head.inputs(heads.CASES[1], padded=not head.sees_padding) | dict(head.labels)


@pytest.mark.parametrize("head", LEARNERS, ids=str)
def test_gradients_equal_hugging_faces(framework: Framework, head: heads.Head) -> None:
    """Each weight that Hugging Face's loss moves gets the same gradient from ours."""
    prefix = f"{head}/"
    golden = {name.removeprefix(prefix): LEARNING[name] for name in LEARNING.files if name.startswith(prefix)}
    del golden["losses"]

    gradients = framework.gradients(framework.build(head.name, head.config), **lesson(head))

    assert gradients.keys() == golden.keys()
    for name, gradient in golden.items():
        assert_close(gradients[name], gradient, "gradients", name)


@pytest.mark.parametrize("head", LEARNERS, ids=str)
def test_ten_adamw_steps_follow_hugging_faces(framework: Framework, head: heads.Head) -> None:
    """The loss before each of ten steps is that of Hugging Face's model, trained in the same way."""
    losses = framework.train(framework.build(head.name, head.config), 10, **lesson(head))

    assert_close(losses, LEARNING[f"{head}/losses"], "steps")
