"""Record the names and shapes in the state dicts of Hugging Face's XLM, as a golden that is checked without it.

Run from the repository's root in an environment of its own with transformers 4.57 and torch:

    PYTHONPATH=.:tests python tests/interop/record_state_dicts.py tests/goldens/state_dicts.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import transformers

from citizens import CITIZENS
from heads import Head


def shapes(head: Head) -> dict[str, list[int]]:
    """Every entry of the model's state dict, in order; their classes stumble over fields that are None."""
    fields = {name: value for name, value in head.config.to_dict().items() if value is not None}
    model = getattr(transformers, head.name)(transformers.XLMConfig(**fields))
    return {name: list(tensor.shape) for name, tensor in model.state_dict().items()}


if __name__ == "__main__":
    recorded = {head.name: shapes(head) for head in CITIZENS}
    lines = [f'"{name}": {json.dumps(entries)}' for name, entries in recorded.items()]
    Path(sys.argv[1]).write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
