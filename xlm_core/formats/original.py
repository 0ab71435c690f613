"""The `.pth` files of the original code: weights, parameters and dictionary in one.

Source: facebookresearch/XLM, xlm/trainer.py `save_checkpoint`, xlm/model/__init__.py `build_model`, and
xlm/model/transformer.py, which fixes 512 positions and an epsilon of 1e-12.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..config import XLMConfig
from ..errors import CheckpointError, ConfigError, VocabularyError
from ..manifest import manifest
from . import numpy_pickle, torch_pickle, torch_writer
from .base import Array, Checkpoint, damaged, source
from .names import BODY, TIED
from .pickles import PLAIN, Refused
from .torch_pickle import Saved, Tensor

PARTS = ("model", "encoder")
REPLICA = "module."
HEAD = "pred_layer."
N_POSITIONS = 512
EPSILON = 1e-12
SPECIAL_WORDS = {
    "bos_index": "<s>",
    "eos_index": "</s>",
    "pad_index": "<pad>",
    "unk_index": "<unk>",
    "mask_index": "<special1>",
}
REQUIRED = ("emb_dim", "n_layers", "n_heads")
FIELDS = (
    *REQUIRED,
    "dropout",
    "attention_dropout",
    "gelu_activation",
    "sinusoidal_embeddings",
    "use_lang_emb",
    "n_langs",
    "lang2id",
    "id2lang",
    "asm",
)
"""Parameters that are fields of the config, under the same name."""

CLUSTERS = ("asm_cutoffs", "asm_div_value")

NOT_ENCODER = ("encoder_attn.", "layer_norm15.", "memories.")
FROM_TRAINER = "Give the file that the original's trainer saved."


@dataclass(frozen=True)
class Release:
    """What the original saves: ``weights`` under our names, its own ``params``, and the dictionary.

    ``id2word`` has the words as fastBPE writes them (`th@@`), by id; ``counts`` how often each was seen. Both are empty
    if the file has no dictionary.
    """

    weights: Checkpoint
    config: XLMConfig
    params: Mapping[str, Any]
    id2word: Mapping[int, str]
    counts: Mapping[str, int]


def read(path: Path, *, causal: bool | None = None) -> Release:
    """Open a file of the original's trainer; its arrays are views of the mapped file.

    The encoder is read, if there are encoder and decoder. ``causal`` says whether the model looks to the left only,
    which the file does not: None takes it for causal if it was trained on the next word and never on masked ones.

    Raises: CheckpointError if the file is damaged, of another kind, or asks for code to be run; ConfigError if it
    describes an impossible model; VocabularyError if its dictionary is none; FetchError if it cannot be opened.
    """
    return release(torch_pickle.load(path, numpy_pickle.STAND_INS), causal=causal)


def is_release(saved: Saved) -> bool:
    """Whether a file that `torch.save` wrote is one of the original's trainer."""
    return isinstance(saved.value, dict) and any(isinstance(saved.value.get(part), dict) for part in PARTS)


def release(saved: Saved, *, causal: bool | None = None) -> Release:
    """What a file of the original's trainer, already open, says; `read` tells what is raised."""
    try:
        tensors, params = _tensors(saved), _params(saved)
        id2word, counts = _dictionary(saved.path, saved.value)
        weights = saved.checkpoint(tensors)
    except (Refused, ValueError) as error:
        if isinstance(error, VocabularyError):
            raise
        raise torch_pickle.refusal(saved.path, error) from error
    config = _config(saved.path, params, weights, id2word, causal)
    named = {_canonical(name): name for name in weights}
    arrays = {name: weights.stored(stored).renamed(stored) for name, stored in named.items()}
    return Release(Checkpoint(saved.path, arrays, config=config), config, params, id2word, counts)


