"""Batches of tokens, in the hands of those who write their own loops: PyTorch's loaders, and TensorFlow's data sets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import tiny
from frameworks import TF, Framework, Torch
from tolerances import assert_close, assert_outputs_close
from xlm_core.data.batches import batches_by_length
from xlm_core.data.collate import collate
from xlm_core.inputs import PER_TEXT

HEAD = "XLMForSequenceClassification"
SOURCE = np.random.default_rng(0)
LENGTHS = [3, 17, 5, 2, 17, 9, 4, 11, 17, 6]
TEXTS = [{"input_ids": SOURCE.integers(5, tiny.CONFIG.vocab_size, length).tolist()} for length in LENGTHS]
LABELS = SOURCE.integers(0, tiny.CONFIG.num_labels, len(TEXTS))
BATCHES = batches_by_length(LENGTHS, max_tokens=36)


def collated(numbers: list[int]) -> dict[str, np.ndarray]:
    return {**collate([TEXTS[number] for number in numbers], tiny.CONFIG), "labels": LABELS[numbers]}


def each_alone(framework: Framework, model: Any) -> np.ndarray:
    return np.concatenate([framework.run(model, **collate([text], tiny.CONFIG))["logits"] for text in TEXTS])


def test_scores_in_batches_of_tokens_are_those_of_each_text_alone(framework: Framework) -> None:
    """And a batch's numbers say where they belong."""
    model = framework.build(HEAD)
    scores = np.zeros((len(TEXTS), tiny.CONFIG.num_labels), np.float32)

    for numbers in BATCHES:
        scores[numbers] = framework.run(model, **collated(numbers))["logits"]

    assert_close(scores, each_alone(framework, model), "states")


def test_a_data_loader_takes_them_for_a_batch_sampler() -> None:
    """Twice, as in two epochs, and knows how many there are."""
    torch = pytest.importorskip("torch")
    model, scores = Torch().build(HEAD).eval(), np.zeros((len(TEXTS), tiny.CONFIG.num_labels), np.float32)
    loader = torch.utils.data.DataLoader(
        range(len(TEXTS)),
        batch_sampler=BATCHES,
        collate_fn=lambda numbers: {name: torch.from_numpy(array) for name, array in collated(numbers).items()},
    )

    for _ in range(2):
        for numbers, batch in zip(BATCHES, loader, strict=True):
            assert batch["input_ids"].numel() <= 36
            scores[numbers] = model(**batch).logits.detach().numpy()

    assert len(loader) == len(BATCHES)
    assert_close(scores, each_alone(Torch(), model), "states")


@pytest.mark.parametrize("width", [18, 150], ids=["narrow", "wide enough to pack"])
def test_keras_evaluates_and_predicts_a_data_set_of_them(width: int) -> None:
    """Whose batches are of every width; the loss is that of all texts in one batch."""
    tf = pytest.importorskip("tensorflow")
    model = TF().build(HEAD, tiny.CONFIG.replace(emb_dim=width))
    everything = collated(list(range(len(TEXTS))))

    def generate() -> Iterator[dict[str, np.ndarray]]:
        yield from map(collated, BATCHES)

    signature = {name: tf.TensorSpec([None] * array.ndim, array.dtype) for name, array in everything.items()}
    batches = tf.data.Dataset.from_generator(generate, output_signature=signature)
    batches = batches.apply(tf.data.experimental.assert_cardinality(len(BATCHES)))
    model.compile()

    loss, scores = model.evaluate(batches, verbose=0), model.predict(batches, verbose=0).logits

    expected = TF().run(model, **everything)
    assert_close(loss, expected["loss"], "loss")
    assert_close(scores, expected["logits"][[number for numbers in BATCHES for number in numbers]], "states")


@pytest.mark.parametrize("asked", [False, True], ids=["states", "states and attentions"])
@pytest.mark.parametrize("case", tiny.CASES[::5], ids=str)
def test_a_text_without_padding_is_computed_as_beside_padded_ones(
    framework: Framework, case: tiny.Case, asked: bool
) -> None:
    """A batch that has no padding leaves out what only padding needs; the first text is as long as its batch."""
    model = framework.build("XLMWithLMHeadModel", case.config)
    inputs = case.inputs() | {"output_hidden_states": True, "output_attentions": asked}

    together, alone = framework.run(model, **inputs), framework.run(model, **first(inputs))

    assert_outputs_close(alone, {name: first_text(value) for name, value in together.items()}, "states")


@pytest.mark.parametrize("causal", [False, True], ids=["both ways", "causal"])
def test_a_text_without_padding_teaches_what_it_teaches_beside_padded_ones(framework: Framework, causal: bool) -> None:
    """Gradients, of labels of the first text alone."""
    model = framework.build("XLMWithLMHeadModel", tiny.CONFIG.replace(causal=causal))
    labels = np.where(np.arange(tiny.BATCH)[:, None] == 0, tiny.labels(), -100)
    inputs = {"input_ids": tiny.input_ids(), "labels": labels}

    together, alone = (framework.gradients(model, training=True, **given) for given in (inputs, first(inputs)))

    assert together.keys() == alone.keys()
    for name, gradient in together.items():
        assert_close(alone[name], gradient, "gradients", name)


def first(inputs: dict[str, Any]) -> dict[str, Any]:
    """What a batch says of its first text."""
    return {name: x[:1] if name in PER_TEXT or name == "labels" else x for name, x in inputs.items()}


def first_text(value: Any) -> Any:
    return tuple(map(first_text, value)) if isinstance(value, tuple) else value[:1]
