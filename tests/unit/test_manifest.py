"""`xlm_core.manifest`: every weight of a model."""

from __future__ import annotations

import re
from typing import Any

import pytest

import tiny
from xlm_core.config import XLMConfig
from xlm_core.errors import ConfigError
from xlm_core.manifest import Kind, manifest

ONE_LAYER = tiny.CONFIG.replace(n_layers=1)
BODY = {
    "position_embeddings.weight": (17, 18),
    "lang_embeddings.weight": (5, 18),
    "embeddings.weight": (53, 18),
    "layer_norm_emb.weight": (18,),
    "layer_norm_emb.bias": (18,),
    "attentions.0.q_lin.weight": (18, 18),
    "attentions.0.q_lin.bias": (18,),
    "attentions.0.k_lin.weight": (18, 18),
    "attentions.0.k_lin.bias": (18,),
    "attentions.0.v_lin.weight": (18, 18),
    "attentions.0.v_lin.bias": (18,),
    "attentions.0.out_lin.weight": (18, 18),
    "attentions.0.out_lin.bias": (18,),
    "layer_norm1.0.weight": (18,),
    "layer_norm1.0.bias": (18,),
    "ffns.0.lin1.weight": (72, 18),
    "ffns.0.lin1.bias": (72,),
    "ffns.0.lin2.weight": (18, 72),
    "ffns.0.lin2.bias": (18,),
    "layer_norm2.0.weight": (18,),
    "layer_norm2.0.bias": (18,),
}


def shapes(config: XLMConfig, task: str | None = None) -> dict[str, tuple[int, ...]]:
    return {name: weight.shape for name, weight in manifest(config, task).items()}


def test_the_body_has_hugging_faces_names_and_pytorchs_shapes() -> None:
    assert shapes(ONE_LAYER) == BODY


def test_a_task_model_holds_the_body_under_transformer() -> None:
    head = {"pred_layer.proj.bias": (53,)}

    assert (
        shapes(ONE_LAYER, "language-modeling") == {f"transformer.{name}": shape for name, shape in BODY.items()} | head
    )


def test_untied_scores_have_a_weight_of_their_own() -> None:
    assert shapes(ONE_LAYER.replace(tie_word_embeddings=False), "language-modeling")["pred_layer.proj.weight"] == (
        53,
        18,
    )


@pytest.mark.parametrize("changes", [{"n_langs": 1}, {"use_lang_emb": False}], ids=str)
def test_without_languages_there_is_no_table_for_them(changes: dict[str, Any]) -> None:
    assert "lang_embeddings.weight" not in shapes(ONE_LAYER.replace(**changes))


def test_each_layer_has_its_weights() -> None:
    assert len(shapes(tiny.CONFIG)) - len(shapes(ONE_LAYER)) == 16


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("embeddings.weight", Kind.EMBEDDING),
        ("layer_norm_emb.weight", Kind.SCALE),
        ("layer_norm_emb.bias", Kind.SHIFT),
        ("ffns.0.lin1.weight", Kind.LINEAR),
        ("ffns.0.lin1.bias", Kind.BIAS),
    ],
)
def test_a_weight_knows_its_kind(name: str, kind: Kind) -> None:
    assert manifest(ONE_LAYER)[name].kind is kind


@pytest.mark.parametrize("name", ["XLMModel", "XLMWithLMHeadModel"])
def test_a_new_model_has_these_weights(framework: Any, name: str) -> None:
    """Every one of them, each in its shape, and the framework has no other that is learnt."""
    model = framework.model_class(name)(ONE_LAYER)

    assert {key: array.shape for key, array in model.to_arrays().items()} == shapes(ONE_LAYER, model.task)


WIDTH = "a summary must be `num_labels` = 9 wide"


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("XLMForSequenceClassification", {"num_labels": 9, "summary_use_proj": False}, WIDTH),
        ("XLMForSequenceClassification", {"num_labels": 9, "summary_proj_to_labels": False}, WIDTH),
        ("XLMForMultipleChoice", {"num_labels": 9, "summary_use_proj": False}, WIDTH),
        ("XLMForMultipleChoice", {"num_labels": 9, "summary_proj_to_labels": False}, WIDTH),
        ("XLMForQuestionAnsweringSimple", {"num_labels": 9}, "`num_labels` must be 2 for question-answering-simple"),
    ],
)
def test_a_head_that_cannot_be_built_is_refused_at_once(
    framework: Any, name: str, changes: dict[str, Any], message: str
) -> None:
    """A config that is fine for the body may be impossible for a head, which says which fields do not fit."""
    with pytest.raises(ConfigError, match=re.escape(message)):
        framework.model_class(name)(tiny.CONFIG.replace(**changes))


def test_a_cluster_without_width_is_refused() -> None:
    """The adaptive softmax divides emb_dim once for each cutoff."""
    with pytest.raises(ConfigError, match=r"`emb_dim` must be at least `asm_div_value` to the power"):
        tiny.CONFIG.replace(asm=True, asm_cutoffs=[10, 20, 30], asm_div_value=4.0)
