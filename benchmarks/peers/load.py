"""A process that loads a checkpoint each time it is told to: `load.py ours|theirs`, then a folder on each line."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

if sys.argv[1] == "ours":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from xlm_torch import XLMWithLMHeadModel
else:
    from transformers import XLMWithLMHeadModel

print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    folder, use = json.loads(line)
    start = time.process_time()
    model = XLMWithLMHeadModel.from_pretrained(folder)
    total = float(sum(weight.detach().sum() for weight in model.parameters())) if use else 0.0
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1024**2)
    print(json.dumps({"seconds": seconds, "megabytes": peak, "total": total}), flush=True)
    del model
