"""How often the nearest sentence of another language is the translation: layers × poolings × special tokens.

Each line of a file is a translation of the same line of the others. For every pair of languages, in both directions,
each sentence looks for its translation among all of the other language, by cosine. Printed is the share that finds it
first, in percent, the mean over the directions; then each direction at the best and the default settings.

    python benchmarks/retrieval.py --pairs FOLDER [--stem test_2016_flickr] [--langs cs de en fr] [--model xlm-demo]

FOLDER has files `STEM.LANG.gz`, as Multi30k's.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from itertools import permutations
from pathlib import Path
from typing import NamedTuple

import numpy as np

from xlm_core.data.lines import read_texts
from xlm_core.embeddings import mine_bitext, search
from xlm_core.embeddings.encoder import StatesRunner
from xlm_torch import XLMSentenceEncoder

POOLINGS = ("mean", "max", "first", "last")
Vectors = Mapping[str, np.ndarray]


class Remembering:
    """A model that computes each batch once, for all layers, and remembers."""

    def __init__(self, run: StatesRunner) -> None:
        self.run, self.config, self.tensor = run, run.config, run.tensor
        self.known: dict[bytes, np.ndarray] = {}

    def states(self, batch: Mapping[str, np.ndarray], layers: Sequence[int]) -> np.ndarray:
        """As `StatesRunner.states`."""
        key = b"".join(name.encode() + array.tobytes() for name, array in batch.items())
        if key not in self.known:
            self.known[key] = np.stack([self.run.states(batch, [layer]) for layer in range(self.config.n_layers + 1)])
        return self.known[key][list(layers)].mean(axis=0)


class Setting(NamedTuple):
    """Arguments of `encode`."""

    layer: int | tuple[int, ...] | str
    pooling: str
    special_tokens: bool


def main() -> None:
    options = parse()
    texts = {lang: list(read_texts(options.pairs / f"{options.stem}.{lang}.gz")) for lang in options.langs}
    encoder = XLMSentenceEncoder.from_pretrained(options.model)
    encoder.run = Remembering(encoder.run)
    print(f"{options.model}, {len(next(iter(texts.values()))):,} sentences each of {', '.join(texts)}\n")
    for told in (True, False):
        print(f"the model is {'' if told else 'not '}told the language\n")
        found = {setting: accuracy(embed(encoder, texts, setting, told)) for setting in settings(encoder)}
        print_table(found)
    default = embed(encoder, texts, Setting("all", "mean", True), told=True)
    print("the default\n")
    print_directions(default)
    centred = {lang: vectors - vectors.mean(axis=0) for lang, vectors in default.items()}
    print("the same, the mean of each language subtracted\n")
    print_directions(centred)
    print("mined by margin, the pairs that are right\n")
    print_mined(default, centred)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=Path, required=True, help="folder of files of translations")
    parser.add_argument("--stem", default="test_2016_flickr", help="how their names begin (default: %(default)s)")
    parser.add_argument("--langs", nargs="+", default=["cs", "de", "en", "fr"], help="the languages")
    parser.add_argument("--model", default="xlm-demo", help="folder, Hub id or built-in name (default: %(default)s)")
    return parser.parse_args()


def settings(encoder: XLMSentenceEncoder) -> list[Setting]:
    last = encoder.config.n_layers
    layers = [*range(last + 1), (0, *range(1, last + 1)), "all"]
    return [Setting(layer, pooling, special) for layer in layers for pooling in POOLINGS for special in (True, False)]


def embed(encoder: XLMSentenceEncoder, texts: Mapping[str, list[str]], setting: Setting, told: bool) -> Vectors:
    return {
        lang: encoder.encode(lines, lang=lang if told else None, show_progress_bar=False, **setting._asdict())
        for lang, lines in texts.items()
    }


def accuracy(vectors: Vectors) -> float:
    """The mean over all directions, in percent."""
    return float(np.mean([found for _, found in directions(vectors)]))


def directions(vectors: Vectors) -> list[tuple[tuple[str, str], float]]:
    return [(pair, first_is_right(*(vectors[lang] for lang in pair))) for pair in permutations(vectors, 2)]


def first_is_right(source: np.ndarray, target: np.ndarray) -> float:
    hits = search(source, target, top_k=1)
    return 100 * float((hits.positions[:, 0] == np.arange(len(source))).mean())


def print_table(found: Mapping[Setting, float]) -> None:
    columns = [(pooling, special) for pooling in POOLINGS for special in (True, False)]
    heads = [f"{pooling}{'' if special else ', without'}" for pooling, special in columns]
    print("| layer | " + " | ".join(heads) + " |\n|" + " --- |" * (1 + len(columns)))
    for layer in dict.fromkeys(setting.layer for setting in found):
        print(f"| {layer} | " + " | ".join(f"{found[Setting(layer, *column)]:.1f}" for column in columns) + " |")
    best = max(found, key=lambda setting: found[setting])
    print(f"\nbest: {best._asdict()}, {found[best]:.1f} %\n")


def print_directions(vectors: Vectors) -> None:
    found = dict(directions(vectors))
    print("| from, to | " + " | ".join(vectors) + " |\n|" + " --- |" * (1 + len(vectors)))
    for source in vectors:
        cells = ["–" if source == target else f"{found[source, target]:.1f}" for target in vectors]
        print(f"| {source} | " + " | ".join(cells) + " |")
    print(f"\nmean {accuracy(vectors):.1f} %\n")


def print_mined(*each: Vectors) -> None:
    for name, vectors in zip(("the default", "centred"), each, strict=True):
        for margin in ("ratio", "distance", "absolute"):
            shares = []
            for source, target in permutations(vectors, 2):
                pairs = mine_bitext(vectors[source], vectors[target], margin=margin)
                shares.append(100 * float((pairs.source == pairs.target).sum()) / len(vectors[source]))
            print(f"{name}, {margin}: {np.mean(shares):.1f} % of all translations")


if __name__ == "__main__":
    main()
