"""Where Hugging Face is wrong: the right behaviour, one test for each `Differs:` line of the models."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tiny
from frameworks import Framework
from reference import mean_cross_entropy
from tiny import BATCH, CONFIG, SIZE
from tolerances import assert_close
from xlm_core.errors import ConfigError, InputError

CAUSAL = CONFIG.replace(causal=True)
IDS = tiny.input_ids()
PAD = CONFIG.pad_index
TEXT = np.array([[0, 20, 30, 40, 1]])
WORDS = "transformer.embeddings.weight"


def padded(ids: np.ndarray, *, left: int = 0, right: int = 0) -> dict[str, np.ndarray]:
    """The text with padding around it, its mask, and the positions it has alone."""
    size = ids.shape[1]
    return {
        "input_ids": np.pad(ids, ((0, 0), (left, right)), constant_values=PAD),
        "attention_mask": np.pad(np.ones_like(ids), ((0, 0), (left, right))),
        "position_ids": np.pad(np.arange(size)[None], ((0, 0), (left, right))),
    }


# ---- padding


@pytest.mark.parametrize("config", [CONFIG, CAUSAL], ids=["masked", "causal"])
@pytest.mark.parametrize(("left", "right"), [(3, 0), (0, 3), (2, 1)], ids=["left", "right", "both"])
@pytest.mark.parametrize("attentions", [False, True], ids=["fused", "explicit"])
def test_a_padded_text_is_read_as_it_is_alone(
    framework: Framework, config: Any, left: int, right: int, attentions: bool
) -> None:
    """A causal model of Hugging Face looks at padding on the left."""
    model = framework.build("XLMModel", config)

    alone = framework.run(model, input_ids=TEXT)["last_hidden_state"]
    around = framework.run(model, **padded(TEXT, left=left, right=right), output_attentions=attentions)

    assert_close(around["last_hidden_state"][:, left : left + TEXT.shape[1]], alone, "states")


def test_a_causal_model_gives_padding_no_attention(framework: Framework) -> None:
    model = framework.build("XLMModel", CAUSAL)

    attentions = framework.run(model, **padded(TEXT, left=3), output_attentions=True)["attentions"]

    assert all(not layer[:, :, 3:, :3].any() for layer in attentions)


def test_a_causal_model_does_not_look_ahead(framework: Framework) -> None:
    model, other = framework.build("XLMModel", CAUSAL), TEXT.copy()
    other[0, 3] = 41

    one, two = (framework.run(model, input_ids=ids)["last_hidden_state"] for ids in (TEXT, other))

    assert_close(one[:, :3], two[:, :3], "states")


def test_states_at_padding_are_0(framework: Framework) -> None:
    output = framework.run(framework.build("XLMModel"), input_ids=IDS, output_hidden_states=True)

    assert all(not states[IDS == PAD].any() for states in output["hidden_states"])


@pytest.mark.parametrize("value", [2.0, 0.5, -1.0])
def test_a_mask_is_1_or_0(framework: Framework, value: float) -> None:
    """Hugging Face multiplies states by it, or scores."""
    mask = np.full((BATCH, SIZE), value, np.float32)

    with pytest.raises(InputError, match=r"`attention_mask` must be 1 where a token is and 0 where padding is"):
        framework.call(framework.build("XLMModel"), input_ids=IDS, attention_mask=mask)


def test_a_mask_has_one_meaning_however_padding_is_told(framework: Framework) -> None:
    model, lengths = framework.build("XLMModel"), (IDS != PAD).sum(1)

    expected = framework.run(model, input_ids=IDS)["last_hidden_state"]

    for padding in ({"attention_mask": (IDS != PAD).astype(int)}, {"lengths": lengths}):
        assert_close(framework.run(model, input_ids=IDS, **padding)["last_hidden_state"], expected, "exact")


# ---- arguments that had no effect


@pytest.mark.parametrize("changes", [{"n_langs": 1}, {"use_lang_emb": False}], ids=str)
def test_languages_for_a_model_without_are_refused(framework: Framework, changes: dict[str, Any]) -> None:
    """Hugging Face drops them."""
    model = framework.build("XLMModel", CONFIG.replace(**changes))

    with pytest.raises(
        InputError, match=r"`langs` must be 0 or left out for a model without language embeddings; got 3"
    ):
        framework.call(model, input_ids=IDS, langs=np.full((BATCH, SIZE), 3))


@pytest.mark.parametrize("changes", [{"n_langs": 1}, {"use_lang_emb": False}], ids=str)
def test_the_language_0_says_nothing_to_a_model_without(framework: Framework, changes: dict[str, Any]) -> None:
    model = framework.build("XLMModel", CONFIG.replace(**changes))

    actual = framework.run(model, input_ids=IDS, langs=np.zeros((BATCH, SIZE), int))

    assert_close(actual["last_hidden_state"], framework.run(model, input_ids=IDS)["last_hidden_state"], "exact")


def test_the_language_0_counts_for_a_model_with_languages(framework: Framework) -> None:
    model = framework.build("XLMModel")

    actual = framework.run(model, input_ids=IDS, langs=np.zeros((BATCH, SIZE), int))["last_hidden_state"]

    assert np.abs(actual - framework.run(model, input_ids=IDS)["last_hidden_state"]).max() > 1


def test_a_head_mask_of_other_layers_is_refused(framework: Framework) -> None:
    with pytest.raises(InputError, match=r"`head_mask` must have the shape \(3,\) or \(2, 3\); got \(5, 3\)"):
        framework.call(framework.build("XLMModel"), input_ids=IDS, head_mask=np.ones((5, 3), np.float32))


def test_a_head_that_is_masked_is_silent(framework: Framework) -> None:
    """In the first layer alone, where the mask has a row for each layer."""
    mask = np.array([[1, 0, 1], [1, 1, 1]], np.float32)

    first, second = framework.run(framework.build("XLMModel"), input_ids=TEXT, head_mask=mask, output_attentions=True)[
        "attentions"
    ]

    assert not first[:, 1].any()
    assert first[:, 0].any()
    assert second[:, 1].any()


def test_token_types_are_rows_of_the_word_table(framework: Framework) -> None:
    """As in Hugging Face: the row of padding, 0, is the neutral one."""
    model = framework.build("XLMModel")

    actual = framework.run(model, input_ids=IDS, token_type_ids=np.full((BATCH, SIZE), PAD))

    assert_close(actual["last_hidden_state"], framework.run(model, input_ids=IDS)["last_hidden_state"], "states")


# ---- losses


def test_the_loss_of_nothing_is_0_and_teaches_nothing(framework: Framework) -> None:
    """In Hugging Face it is NaN."""
    model = framework.build("XLMWithLMHeadModel")
    inputs = {"input_ids": IDS, "labels": np.full((BATCH, SIZE), -100)}

    assert framework.run(model, **inputs)["loss"] == 0
    gradients = framework.gradients(model, **inputs)
    assert all(not gradient.any() for gradient in gradients.values())


@pytest.mark.parametrize("config", [CONFIG, CAUSAL], ids=["masked", "causal"])
def test_the_loss_is_a_mean_over_what_is_not_ignored(framework: Framework, config: Any) -> None:
    """Labels of a causal model are shifted inside, as Hugging Face's documentation says and its code does not."""
    labels = tiny.labels()

    output = framework.run(framework.build("XLMWithLMHeadModel", config), input_ids=IDS, labels=labels)

    expected = mean_cross_entropy(output["logits"].astype(np.float64), labels, shifted=config.causal)
    assert_close(output["loss"], expected, "loss")