def write(
    path: Path,
    arrays: Mapping[str, Array],
    config: XLMConfig,
    words: Sequence[str],
    counts: Mapping[str, int] | None = None,
    params: Mapping[str, Any] | None = None,
    dtype: str | None = None,
) -> None:
    """Write a file that the original's code loads: a language model, its parameters and its dictionary.

    ``arrays`` are named as in the manifest; ``words`` are fastBPE's in the order of their ids; ``params`` are added to
    those that the model needs; ``dtype`` is the format of the numbers, None keeps each as it is.

    Raises: ConfigError for a model that the original cannot hold, VocabularyError if ``words`` do not fit it;
    CheckpointError without a language model's head; FetchError if the file cannot be written.
    """
    _check_possible(config)
    _check_words(config, words)
    names = list(manifest(config, "language-modeling"))
    if missing := [name for name in names if name not in arrays]:
        raise CheckpointError(f"the original holds language models only; `{missing[0]}` is missing.")
    model = {name.removeprefix(BODY): source(arrays, name) for name in names}
    if config.tie_word_embeddings and not config.asm:
        model[TIED] = model["embeddings.weight"]
    ids = {word: number for number, word in enumerate(words)}
    content = {
        "epoch": 0,
        "n_total_iter": 0,
        "best_metrics": {},
        "best_stopping_criterion": None,
        "model": model,
        "dico_id2word": dict(enumerate(words)),
        "dico_word2id": ids,
        "dico_counts": {word: (counts or {}).get(word, 0) for word in words},
        "params": {**_params_of(config), **(params or {})},
    }
    torch_writer.write(path, content, dtype)


def _tensors(saved: Saved) -> dict[str, Tensor]:
    """The weights of the encoder, without what training on several machines puts before their names."""
    if not is_release(saved):
        raise Refused(f"must have `model` or `encoder`, as the original saves them; it holds {_names(saved.value)}")
    part = next(part for part in PARTS if isinstance(saved.value.get(part), dict))
    tensors = saved.value[part]
    for name, tensor in tensors.items():
        if not isinstance(name, str) or not isinstance(tensor, Tensor):
            raise Refused(f"must have tensors in `{part}`; {name!r:.80} is a {torch_pickle.kind(tensor)}", FROM_TRAINER)
    bare = {name.removeprefix(REPLICA): tensor for name, tensor in tensors.items()}
    if len(bare) < len(tensors):
        raise Refused(f"must hold each weight once; some are there with and without `{REPLICA}`", FROM_TRAINER)
    if strange := [name for name in bare if name.startswith(NOT_ENCODER)]:
        raise Refused(f"must hold a plain encoder; it has `{strange[0]}`", "Decoders and memories are not supported.")
    return bare


def _params(saved: Saved) -> dict[str, Any]:
    """The parameters of the training, from a mapping or a namespace."""
    params = saved.value.get("params")
    values = params.values if isinstance(params, numpy_pickle.Namespace) else params
    if not isinstance(values, dict):
        raise Refused(f"must have `params`; got a {torch_pickle.kind(params)}", FROM_TRAINER)
    return {
        str(name): value.array if isinstance(value, numpy_pickle.NumberArray) else value
        for name, value in values.items()
    }


def _dictionary(path: Path, value: Mapping[Any, Any]) -> tuple[dict[int, str], dict[str, int]]:
    """Words by id, and counts by word."""
    words, counts = value.get("dico_id2word", {}), value.get("dico_counts", {})
    ids = value.get("dico_word2id", {})
    if not all(isinstance(table, dict) for table in (words, counts, ids)):
        raise VocabularyError(f"`{path}` must have mappings for its dictionary; got {_names(value)}.")
    if not all(isinstance(word, str) for word in words.values()) or set(words) != set(range(len(words))):
        raise VocabularyError(f"`{path}` must number its {len(words)} words from 0 without gaps.")
    if ids and ids != {word: number for number, word in words.items()}:
        raise VocabularyError(f"`{path}` must agree with itself: `dico_word2id` and `dico_id2word` differ.")
    if not all(isinstance(word, str) and isinstance(count, int) for word, count in counts.items()):
        raise VocabularyError(f"`{path}` must count its words in whole numbers in `dico_counts`.")
    return {number: words[number] for number in range(len(words))}, dict(counts)


def _config(
    path: Path, params: Mapping[str, Any], weights: Checkpoint, id2word: Mapping[int, str], causal: bool | None
) -> XLMConfig:
    """The config that the parameters describe; sizes of tables are those of the tables."""
    if missing := [name for name in REQUIRED if name not in params]:
        raise damaged(path, f"must have the parameter `{missing[0]}`; it has {_names(params)}", FROM_TRAINER)
    rows = {name: _rows(path, weights, name) for name in ("embeddings.weight", "position_embeddings.weight")}
    vocab_size = rows["embeddings.weight"]
    if id2word and len(id2word) != vocab_size:
        raise VocabularyError(f"`{path}` must have a word for each of its {vocab_size} rows; it has {len(id2word)}.")
    values = {name: _plain(path, name, params[name]) for name in FIELDS if name in params}
    if values["n_layers"] not in range(1, len(weights)):
        raise damaged(path, f"must have as many layers as `n_layers` says; it says {values['n_layers']!r:.80}")
    if values.get("asm"):
        values |= {name: _plain(path, name, params[name]) for name in CLUSTERS if name in params}
    try:
        return XLMConfig(
            **values,
            **_indexes(params, id2word),
            vocab_size=vocab_size,
            max_position_embeddings=rows["position_embeddings.weight"],
            causal=_is_causal(params) if causal is None else causal,
            tie_word_embeddings=bool(params.get("share_inout_emb", True)) and not values.get("asm"),
            architectures=["XLMWithLMHeadModel" if any(n.startswith(HEAD) for n in weights) else "XLMModel"],
        )
    except (ArithmeticError, TypeError, ValueError) as error:
        raise ConfigError(f"in the parameters of `{path}`: {error}") from error


