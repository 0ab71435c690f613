"""Going on with prompts of T tokens for `options["tokens"]` more, by a causal model.

Hugging Face keeps nothing between tokens: each is computed as if the text up to it were the prompt. So where its time
would be minutes, some of its tokens are computed, evenly spread, each from a text of the length that it would have then
(`options["sampled"]`), and their time is multiplied. Ours always writes them all.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.sizes import Case, texts
from benchmarks.steps import Step, silent

TASK, CAUSAL = "language-modeling", True
HOW: dict[str, dict[str, Any]] = {
    "greedy": {"do_sample": False, "num_beams": 1},
    "sampling": {"do_sample": True, "num_beams": 1, "top_k": 50},
    "beams": {"do_sample": False, "num_beams": 4},
}


def work(case: Case) -> None:
    """Reading the weights is the limit, not the products."""


def ours(case: Case, folder: Path, **options: Any) -> Step:
    from benchmarks.peers import torch_models as peers

    return _written(peers.ours("XLMWithLMHeadModel", folder, **options), peers, case)


def in_bfloat16(case: Case, folder: Path) -> Step:
    return ours(case, folder, dtype="bfloat16")


def in_int8(case: Case, folder: Path) -> Step:
    import xlm_torch
    from benchmarks.peers import torch_models as peers

    return _written(xlm_torch.quantize(peers.ours("XLMWithLMHeadModel", folder), "int8"), peers, case)


def ours_in_tensorflow(case: Case, folder: Path) -> Step:
    from benchmarks.peers import keras_models as peers

    return _written(peers.ours("TFXLMWithLMHeadModel", folder), peers, case)


def _written(model: Any, peers: Any, case: Case) -> Step:
    """All tokens, whatever they are."""
    options = {**HOW[case.options["how"]], "max_new_tokens": case.options["tokens"], "eos_token_id": []}
    return Step(silent(model.generate, **peers.tensors(texts(case)), **options))


def hugging_face(case: Case, folder: Path) -> Step:
    """With language 0 throughout, which is what it gives the tokens that it adds."""
    from benchmarks.peers import torch_models as peers

    model = peers.hugging_face("XLMWithLMHeadModel", folder)
    tokens, sampled = case.options["tokens"], case.options.get("sampled")
    prompts = [peers.tensors(_prompt(case, length)) for length in prompt_lengths(case)]
    new = {"max_new_tokens": 1 if sampled else tokens, "min_new_tokens": 1 if sampled else tokens}
    options = {**HOW[case.options["how"]], **new, "pad_token_id": model.config.pad_index}

    def step() -> None:
        for prompt in prompts:
            model.generate(**prompt, **options)

    note = {"tokens computed": sampled or tokens}
    return Step(step, factor=tokens / sampled if sampled else 1.0, note=note)


def prompt_lengths(case: Case) -> list[int]:
    """The prompt's own, or one for each token that is computed."""
    tokens, sampled = case.options["tokens"], case.options.get("sampled")
    if not sampled:
        return [case.length]
    return [case.length + round((place + 0.5) * tokens / sampled) for place in range(sampled)]


def _prompt(case: Case, length: int) -> dict[str, Any]:
    """Ids and mask; the languages are Hugging Face's own business."""
    batch = texts(replace(case, length=length))
    return {name: batch[name] for name in ("input_ids", "attention_mask")}


VARIANTS = {
    "ours": ours,
    "ours-bf16": in_bfloat16,
    "ours-int8": in_int8,
    "ours-tf": ours_in_tensorflow,
    "hf-eager": hugging_face,
}
