"""TensorFlow's graphs: how many there are, when they are made anew, and that they compute what the model does."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import tiny
from frameworks import TF
from tolerances import assert_close
from xlm_core.errors import InputError

tf = pytest.importorskip("tensorflow")

import xlm_tf.model  # noqa: E402  # needs TensorFlow
from xlm_tf.embeddings import StatesRunner  # noqa: E402  # needs TensorFlow
from xlm_tf.pipelines import Runner  # noqa: E402
from xlm_tf.tracing import padded  # noqa: E402

SIZES = [(4, 7), (1, 2), (3, 17), (2, 12), (5, 1)]
"""Texts, and tokens of each."""


def batch(texts: int, size: int, seed: int = 0, **more: Any) -> dict[str, np.ndarray]:
    """Texts of which the first is as long as the batch is wide, and the others shorter."""
    random = np.random.default_rng(seed)
    mask = (np.arange(size) < random.integers(1, size + 1, (texts, 1))).astype(np.int64)
    mask[0] = 1
    ids = np.where(mask, random.integers(5, tiny.CONFIG.vocab_size, (texts, size)), tiny.CONFIG.pad_index)
    return {"input_ids": ids, "attention_mask": mask, "langs": random.integers(0, 5, (texts, size)), **more}


@pytest.fixture
def body() -> Any:
    return TF().build("XLMModel")


@pytest.mark.parametrize("head", ["XLMModel", "XLMWithLMHeadModel", "XLMForSequenceClassification"])
def test_a_graph_gives_what_the_model_gives(head: str) -> None:
    """For every output, whatever the sizes; and all of them from one graph."""
    model = TF().build(head)
    model.base_model.set_packing("never")
    run = Runner(model)

    for sizes in SIZES:
        own = run(batch(*sizes))
        expected = TF().run(model, **batch(*sizes))
        for name in own:
            assert_close(own[name], expected[name], "states", f"{name} of {sizes}")

    assert model.graphs.count == 1


def test_there_is_a_graph_for_each_set_of_inputs_and_of_outputs(body: Any) -> None:
    body.set_packing("never")
    run = StatesRunner(body)

    def graphs(call: Any) -> int:
        for sizes in SIZES:
            call(*sizes)
        return body.graphs.count

    assert graphs(lambda *sizes: run(batch(*sizes))) == 1
    assert graphs(lambda *sizes: run(batch(*sizes), output_hidden_states=True)) == 2
    assert graphs(lambda *sizes: run.states(batch(*sizes), [1, 2])) == 3
    assert graphs(lambda *sizes: run({name: batch(*sizes)[name] for name in ("input_ids", "attention_mask")})) == 4
    assert graphs(lambda *sizes: run(batch(*sizes))) == 4


def test_two_runners_of_a_model_share_its_graphs(body: Any) -> None:
    for _ in range(2):
        Runner(body)(batch(4, 7))

    assert body.graphs.count == 1


def test_a_batch_that_is_padding_for_the_most_part_is_computed_without_it(body: Any) -> None:
    """In a graph of its own, with the same numbers."""
    mask = np.zeros((6, 20), np.int64)
    mask[:, :2] = mask[0] = 1
    inputs = batch(6, 20, attention_mask=mask)
    wide = TF().build("XLMModel", tiny.CONFIG.replace(emb_dim=510, max_position_embeddings=20))

    packed = Runner(wide)(inputs)["last_hidden_state"]
    Runner(wide)(batch(6, 20, attention_mask=np.ones_like(mask)))

    assert wide.graphs.count == 2
    wide.set_packing("never")
    assert_close(packed, Runner(wide)(inputs)["last_hidden_state"], "states")
    assert wide.packing == "never"


WIDE = tiny.CONFIG.replace(emb_dim=150, n_layers=1, max_position_embeddings=20, output_hidden_states=True)


def ragged(texts: int = 6) -> dict[str, np.ndarray]:
    """A batch that is padding for the most part."""
    mask = np.zeros((texts, 20), np.int64)
    mask[:, :2] = mask[0] = 1
    return batch(texts, 20, attention_mask=mask)


@pytest.fixture
def packed_operations(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Batches that were laid out without their padding; in a graph, when it is made."""
    packed: list[Any] = []
    pack_where = xlm_tf.model.pack_where
    monkeypatch.setattr(xlm_tf.model, "pack_where", lambda *given: packed.append(given) or pack_where(*given))
    return packed


@pytest.mark.parametrize("head", ["XLMModel", "XLMForTokenClassification", "XLMForSequenceClassification"])
def test_keras_predicts_what_the_model_gives(head: str, packed_operations: list[Any]) -> None:
    """One graph takes batches with much padding and with none."""
    model, plain = TF().build(head, WIDE), TF().build(head, WIDE)
    plain.base_model.set_packing("never")

    for inputs in (ragged(), batch(6, 20, attention_mask=np.ones((6, 20), np.int64))):
        found = model.predict(inputs, verbose=0)
        expected = plain.predict(inputs, verbose=0)
        assert type(found) is type(expected)
        for name in expected:
            for own, other in zip(tf.nest.flatten(found[name]), tf.nest.flatten(expected[name]), strict=True):
                assert_close(own, other, "states", name)

    assert len(packed_operations) == 1