def test_a_causal_model_takes_its_input_for_labels(framework: Framework) -> None:
    """What follows the last token is not known, and the first token follows nothing."""
    model, labels = framework.build("XLMWithLMHeadModel", CAUSAL), TEXT.copy()
    labels[0, 0] = -100

    losses = [framework.run(model, input_ids=TEXT, labels=wanted)["loss"] for wanted in (TEXT, labels)]

    assert losses[0] == losses[1]


def test_a_causal_text_of_one_token_has_no_loss(framework: Framework) -> None:
    model = framework.build("XLMWithLMHeadModel", CAUSAL)

    assert framework.run(model, input_ids=TEXT[:, :1], labels=TEXT[:, :1])["loss"] == 0


def test_a_loss_is_a_scalar(framework: Framework) -> None:
    """TensorFlow's language model has none in Hugging Face, and its other heads give one for each text."""
    assert framework.run(framework.build("XLMWithLMHeadModel"), input_ids=IDS, labels=tiny.labels())["loss"].shape == ()


# ---- weights


@pytest.mark.parametrize("name", ["XLMModel", "XLMWithLMHeadModel"])
def test_the_row_of_padding_is_0_in_a_new_model(framework: Framework, name: str) -> None:
    """In Hugging Face's TensorFlow it is not."""
    arrays = framework.model_class(name)(CONFIG).to_arrays()
    table = arrays[WORDS if name == "XLMWithLMHeadModel" else "embeddings.weight"]

    assert not table[PAD].any()
    assert table[PAD + 1].any()


