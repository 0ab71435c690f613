"""``generate`` in both frameworks: the same tokens, with a cache and without, in a batch and alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import generation_cases as cases
import tiny
from frameworks import FRAMEWORKS, Framework
from tolerances import assert_close
from xlm_core.errors import InputError

NAME = "XLMWithLMHeadModel"
CAUSAL = tiny.CONFIG.replace(causal=True, max_position_embeddings=40)
TEXTS = [[0, 20, 30, 41, 7], [0, 9, 1], [33, 2, 50, 28]]
IDS = {
    "left": np.array([[0, 20, 30, 41, 7], [2, 2, 0, 9, 1], [2, 33, 2, 50, 28]]),
    "right": np.array([[0, 20, 30, 41, 7], [0, 9, 1, 2, 2], [33, 2, 50, 28, 2]]),
}
MASKS = {
    "left": np.array([[1, 1, 1, 1, 1], [0, 0, 1, 1, 1], [0, 1, 1, 1, 1]]),
    "right": np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [1, 1, 1, 1, 0]]),
}
LANGS = np.array([1, 4, 0])
WAYS: dict[str, dict[str, Any]] = {
    "greedy": {"eos_token_id": [26, 28]},
    "beams": {"num_beams": 3, "num_return_sequences": 2, "eos_token_id": [26, 28]},
    "drawn": {"do_sample": True, "seed": 2, "top_p": 0.9, "num_return_sequences": 2},
    "drawn beams": {"do_sample": True, "seed": 2, "num_beams": 3},
}
GOLDENS = np.load(Path(__file__).parents[1] / "goldens" / "generation.npz")


def written(framework: Framework, model: Any, ids: Any, *, mask: Any = None, langs: Any = None, **options: Any) -> Any:
    """The sequences, as numpy arrays."""
    given = (None if x is None else framework.tensor(np.asarray(x)) for x in (ids, mask, langs))
    return framework.array(model.generate(*given, **({"max_new_tokens": 9} | options)))


@pytest.mark.parametrize("way", WAYS)
def test_both_frameworks_write_the_same(way: str) -> None:
    """With and without a cache, and what is drawn, too."""
    texts = [
        written(framework, model, IDS["left"], mask=MASKS["left"], langs=LANGS, use_cache=use_cache, **WAYS[way])
        for framework in FRAMEWORKS
        for model in [framework.build(NAME, CAUSAL)]
        for use_cache in (True, False)
    ]

    assert all((text == texts[0]).all() for text in texts)
    assert not (texts[0][:, 5:] == texts[0][0, 5:]).all()


@pytest.mark.parametrize("way", ["greedy", "beams"])
def test_a_padded_prompt_writes_what_it_writes_alone(framework: Framework, way: str) -> None:
    """On the left, on the right, in a language of its own."""
    model, count = framework.build(NAME, CAUSAL), WAYS[way].get("num_return_sequences", 1)
    batches = {
        side: written(framework, model, ids, mask=MASKS[side], langs=LANGS, **WAYS[way]) for side, ids in IDS.items()
    }

    for row, text in enumerate(TEXTS):
        mask, langs = np.ones((1, len(text)), int), np.full((1, len(text)), LANGS[row])
        alone = written(framework, model, [text], mask=mask, langs=langs, **WAYS[way])[:, len(text) :]
        for batch in batches.values():
            own = batch[row * count : (row + 1) * count, 5:]
            assert (own[:, : alone.shape[1]] == alone).all()
            assert (own[:, alone.shape[1] :] == CAUSAL.pad_index).all()


def test_a_new_token_is_the_likeliest_of_the_whole_text(framework: Framework) -> None:
    """Greedy search, step by step with the plain model."""
    model, text = framework.build(NAME, CAUSAL), [0, 20, 30]

    found = written(framework, model, [text], langs=[3], max_new_tokens=6, eos_token_id=[])[0].tolist()

    for _ in range(6):
        ids = np.array([text])
        inputs = {"attention_mask": np.ones_like(ids), "langs": np.full_like(ids, 3)}
        text.append(int(framework.run(model, input_ids=ids, **inputs)["logits"][0, -1].argmax()))
    assert found == text


def test_scores_are_those_of_the_whole_text(framework: Framework) -> None:
    """And the same with a cache; before any token is chosen, they are the model's own."""
    model = framework.build(NAME, CAUSAL)
    options = {"return_dict_in_generate": True, "output_scores": True, "max_new_tokens": 5, "eos_token_id": []}

    output = model.generate(framework.tensor(IDS["left"][:1]), **options)

    logits = framework.run(model, input_ids=framework.array(output.sequences))["logits"]
    for step, scores in enumerate(output.scores):
        assert_close(framework.array(scores), logits[:, 4 + step], "states")