@pytest.mark.parametrize("head", ["XLMForSequenceClassification", "XLMWithLMHeadModel"])
def test_keras_evaluates_the_loss_of_the_model(head: str, packed_operations: list[Any]) -> None:
    texts = ragged()
    words = np.where(texts["attention_mask"], texts["input_ids"], -100)
    labelled = texts | {"labels": words if "LMHead" in head else np.array([0, 1, 1, 0, 1, 0])}
    losses = []
    for mode in ("auto", "never"):
        model = TF().build(head, WIDE)
        model.base_model.set_packing(mode)
        model.compile()
        losses.append(model.evaluate(labelled, batch_size=4, verbose=0))

    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    assert len(packed_operations) == 1


@pytest.mark.parametrize(
    ("config", "change"),
    [
        (tiny.CONFIG.replace(max_position_embeddings=20), {}),
        (WIDE, {"jit_compile": True}),
        (WIDE, {"run_eagerly": True}),
    ],
    ids=["too narrow to pay", "XLA", "eager"],
)
def test_keras_makes_no_second_way_where_it_is_of_no_use(
    config: Any, change: dict[str, bool], packed_operations: list[Any]
) -> None:
    """An eager call sees what it is given, and packs by itself."""
    model = TF().build("XLMForSequenceClassification", config)
    model.compile(**change)

    model.predict(ragged(), verbose=0)

    assert len(packed_operations) == change.get("run_eagerly", 0)


CHANGES: dict[str, Any] = {
    "pruned": lambda model: model.prune_heads({0: [1]}),
    "resized": lambda model: model.resize_token_embeddings(60),
    "with other positions": lambda model: model.resize_position_embeddings(14),
    "with LoRA": lambda model: model.add_lora(2),
    "with other values": lambda model: model.load_arrays({"embeddings.weight": np.ones((53, 18), "float32")}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_model_is_computed_as_it_is_now(change: str, body: Any) -> None:
    run = Runner(body)
    before = run(batch(4, 7))["last_hidden_state"]

    CHANGES[change](body)

    after = run(batch(4, 7))["last_hidden_state"]
    assert_close(after, TF().run(body, **batch(4, 7))["last_hidden_state"], "states")
    assert (after == before).all() == (change in ("resized", "with other positions", "with LoRA"))


# ---- what is refused


BAD: list[tuple[dict[str, Any], str]] = [
    ({"input_ids": np.full((2, 3), 99)}, "`input_ids` must be in [0, 53), see `config.vocab_size`; got 99 at batch 0"),
    ({"input_ids": np.full((2, 3), -1)}, "`input_ids` must be in [0, 53), see `config.vocab_size`; got -1 at batch 0"),
    ({"langs": np.full((2, 3), 7)}, "`langs` must be in [0, 5), see `config.n_langs`; got 7 at batch 0, position 0."),
    ({"langs": np.zeros((2, 4), int)}, "`langs` must have the shape (2, 3); got (2, 4)."),
    ({"attention_mask": np.full((2, 3), 2)}, "`attention_mask` must be 1 where a token is and 0 where padding is"),
    ({"positions": np.full((2, 1), 3)}, "`positions` must be in [0, 3), the positions of the text; got 3 at batch 0"),
]


@pytest.mark.parametrize(("wrong", "message"), BAD, ids=lambda value: str(value)[:20])
def test_impossible_values_are_explained(wrong: dict[str, Any], message: str) -> None:
    """As in a call, though a graph sees no values."""
    model = TF().build("XLMWithLMHeadModel")

    with pytest.raises(InputError, match=re.escape(message)):
        Runner(model)(batch(2, 3) | wrong)


def test_more_tokens_than_positions_are_explained(body: Any) -> None:
    with pytest.raises(InputError, match=r"a text must have at most `max_position_embeddings` = 17 tokens; got 18"):
        Runner(body)(batch(2, 18))


# ---- Keras' predict


def test_predict_makes_few_graphs_of_many_sizes(body: Any) -> None:
    """Keras leaves a size open once it has met two, so that there are three at the most."""
    for sizes in [*SIZES, (4, 9), (2, 3), (1, 17)]:
        own = body.predict(batch(*sizes), verbose=0)["last_hidden_state"]
        assert_close(own, TF().run(body, **batch(*sizes))["last_hidden_state"], "states")

    assert body.predict_function.experimental_get_tracing_count() <= 3


# ---- XLA


def test_xla_is_off_unless_asked_for(body: Any) -> None:
    assert body.jit_compile is False


@pytest.mark.parametrize(("sizes", "expected"), [((1, 3), (1, 8)), ((3, 8), (4, 8)), ((5, 17), (8, 17))])
def test_a_batch_for_xla_has_one_of_a_few_sizes(sizes: tuple[int, int], expected: tuple[int, int]) -> None:
    """No longer than a text may be, which is 17."""
    wide = padded(tiny.CONFIG, batch(*sizes, positions=np.zeros((sizes[0], 1), np.int64)))

    assert wide.pop("positions").shape == (expected[0], 1)
    assert {array.shape for array in wide.values()} == {expected}
    assert (wide["attention_mask"].sum(axis=1)[sizes[0] :] == 0).all()


@pytest.mark.slow
def test_xla_gives_the_same(body: Any) -> None:
    """From a graph for each of a few sizes; pipelines are told that outputs may be longer than texts."""
    expected = {sizes: TF().run(body, **batch(*sizes))["last_hidden_state"] for sizes in SIZES}
    body.jit_compile = True
    run = StatesRunner(body)

    for sizes in SIZES:
        own = run(batch(*sizes))["last_hidden_state"]
        assert_close(own[:, : sizes[1]], expected[sizes], "states")
        assert_close(run.states(batch(*sizes), [2]), expected[sizes], "states")

    assert body.graphs.count == 2 * 5
