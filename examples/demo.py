"""The likeliest words for a mask, from PyTorch and from TensorFlow side by side, without a network.

The exit status is 1 if the logits of the two differ by more than rounding explains.
"""

from __future__ import annotations

import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"  # these kernels are announced on stderr, whatever the log level

import numpy as np

import xlm_tf
import xlm_torch
from xlm_core.pipelines import FillMaskResult

TEXTS = {
    "A man is riding a [MASK] down the street.": "en",
    "Two dogs are running through the [MASK].": "en",
    "Ein Hund läuft durch den [MASK].": "de",
    "Deux femmes sont assises sur un [MASK].": "fr",
    "Un homme fait du [MASK].": "fr",
    "Muž jede na [MASK].": "cs",
}
LARGEST_DIFFERENCE = 3e-5
"""Of float32 logits. Hugging Face's own two frameworks differ by 1.5e-5 on this checkpoint."""


def main() -> int:
    with_torch = xlm_torch.pipeline("fill-mask", model="xlm-demo")
    with_tf = xlm_tf.pipeline("fill-mask", model="xlm-demo")
    texts, langs = list(TEXTS), list(TEXTS.values())

    print("xlm-demo, loaded from examples/xlm-demo into both frameworks. The five likeliest words for [MASK]:")
    for text, lang, ours, theirs in zip(
        texts, langs, with_torch(texts, lang=langs), with_tf(texts, lang=langs), strict=True
    ):
        print(f"\n{lang}  {text}\n")
        print(side_by_side(ours, theirs))

    encodings = [with_torch.tokenizer(text, lang=lang) for text, lang in TEXTS.items()]
    batch = xlm_torch.collate(encodings, with_torch.config)
    logits, twin_logits = with_torch.run(batch)["logits"], with_tf.run(batch)["logits"]
    difference = np.abs(logits - twin_logits).max()
    print(f"\nLargest difference of all {logits.size:,} logits: {difference:.1e} (allowed: {LARGEST_DIFFERENCE:.0e})")
    return int(not difference <= LARGEST_DIFFERENCE)


def side_by_side(ours: list[FillMaskResult], theirs: list[FillMaskResult]) -> str:
    """Two columns of words with their probabilities."""
    rows = [f"    {'PyTorch':<22}  TensorFlow"]
    for left, right in zip(ours, theirs, strict=True):
        rows.append(f"    {left.score:.4f}  {left.token_str:<14}  {right.score:.4f}  {right.token_str}")
    return "\n".join(rows)


if __name__ == "__main__":
    sys.exit(main())
