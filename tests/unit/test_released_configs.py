"""`XLMConfig` on the config.json of every released checkpoint, as `tests/data/released_configs` has them."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from xlm_core.checkpoints import RELEASED
from xlm_core.config import ALIASES, XLMConfig
from xlm_core.manifest import manifest

FOLDER = Path(__file__).parent.parent / "data" / "released_configs"
SIZES = {  # vocab_size, emb_dim, n_layers, n_heads, n_langs, has_lang_embeddings, millions of parameters
    "xlm-clm-ende-1024": (64699, 1024, 6, 8, 2, True, 142.4),
    "xlm-clm-enfr-1024": (64139, 1024, 6, 8, 2, True, 141.8),
    "xlm-mlm-100-1280": (200000, 1280, 16, 16, 100, False, 571.7),
    "xlm-mlm-17-1280": (200000, 1280, 16, 16, 17, False, 571.7),
    "xlm-mlm-en-2048": (30145, 2048, 12, 16, 1, False, 667.1),
    "xlm-mlm-ende-1024": (64699, 1024, 6, 8, 2, True, 142.4),
    "xlm-mlm-enfr-1024": (64139, 1024, 6, 8, 2, True, 141.8),
    "xlm-mlm-enro-1024": (64592, 1024, 6, 8, 2, True, 142.3),
    "xlm-mlm-tlm-xnli15-1024": (95000, 1024, 12, 8, 15, True, 249.1),
    "xlm-mlm-xnli15-1024": (95000, 1024, 12, 8, 15, True, 249.1),
}

every_checkpoint = pytest.mark.parametrize("name", RELEASED)


def path(name: str) -> Path:
    return FOLDER / f"{name}.json"


def content(name: str) -> dict[str, Any]:
    return json.loads(path(name).read_text(encoding="utf-8"))


def as_json(value: Any) -> Any:
    """The value as JSON has it, where keys are strings."""
    return json.loads(json.dumps(value))


@every_checkpoint
def test_every_key_is_read(name: str) -> None:
    config = XLMConfig.from_pretrained(path(name))

    assert {key: as_json(getattr(config, key)) for key in content(name)} == content(name)


@every_checkpoint
def test_every_key_is_written_back(name: str, tmp_path: Path) -> None:
    """But for aliases and what is as Hugging Face leaves it out: the defaults that every model has."""
    config = XLMConfig.from_pretrained(path(name))
    config.save_pretrained(tmp_path)

    written = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    plain = as_json(XLMConfig().to_dict())
    missing = {key: value for key, value in content(name).items() if key not in written and key not in ALIASES}
    assert missing == {key: plain[key] for key in missing}
    assert {key: written[key] for key in content(name).keys() & written.keys()} == {
        key: value for key, value in content(name).items() if key in written
    }


@every_checkpoint
def test_what_is_written_is_the_same_config(name: str, tmp_path: Path) -> None:
    config = XLMConfig.from_pretrained(path(name))
    config.save_pretrained(tmp_path)

    assert XLMConfig.from_pretrained(tmp_path) == config


@every_checkpoint
def test_sizes_are_those_of_the_checkpoint(name: str) -> None:
    config = XLMConfig.from_pretrained(path(name))
    weights = manifest(config, "language-modeling").values()
    n_parameters = sum(math.prod(weight.shape) for weight in weights)

    assert (
        config.vocab_size,
        config.emb_dim,
        config.n_layers,
        config.n_heads,
        config.n_langs,
        config.has_lang_embeddings,
        round(n_parameters / 1e6, 1),
    ) == SIZES[name]


@every_checkpoint
def test_languages_are_numbered(name: str) -> None:
    config = XLMConfig.from_pretrained(path(name))

    assert config.id2lang == dict(enumerate(sorted(config.lang2id)))
    assert len(config.lang2id) == config.n_langs