@pytest.mark.parametrize("name", cases.MODELS)
def test_a_mask_after_the_text_writes_what_hugging_face_writes(framework: Framework, name: str) -> None:
    config, options = cases.MODELS[name]

    found = written(
        framework, framework.build(NAME, config), cases.MODEL_PROMPTS, mode="mask-append", **options | cases.NO_PADDING
    )

    assert (found == GOLDENS[f"model {name}"]).all()


KINDS: list[dict[str, Any]] = [{"asm": True, "asm_cutoffs": [10, 30]}, {"n_langs": 1}, {"pruned_heads": {1: [0]}}]


@pytest.mark.parametrize("changes", KINDS, ids=lambda changes: next(iter(changes)))
def test_every_causal_model_has_a_cache(framework: Framework, changes: dict[str, Any]) -> None:
    model = framework.build(NAME, CAUSAL.replace(**changes))

    texts = [written(framework, model, IDS["right"], mask=MASKS["right"], use_cache=use) for use in (True, False)]

    assert (texts[0] == texts[1]).all()


@pytest.mark.parametrize("dtype", ["bfloat16", "float64"])
def test_a_cache_has_the_models_precision(framework: Framework, dtype: str, tmp_path: Path) -> None:
    framework.build(NAME, CAUSAL).save_pretrained(tmp_path)
    model = framework.model_class(NAME).from_pretrained(tmp_path, dtype=dtype)

    assert written(framework, model, IDS["left"], mask=MASKS["left"], eos_token_id=[]).shape == (3, 14)


# ---- the cache by itself


def test_a_text_read_in_parts_is_the_text_read_at_once(framework: Framework) -> None:
    """With padding on the left, positions that count tokens, and rows chosen anew between two parts."""
    body, ids, mask = framework.build("XLMModel", CAUSAL), IDS["left"], MASKS["left"]
    inputs = {"input_ids": ids, "attention_mask": mask, "position_ids": np.maximum(mask.cumsum(1) - 1, 0)}
    whole = framework.run(body, **inputs)["last_hidden_state"]
    cache, rows = framework.package.XLMCache(size=8), np.array([2, 0, 2])

    first = framework.run(body, **{name: x[:, :3] for name, x in inputs.items()}, cache=cache)
    cache.select(framework.tensor(rows))
    second = framework.run(body, **{name: x[rows, 3:] for name, x in inputs.items()}, cache=cache)

    assert_close(first["last_hidden_state"], whole[:, :3], "states")
    assert_close(second["last_hidden_state"], whole[rows, 3:], "states")


def test_positions_go_on_where_the_cache_ends(framework: Framework) -> None:
    body, ids, cache = framework.build("XLMModel", CAUSAL), IDS["left"][:1], framework.package.XLMCache(size=5)

    parts = (ids[:, :2], ids[:, 2:])
    states = [framework.run(body, input_ids=part, cache=cache)["last_hidden_state"] for part in parts]

    assert_close(np.concatenate(states, axis=1), framework.run(body, input_ids=ids)["last_hidden_state"], "states")


def test_attention_to_the_past_can_be_looked_at(framework: Framework) -> None:
    """The probabilities of the new tokens, over all that there are."""
    body, ids, cache = framework.build("XLMModel", CAUSAL), IDS["left"][:1], framework.package.XLMCache(size=5)

    framework.run(body, input_ids=ids[:, :2], cache=cache)
    weights = framework.run(body, input_ids=ids[:, 2:], cache=cache, output_attentions=True)["attentions"]

    for layer, own in enumerate(framework.run(body, input_ids=ids, output_attentions=True)["attentions"]):
        assert_close(weights[layer], own[:, :, 2:], "states")


def test_a_full_cache_is_doubled(framework: Framework) -> None:
    """Tokens are read in any number of parts, whatever room there was at first; rows may be chosen in between."""
    body, ids = framework.build("XLMModel", CAUSAL), np.tile(IDS["left"], (1, 3))
    mask = np.tile(MASKS["left"], (1, 3))
    whole = framework.run(body, input_ids=ids, attention_mask=mask)["last_hidden_state"]
    cache, rows = framework.package.XLMCache(size=2), np.array([2, 0, 2])

    parts = [framework.run(body, input_ids=ids[:, :3], attention_mask=mask[:, :3], cache=cache)]
    cache.select(framework.tensor(rows))
    for start, end in ((3, 4), (4, 11), (11, 15)):
        part = {"input_ids": ids[rows, start:end], "attention_mask": mask[rows, start:end]}
        parts.append(framework.run(body, **part, cache=cache))

    assert cache.size == 16
    assert_close(parts[0]["last_hidden_state"], whole[:, :3], "states")
    assert_close(np.concatenate([part["last_hidden_state"] for part in parts[1:]], axis=1), whole[rows, 3:], "states")


