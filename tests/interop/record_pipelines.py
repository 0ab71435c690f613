"""Record what transformers' pipelines give for the calls of `pipeline_cases.py`.

Run from the repository's root in an environment of its own with transformers 4.57 and torch:

    PYTHONPATH=.:tests python tests/interop/record_pipelines.py

Offsets need a fast tokenizer, which XLM has not: it is the `tokenizer.json` of the demonstration checkpoint, in which
words stand between spaces. Its classification token is ``<s>``, the first, where their pipeline looks for it.
"""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
import transformers

import tiny
from pipeline_cases import CASES, CONFIG, Case
from xlm_core.tokenizer import XLMTokenizer

GOLDENS = Path(__file__).resolve().parent.parent / "goldens" / "pipelines.json"


def tokenizer() -> Any:
    """The demonstration checkpoint's as a fast one."""
    with TemporaryDirectory() as folder:
        file = XLMTokenizer.from_pretrained("xlm-demo").save_tokenizer_json(Path(folder) / "tokenizer.json")
        return transformers.PreTrainedTokenizerFast(
            tokenizer_file=str(file),
            model_max_length=CONFIG.max_position_embeddings,
            model_input_names=["input_ids", "attention_mask"],
            bos_token="<s>",
            cls_token="<s>",
            sep_token="</s>",
            pad_token="<pad>",
            unk_token="<unk>",
        )


def model(case: Case) -> Any:
    """Their model with our tiny weights."""
    values = {name: value for name, value in case.config.to_dict().items() if value is not None}
    made = getattr(transformers, case.model)(transformers.XLMConfig(**values)).eval()
    arrays = {name: torch.tensor(array) for name, array in tiny.weights(case.config, case.head).items()}
    missing, unexpected = made.load_state_dict(arrays, strict=False)
    assert not missing
    assert not unexpected
    return made


def plain(value: Any) -> Any:
    """The same without numpy's numbers."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value.item() if hasattr(value, "item") else value


def main() -> None:
    """Write the file."""
    fast, recorded = tokenizer(), {}
    for case in CASES:
        pipeline = transformers.pipeline(case.task, model=model(case), tokenizer=fast)
        recorded[case.title] = plain(pipeline(*case.arguments, **case.options))
    lines = [f"{json.dumps(name)}: {json.dumps(value, separators=(',', ':'))}" for name, value in recorded.items()]
    GOLDENS.write_text("{" + ",\n".join(lines) + "}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
