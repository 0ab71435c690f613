"""Record what transformers' fast tokenizers return for the calls of `surface_cases.py`.

The tokenizer has the template and the vocabulary of an XLM, and words between spaces. Run it in an environment with
transformers 4.57:

    python tests/interop/record_surface.py
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TESTS))

from surface_cases import calls, closed_ids, described  # noqa: E402  (after the path is set)
from vocabularies import SPECIAL, uncased_merges  # noqa: E402

GOLDENS = TESTS / "goldens" / "surface.json"


def build() -> Any:
    """A fast tokenizer."""
    from tokenizers import AddedToken, Tokenizer
    from tokenizers.models import BPE
    from tokenizers.pre_tokenizers import WhitespaceSplit
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    model = BPE(closed_ids(), uncased_merges(), unk_token="<unk>", end_of_word_suffix="</w>", fuse_unk=False)
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = WhitespaceSplit()
    tokenizer.post_processor = TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B:1 </s>:1", special_tokens=[("<s>", 0), ("</s>", 1)]
    )
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", pad_token="<pad>", bos_token="<s>", sep_token="</s>"
    )


def record() -> dict[str, Any]:
    """What each call returns."""
    tokenizer, recorded = build(), {}
    for name, arguments, options in calls():
        tokenizer.truncation_side = options.pop("truncation_side", "right")
        flags = {"return_special_tokens_mask": True, "return_offsets_mapping": True}
        recorded[name] = described(tokenizer(*arguments, **flags, **options))
    return json.loads(json.dumps(recorded))


def main() -> None:
    """Write the file."""
    lines = [f"{json.dumps(name)}: {json.dumps(value, separators=(',', ':'))}" for name, value in record().items()]
    GOLDENS.write_text("{" + ",\n".join(lines) + "}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
