"""Small models in folders, to convert."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tiny
import vocabularies
from conversion.models import CLASSES
from xlm_core.config import XLMConfig
from xlm_core.formats.loading import save

LANGUAGES = {name: number for number, name in enumerate(("ar", "de", "en", "fr", "zh"))}
CONFIG = tiny.CONFIG.replace(
    vocab_size=len(vocabularies.uncased_ids()),
    max_position_embeddings=512,
    layer_norm_eps=1e-12,
    lang2id=LANGUAGES,
    dtype="float32",
)
"""A model that the original's code could hold, too."""


def write_model(
    folder: Path, config: XLMConfig = CONFIG, task: str | None = "language-modeling", **options: Any
) -> Path:
    """A model with its tokenizer, as `save_pretrained` writes them; ``options`` are those of `save`."""
    vocabularies.write_uncased(folder, lang2id=config.lang2id)
    config = config.replace(architectures=[CLASSES[task]])
    save(folder, tiny.weights(config, task), **options)
    config.save_pretrained(folder)
    return folder