def test_more_tokens_than_positions_are_refused_with_a_cache(framework: Framework) -> None:
    body, cache = framework.build("XLMModel", CAUSAL), framework.package.XLMCache(40)
    framework.run(body, input_ids=np.full((1, 38), 7), cache=cache)

    with pytest.raises(InputError, match=r"`position_ids` must be in \[0, 40\)"):
        framework.run(body, input_ids=np.full((1, 5), 7), cache=cache)


def test_a_cache_for_a_model_that_is_not_causal_is_refused(framework: Framework) -> None:
    body, cache = framework.build("XLMModel", CAUSAL.replace(causal=False)), framework.package.XLMCache(5)

    with pytest.raises(InputError, match=r"`cache` must be None for a model that is not causal; got XLMCache\."):
        framework.run(body, input_ids=IDS["left"], cache=cache)


def test_a_cache_of_other_texts_is_refused(framework: Framework) -> None:
    body, cache = framework.build("XLMModel", CAUSAL), framework.package.XLMCache(20)
    framework.run(body, input_ids=IDS["left"], cache=cache)

    with pytest.raises(InputError, match=r"`cache` must hold as many texts as there are, 2; it holds 3\."):
        framework.run(body, input_ids=IDS["left"][:2], cache=cache)


def test_a_cache_has_room_for_something(framework: Framework) -> None:
    with pytest.raises(InputError, match=r"`size` of a cache must be a whole number ≥ 1; got 0\."):
        framework.package.XLMCache(0)


# ---- models


def test_a_masked_model_is_refused_by_default(framework: Framework) -> None:
    with pytest.raises(InputError, match=r"`generate` needs a causal model"):
        framework.build(NAME).generate(framework.tensor(IDS["left"]))


def test_prompts_are_tensors(framework: Framework) -> None:
    with pytest.raises(InputError, match=r"`input_ids` must be a tensor; got list"):
        framework.build(NAME, CAUSAL).generate(TEXTS)


def test_output_scores_need_an_output(framework: Framework) -> None:
    with pytest.raises(InputError, match=r"`output_scores` has an effect only with return_dict_in_generate=True"):
        framework.build(NAME, CAUSAL).generate(framework.tensor(IDS["left"]), output_scores=True)


def test_a_model_in_training_writes_without_dropout_and_stays_in_training() -> None:
    pytest.importorskip("torch")
    framework = next(each for each in FRAMEWORKS if each.name == "torch")
    model = framework.build(NAME, CAUSAL.replace(dropout=0.5)).train()

    texts = [written(framework, model, IDS["left"], mask=MASKS["left"]) for _ in range(2)]

    assert (texts[0] == texts[1]).all()
    assert model.training


def test_a_changed_model_writes_anew(framework: Framework) -> None:
    """A graph that was made before heads were pruned, or values changed, is not used again."""
    model = framework.build(NAME, CAUSAL)
    written(framework, model, IDS["left"], mask=MASKS["left"])

    model.prune_heads({0: [1], 1: [0, 2]})

    cached, anew = (
        written(framework, model, IDS["left"], mask=MASKS["left"], use_cache=use_cache) for use_cache in (True, False)
    )
    assert (cached == anew).all()


def test_tensorflow_traces_one_step_for_all_batches_and_lengths() -> None:
    """And one beginning for each size that a cache begins with."""
    pytest.importorskip("tensorflow")
    framework = next(each for each in FRAMEWORKS if each.name == "tf")
    model = framework.build(NAME, CAUSAL.replace(max_position_embeddings=200))

    def traces(ids: Any, **options: Any) -> int:
        written(framework, model, ids, eos_token_id=[], **options)
        return model.graphs.count

    assert traces(IDS["left"][:1], max_new_tokens=70) == 2
    assert traces(IDS["left"][:1, :2], max_new_tokens=140) == 2
    assert traces(IDS["left"][:1], max_new_tokens=70, num_beams=3) == 2
    assert traces(IDS["right"], mask=MASKS["right"], max_new_tokens=70) == 2
    assert traces(np.tile(IDS["left"][:1], (1, 15)), max_new_tokens=5) == 3
    assert traces(IDS["left"], mask=MASKS["left"], max_new_tokens=5, use_cache=False) == 4
    assert traces(IDS["left"][:1], max_new_tokens=7, use_cache=False) == 4


def test_what_is_written_past_the_first_block_is_what_is_written_anew(framework: Framework) -> None:
    """A cache that has grown twice."""
    model = framework.build(NAME, CAUSAL.replace(max_position_embeddings=200))
    options = {"mask": MASKS["left"], "eos_token_id": [], "max_new_tokens": 140}

    texts = [written(framework, model, IDS["left"], use_cache=use_cache, **options) for use_cache in (True, False)]

    assert (texts[0] == texts[1]).all()
