"""The checkpoints that all variants load: Hugging Face's layout, random numbers, made once for a run."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.sizes import SIZES, Case
from xlm_core import XLMConfig
from xlm_core.formats.loading import save
from xlm_core.manifest import Kind, Weight, manifest

CLASSES = {
    "language-modeling": "XLMWithLMHeadModel",
    "sequence-classification": "XLMForSequenceClassification",
}


class Checkpoints:
    """Folders in a scratch folder, each made when it is first asked for."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch

    def folder(self, case: Case, task: str, causal: bool = False) -> Path:
        """The checkpoint of a case."""
        folder = self._scratch / f"{case.size}-{task}{'-causal' if causal else ''}"
        if not (folder / "config.json").exists():
            self._make(folder, case.size, task, causal)
        return folder

    def _make(self, folder: Path, size: str, task: str, causal: bool) -> None:
        """Weights first; a causal model has those of the other."""
        folder.mkdir(parents=True, exist_ok=True)
        config = make_config(size, task, causal)
        if causal:
            other = self.folder(Case("", size), task)
            (folder / "model.safetensors").hardlink_to(other / "model.safetensors")
        else:
            save(folder, draw(config, task))
        config.save_pretrained(folder)


def make_config(size: str, task: str, causal: bool = False) -> XLMConfig:
    """Of a size, with positions for every length that is measured."""
    model = SIZES[size]
    return XLMConfig(
        vocab_size=model.vocab_size,
        emb_dim=model.emb_dim,
        n_layers=model.n_layers,
        n_heads=model.n_heads,
        n_langs=model.n_langs,
        use_lang_emb=model.n_langs > 1,
        causal=causal,
        architectures=[CLASSES[task]],
    )


def draw(config: XLMConfig, task: str) -> dict[str, np.ndarray]:
    """A value for every number: spread as training begins with, so that states stay of the usual size."""
    generator = np.random.default_rng(0)
    return {weight.name: _values(weight, generator) for weight in manifest(config, task).values()}


def _values(weight: Weight, generator: np.random.Generator) -> np.ndarray:
    if weight.kind is Kind.SCALE:
        return np.ones(weight.shape, np.float32)
    if weight.kind in (Kind.SHIFT, Kind.BIAS):
        return np.zeros(weight.shape, np.float32)
    return generator.standard_normal(weight.shape, np.float32) * np.float32(weight.shape[-1] ** -0.5)
