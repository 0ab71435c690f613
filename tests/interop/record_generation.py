"""Record what Hugging Face's ``generate`` finds, as goldens that are checked without it.

Run from the repository's root in an environment of its own with transformers 4.57 and torch:

    PYTHONPATH=.:tests python tests/interop/record_generation.py tests/goldens/generation.npz

The searches of `tests/generation_cases.py` are over scores that need no model: their search is what is recorded, not
their XLM, which appends a mask to every text. What that one writes is recorded, too.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import torch
from record_models import hugging_face
from transformers import GenerationMixin, PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutput

import generation_cases as cases


class Table(PreTrainedModel, GenerationMixin):
    """A model whose scores are looked up."""

    config_class = PretrainedConfig

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def prepare_inputs_for_generation(self, input_ids: torch.Tensor, **kwargs: Any) -> dict[str, Any]:
        return {"input_ids": input_ids}

    def forward(self, input_ids: torch.Tensor, attention_mask: Any = None, **inputs: Any) -> CausalLMOutput:
        return CausalLMOutput(logits=torch.tensor(cases.scores(input_ids.numpy()))[:, None])


def generated(model: Any, prompts: np.ndarray, options: dict[str, Any]) -> Any:
    """Their output, with everything in it."""
    ids = torch.tensor(prompts)
    asked = {"use_cache": False, "return_dict_in_generate": True, "output_scores": True, **options}
    return model.generate(ids, attention_mask=torch.ones_like(ids), pad_token_id=cases.PADDING, **asked)


def record() -> dict[str, np.ndarray]:
    config = PretrainedConfig(vocab_size=cases.VOCABULARY, is_encoder_decoder=False, num_hidden_layers=1)
    table, arrays = Table(config).eval(), {}
    for name, options in cases.SEARCHES.items():
        output = generated(table, cases.PROMPTS, {"eos_token_id": cases.END} | options)
        arrays[f"{name}/sequences"] = output.sequences.numpy()
        arrays[f"{name}/scores"] = np.stack([each.numpy() for each in output.scores])
        for field in ("sequences_scores", "beam_indices"):
            if output.get(field) is not None:
                arrays[f"{name}/{field}"] = output[field].numpy()
    for name, options in cases.DRAWS.items():
        asked = {"eos_token_id": cases.END, "max_new_tokens": 1, "do_sample": True, **options}
        arrays[f"draw {name}"] = generated(table, cases.PROMPTS, asked).scores[0].numpy()
    for name, (own, options) in cases.MODELS.items():
        model = hugging_face(own)
        output = generated(model, cases.MODEL_PROMPTS, options | cases.NO_PADDING)
        arrays[f"model {name}"] = output.sequences.numpy()
    return arrays


if __name__ == "__main__":
    np.savez_compressed(sys.argv[1], **record())
