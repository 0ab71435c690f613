"""What lower precision costs a model: masked words guessed, perplexity, translations found, memory.

One word in seven is masked, in turn, by its position; each text is read once. A translation is found if its vector is
the nearest of all of the other language, by cosine, the mean over all directions.

    python benchmarks/precision_quality.py --pairs FOLDER [--stem test_2016_flickr] [--langs cs de en fr] [--lines 500]

FOLDER has files `STEM.LANG.gz`, as Multi30k's, each line a translation of the same line of the others.
"""

from __future__ import annotations

import argparse
import math
import warnings
from collections.abc import Mapping
from itertools import permutations
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from xlm_core.data.collate import collate
from xlm_core.data.lines import read_texts
from xlm_core.embeddings import search
from xlm_core.errors import XLMWarning
from xlm_torch import XLMSentenceEncoder, XLMTokenizer, XLMWithLMHeadModel, quantize

PRECISIONS = ("float32", "bfloat16", "int8")
EVERY = 7
Texts = Mapping[str, list[str]]


class Quality(NamedTuple):
    """Shares in percent, memory in MiB."""

    guessed: float
    perplexity: float
    found: float
    memory: float


def main() -> None:
    options = parse()
    warnings.simplefilter("ignore", XLMWarning)  # what is slow here is not the question
    files = {lang: options.pairs / f"{options.stem}.{lang}.gz" for lang in options.langs}
    texts = {lang: list(read_texts(path))[: options.lines] for lang, path in files.items()}
    tokenizer = XLMTokenizer.from_pretrained(options.model)
    print(f"{options.model}, {options.lines} lines each of {', '.join(texts)}\n")
    print("| precision | masked words guessed | perplexity | translations found | weights |\n|" + " --- |" * 5)
    for precision in PRECISIONS:
        print(row(precision, quality(load(options.model, precision), tokenizer, texts)), flush=True)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=Path, required=True, help="folder of files of translations")
    parser.add_argument("--stem", default="test_2016_flickr", help="how their names begin (default: %(default)s)")
    parser.add_argument("--langs", nargs="+", default=["cs", "de", "en", "fr"], help="the languages")
    parser.add_argument("--lines", type=int, default=500, help="lines of each file (default: %(default)s)")
    parser.add_argument("--model", default="xlm-demo", help="folder, Hub id or built-in name (default: %(default)s)")
    return parser.parse_args()


def load(name: str, precision: str) -> XLMWithLMHeadModel:
    if precision == "int8":
        return quantize(XLMWithLMHeadModel.from_pretrained(name), "int8")
    return XLMWithLMHeadModel.from_pretrained(name, dtype=precision)


def row(name: str, found: Quality) -> str:
    return f"| {name} | {found.guessed:.2f} % | {found.perplexity:.3f} | {found.found:.2f} % | {found.memory:.1f} MiB |"


def quality(model: XLMWithLMHeadModel, tokenizer: XLMTokenizer, texts: Texts) -> Quality:
    hits, losses = guesses(model, tokenizer, texts)
    memory = model.get_memory_footprint() / 2**20
    return Quality(100 * hits.mean(), math.exp(losses.mean()), translations(model, tokenizer, texts), memory)


def guesses(model: XLMWithLMHeadModel, tokenizer: XLMTokenizer, texts: Texts) -> tuple[np.ndarray, np.ndarray]:
    """Whether each masked word is the model's first choice, and the negative logarithm of its probability."""
    found = [
        guess(model, tokenizer, lines[at : at + 25], lang)
        for lang, lines in texts.items()
        for at in range(0, len(lines), 25)
    ]
    hits, losses = zip(*found, strict=True)
    return np.concatenate(hits), np.concatenate(losses)


def guess(model: XLMWithLMHeadModel, tokenizer: XLMTokenizer, lines: list[str], lang: str) -> tuple[Any, Any]:
    batch = collate([tokenizer(line, lang=lang) for line in lines], model.config)
    chosen = masked(batch["attention_mask"])
    wanted = torch.from_numpy(batch["input_ids"][chosen])
    batch["input_ids"] = np.where(chosen, tokenizer.mask_token_id, batch["input_ids"])
    with torch.inference_mode():
        logits = model(**{name: torch.from_numpy(array) for name, array in batch.items()}).logits
    scores = logits[torch.from_numpy(chosen)].float().log_softmax(dim=-1)
    return (scores.argmax(dim=-1) == wanted).numpy(), -scores.gather(1, wanted[:, None])[:, 0].numpy()


def masked(mask: np.ndarray) -> np.ndarray:
    """One token in EVERY, from another place in each text, and neither the first nor the last. (B, T) -> (B, T)."""
    position, text = np.arange(mask.shape[1]), np.arange(len(mask))[:, None]
    inside = (position > 0) & (position < mask.sum(axis=1, keepdims=True) - 1)
    return inside & ((position + text) % EVERY == 0)


def translations(model: XLMWithLMHeadModel, tokenizer: XLMTokenizer, texts: Texts) -> float:
    encoder = XLMSentenceEncoder(model, tokenizer)
    vectors = {lang: encoder.encode(lines, lang=lang, show_progress_bar=False) for lang, lines in texts.items()}
    shares = [first_is_right(vectors[one], vectors[other]) for one, other in permutations(vectors, 2)]
    return 100 * float(np.mean(shares))


def first_is_right(source: np.ndarray, target: np.ndarray) -> float:
    return float((search(source, target, top_k=1).positions[:, 0] == np.arange(len(source))).mean())


if __name__ == "__main__":
    main()