def _plain(path: Path, name: str, value: Any) -> Any:
    """A parameter that is a plain value, or a table or list of them."""
    values = (
        [*value, *value.values()] if isinstance(value, dict) else value if type(value) in (list, tuple) else [value]
    )
    if not all(type(part) in PLAIN for part in values):
        raise damaged(path, f"must have plain values in `{name}` of its parameters", FROM_TRAINER)
    return value


def _rows(path: Path, weights: Checkpoint, name: str) -> int:
    if name not in weights or len(weights.stored(name).shape) != 2:
        raise damaged(path, f"must hold the table `{name}`", FROM_TRAINER)
    return weights.stored(name).shape[0]


def _indexes(params: Mapping[str, Any], id2word: Mapping[int, str]) -> dict[str, int]:
    """The ids of the special words, from the dictionary or else from the parameters, as both kinds of fields."""
    ids = {word: number for number, word in id2word.items()}
    found = {name: ids.get(word, params.get(name)) for name, word in SPECIAL_WORDS.items()}
    indexes = {name: index for name, index in found.items() if isinstance(index, int)}
    tokens = {name.replace("_index", "_token_id"): index for name, index in indexes.items() if name != "unk_index"}
    return indexes | tokens


def _is_causal(params: Mapping[str, Any]) -> bool:
    return bool(params.get("clm_steps")) and not params.get("mlm_steps")


def _canonical(name: str) -> str:
    return name if name.startswith(HEAD) else BODY + name


def _check_possible(config: XLMConfig) -> None:
    """Refuse a model that the original's code would read as another one."""
    if config.max_position_embeddings != N_POSITIONS or config.layer_norm_eps != EPSILON or config.pruned_heads:
        raise ConfigError(
            f"the original has {N_POSITIONS} positions, `layer_norm_eps` {EPSILON} and all heads; got "
            f"max_position_embeddings={config.max_position_embeddings}, layer_norm_eps={config.layer_norm_eps} and "
            f"pruned_heads={config.pruned_heads}."
        )
    if len(config.lang2id or {}) != config.n_langs:
        raise ConfigError(
            f"the original names every language; got n_langs={config.n_langs} and lang2id={config.lang2id}. "
            "Name them: config.replace(lang2id={'en': 0})."
        )


def _check_words(config: XLMConfig, words: Sequence[str]) -> None:
    if len(words) != config.vocab_size or len(set(words)) < len(words):
        raise VocabularyError(
            f"`words` must be {config.vocab_size} different ones, as `vocab_size` says; got {len(words)}, "
            f"{len(set(words))} of them different."
        )


def _params_of(config: XLMConfig) -> dict[str, Any]:
    """What the original's model asks of its parameters."""
    languages = dict(config.lang2id or {})
    steps = [(language, None) for language in languages]
    return {
        **{name: getattr(config, name) for name in FIELDS if name not in ("lang2id", "id2lang")},
        **{name: getattr(config, name) for name in SPECIAL_WORDS},
        "asm_cutoffs": list(config.asm_cutoffs or []),
        "asm_div_value": config.asm_div_value,
        "clm_steps": steps if config.causal else [],
        "encoder_only": True,
        "id2lang": {number: language for language, number in languages.items()},
        "lang2id": languages,
        "mlm_steps": [] if config.causal else steps,
        "n_words": config.vocab_size,
        "share_inout_emb": config.tie_word_embeddings and not config.asm,
    }


def _names(value: object) -> str:
    """What a mapping has, shortly."""
    names = list(value)[:8] if isinstance(value, dict) else []
    return ", ".join(f"{name!r:.40}" for name in names) or f"a {torch_pickle.kind(value)}"