def test_looking_padding_up_teaches_nothing(framework: Framework) -> None:
    """Neither as an id nor as a token type; with scores of their own, the table learns from its look-ups alone."""
    model = framework.build("XLMWithLMHeadModel", CONFIG.replace(tie_word_embeddings=False))
    inputs = {"input_ids": IDS, "labels": tiny.labels(), "attention_mask": np.ones((BATCH, SIZE), int)}

    gradient = framework.gradients(model, **inputs, token_type_ids=np.full((BATCH, SIZE), PAD))[WORDS]

    assert not gradient[PAD].any()
    assert gradient[IDS[0, 0]].any()


def test_the_score_of_padding_is_learnt(framework: Framework) -> None:
    """A tied table gets the gradient of its other use."""
    inputs = {"input_ids": IDS, "labels": tiny.labels()}

    assert framework.gradients(framework.build("XLMWithLMHeadModel"), **inputs)[WORDS][PAD].any()


def test_new_weights_follow_the_config(framework: Framework) -> None:
    """Hugging Face's TensorFlow has its own ideas of their size."""
    config = CONFIG.replace(vocab_size=2000, emb_dim=60, init_std=0.5, embed_init_std=3.0)

    arrays = framework.model_class("XLMModel")(config).to_arrays()

    assert 2.9 < arrays["embeddings.weight"].std() < 3.1
    assert 0.48 < arrays["ffns.0.lin1.weight"].std() < 0.52
    assert not arrays["ffns.0.lin1.bias"].any()
    assert (arrays["layer_norm_emb.weight"] == 1).all()


def test_sinusoids_do_not_learn(framework: Framework) -> None:
    """transformers 5 trains them; TensorFlow's XLM has none in Hugging Face."""
    table = framework.build("XLMModel", CONFIG.replace(sinusoidal_embeddings=True)).position_embeddings

    learns = table.weight.requires_grad if framework.name == "torch" else table.trainable_variables
    assert not learns


def test_sinusoids_take_turns(framework: Framework) -> None:
    """Sines at even columns, cosines at odd ones, each pair of one angle."""
    table = framework.model_class("XLMModel")(CONFIG.replace(sinusoidal_embeddings=True)).to_arrays()
    position = np.arange(17)[:, None] / 10_000 ** (np.arange(0, 18, 2) / 18)

    assert_close(table["position_embeddings.weight"][:, 0::2], np.sin(position), "states")
    assert_close(table["position_embeddings.weight"][:, 1::2], np.cos(position), "states")


# ---- the config


def test_a_model_does_not_write_to_its_config(framework: Framework) -> None:
    config = CONFIG.replace()
    framework.run(framework.build("XLMWithLMHeadModel", config), input_ids=IDS, labels=tiny.labels())

    assert config == CONFIG


def test_a_model_does_not_write_to_what_it_is_given(framework: Framework) -> None:
    model = framework.build("XLMWithLMHeadModel")
    given = {"input_ids": IDS, "labels": tiny.labels(), "attention_mask": (IDS != PAD).astype(int)}
    tensors = {name: framework.tensor(array) for name, array in given.items()}

    framework.call(model, **tensors)

    assert all((framework.array(tensors[name]) == array).all() for name, array in given.items())


def test_a_config_says_what_a_call_leaves_open(framework: Framework) -> None:
    model = framework.build("XLMModel", CONFIG.replace(output_hidden_states=True, output_attentions=True))

    assert framework.run(model, input_ids=IDS).keys() == {"last_hidden_state", "hidden_states", "attentions"}
    assert framework.run(model, input_ids=IDS, output_attentions=False).keys() == {"last_hidden_state", "hidden_states"}


@pytest.mark.parametrize("name", ["XLMModel", "XLMWithLMHeadModel"])
def test_the_old_tuple_is_given_on_request(framework: Framework, name: str) -> None:
    model = framework.build(name)

    output = framework.call(model, input_ids=IDS, return_dict=False)

    assert isinstance(output, tuple)
    assert_close(framework.array(output[0]), framework.array(framework.call(model, input_ids=IDS)[0]), "exact")


def test_a_config_may_ask_for_the_old_tuple(framework: Framework) -> None:
    model = framework.build("XLMWithLMHeadModel", CONFIG.replace(return_dict=False))

    assert isinstance(framework.call(model, input_ids=IDS), tuple)


def test_an_impossible_config_is_refused_before_a_model_is_made(framework: Framework) -> None:
    with pytest.raises(ConfigError, match=r"`n_heads` must divide `emb_dim`; got n_heads=5 and emb_dim=18."):
        framework.model_class("XLMModel")(CONFIG.replace(n_heads=5))
