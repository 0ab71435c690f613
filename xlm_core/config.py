"""The one description of a model, shared by both frameworks."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Mapping
from dataclasses import MISSING, FrozenInstanceError, dataclass, field, fields
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar, Self

from .activations import ACTIVATIONS
from .checkpoints import mended
from .errors import ConfigError, FetchError, did_you_mean
from .fields import check, choice, flag, listing, real, table, text, whole
from .files import write_text
from .hub import Repository, locate
from .languages import Languages

ALIASES = {
    "hidden_size": "emb_dim",
    "n_words": "vocab_size",
    "num_attention_heads": "n_heads",
    "num_hidden_layers": "n_layers",
    "torch_dtype": "dtype",
    "use_return_dict": "return_dict",
}
_INDEX_OF = {f"{name}_token_id": f"{name}_index" for name in ("bos", "eos", "pad")}
_SUMMARY_TYPES = ("first", "last", "mean", "cls_index")
_LABEL_FIELDS = {"num_labels", "id2label", "label2id"}
_PROBLEM_TYPES = ("regression", "single_label_classification", "multi_label_classification")


@dataclass(frozen=True)
class Hyperparameters:
    """The fields of `XLMConfig`, with Hugging Face's names, order and defaults, and what each may hold."""

    vocab_size: int = whole(30145, 1)
    emb_dim: int = whole(2048, 1)
    n_layers: int = whole(12, 1)
    n_heads: int = whole(16, 1)
    dropout: float = real(0.1, 0, 1)
    attention_dropout: float = real(0.1, 0, 1)
    gelu_activation: bool = flag(True)
    sinusoidal_embeddings: bool = flag(False)
    causal: bool = flag(False)
    asm: bool = flag(False)
    n_langs: int = whole(1, 1)
    use_lang_emb: bool = flag(True)
    max_position_embeddings: int = whole(512, 1)
    embed_init_std: float = real(2048**-0.5)
    layer_norm_eps: float = real(1e-12)
    init_std: float = real(0.02)
    bos_index: int = whole(0)
    eos_index: int = whole(1)
    pad_index: int = whole(2)
    unk_index: int = whole(3)
    mask_index: int = whole(5)
    is_encoder: bool = flag(True)
    summary_type: str = choice("first", _SUMMARY_TYPES)
    summary_use_proj: bool = flag(True)
    summary_activation: str | None = choice(None, ACTIVATIONS, optional=True)
    summary_proj_to_labels: bool = flag(True)
    summary_first_dropout: float = real(0.1, 0, 1)
    start_n_top: int = whole(5, 1)
    end_n_top: int = whole(5, 1)
    mask_token_id: int | None = whole(0, optional=True)
    lang_id: int | None = whole(0, optional=True)
    pad_token_id: int | None = whole(2, optional=True)
    bos_token_id: int | None = whole(0, optional=True)
    eos_token_id: int | None = whole(None, optional=True)
    summary_last_dropout: float | None = real(None, 0, 1, optional=True)
    asm_cutoffs: list[int] | None = listing()
    asm_div_value: float = real(4.0, 1)
    lang2id: dict[str, int] | None = table()
    id2lang: dict[int, str] | None = table()
    num_labels: int = whole(2)
    id2label: dict[int, str] | None = table()
    label2id: dict[str, int] | None = table()
    problem_type: str | None = choice(None, _PROBLEM_TYPES, optional=True)
    tie_word_embeddings: bool = flag(True)
    chunk_size_feed_forward: int = whole(0)
    pruned_heads: dict[int, list[int]] | None = table()
    output_attentions: bool = flag(False)
    output_hidden_states: bool = flag(False)
    return_dict: bool = flag(True)
    architectures: list[str] | None = listing()
    dtype: str | None = text()
    extra: dict[str, Any] = field(default_factory=dict)


_DEFAULTS = {f.name: f.default for f in fields(Hyperparameters) if f.default is not MISSING}
_ALWAYS_WRITTEN = list(_DEFAULTS)[: list(_DEFAULTS).index("eos_token_id")]


class XLMConfig(Hyperparameters):
    """Hyper-parameters of an XLM model: frozen, checked when made, equal when their contents are.

    The documented names of Hugging Face's fields are understood everywhere, their aliases (`ALIASES`) too: as keywords,
    where an alias wins over the name it stands for, and as attributes. Keys of a ``config.json`` that this library does
    not know are kept in ``extra``, read as attributes, and written back.

    Giving ``id2label`` sets ``num_labels``; otherwise the labels are called ``LABEL_0``, ``LABEL_1``, ….

    Raises:
        ConfigError: a value that cannot describe a model, naming the field or fields.
        TypeError: a keyword that is no field.

    Differs: Hugging Face checks nothing here and takes any keyword for a new attribute, so that a misspelt one
        changes nothing and says nothing.

    Example:
        >>> config = XLMConfig(vocab_size=100, emb_dim=32, n_layers=2, n_heads=4)
        >>> config.hidden_size, config.head_dim
        (32, 8)
        >>> config.replace(n_heads=5)
        Traceback (most recent call last):
        xlm_core.errors.ConfigError: `n_heads` must divide `emb_dim`; got n_heads=5 and emb_dim=32.
    """

    model_type: ClassVar[str] = "xlm"

    def __init__(self, *values: Any, **named: Any) -> None:
        named = _without_aliases(named)
        unknown = sorted(named.keys() - _DEFAULTS.keys() - {"extra"})
        if unknown:
            raise TypeError(f"XLMConfig has no field `{unknown[0]}`.{did_you_mean(unknown[0], [*_DEFAULTS, *ALIASES])}")
        super().__init__(*values, **_with_labels(named))
        self._set(extra=dict(self.extra))
        check(self)
        self._check_together()
        self._settle_tables()

    def _set(self, **values: Any) -> None:
        """Fill in derived fields while the object is being made."""
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: Any) -> None:
        change = f"config.replace({name}={value!r})"
        raise FrozenInstanceError(f"a config does not change; make a new one: config = {change}")

    def _settle_tables(self) -> None:
        """Give JSON's string keys back their type, and fill in the label that follows from another field."""
        languages = Languages(self.lang2id, self.id2lang)
        labels = self.id2label or {number: f"LABEL_{number}" for number in range(self.num_labels)}
        id2label = _with_whole_keys("id2label", labels)
        self._set(
            lang2id=languages.lang2id or None,
            id2lang=languages.id2lang or None,
            id2label=id2label,
            label2id=dict(self.label2id or {label: number for number, label in id2label.items()}),
            pruned_heads={layer: sorted({*heads}) for layer, heads in self._pruned_heads().items() if heads},
        )

    def _check_together(self) -> None:
        """Refuse values that are fine alone and impossible together."""
        if self.emb_dim % self.n_heads:
            raise ConfigError(
                f"`n_heads` must divide `emb_dim`; got n_heads={self.n_heads} and emb_dim={self.emb_dim}."
            )
        for name in ("pad_index", "bos_index", "eos_index", "unk_index", "mask_index"):
            if getattr(self, name) >= self.vocab_size:
                raise ConfigError(
                    f"`{name}` must be smaller than `vocab_size`; got {name}={getattr(self, name)} and "
                    f"vocab_size={self.vocab_size}."
                )
        if not self.is_encoder:
            raise ConfigError("`is_encoder` must be True; got False. This library has XLM's encoder, not its decoder.")
        self._check_languages()
        self._check_cutoffs()
        self._check_pruned_heads()

    def _check_languages(self) -> None:
        largest = max(Languages(self.lang2id, self.id2lang).id2lang, default=0)
        if self.has_lang_embeddings and largest >= self.n_langs:
            raise ConfigError(
                f"ids in `lang2id` must be smaller than `n_langs`; got id {largest} and n_langs={self.n_langs}."
            )

    def _check_cutoffs(self) -> None:
        cutoffs = list(self.asm_cutoffs or [])
        neighbours = zip([0, *cutoffs], cutoffs, strict=False)
        rising = all(isinstance(cut, int) and low < cut < self.vocab_size for low, cut in neighbours)
        if self.asm and any(width < 1 for width, _ in self.asm_clusters):
            raise ConfigError(
                f"`emb_dim` must be at least `asm_div_value` to the power of the number of cutoffs; got "
                f"emb_dim={self.emb_dim}, asm_div_value={self.asm_div_value} and asm_cutoffs={cutoffs}."
            )
        if (self.asm and not cutoffs) or not rising:
            raise ConfigError(
                f"`asm_cutoffs` must be rising numbers between 1 and `vocab_size` - 1, and given when `asm` is True; "
                f"got asm_cutoffs={self.asm_cutoffs}, asm={self.asm} and vocab_size={self.vocab_size}."
            )

    def _check_pruned_heads(self) -> None:
        for layer, heads in self._pruned_heads().items():
            is_list = isinstance(heads, (list, tuple)) and all(type(head) is int for head in heads)
            if not is_list or layer >= self.n_layers or not {*heads} < {*range(self.n_heads)}:
                raise ConfigError(
                    f"`pruned_heads` must give layers in [0, {self.n_layers}) lists of heads in [0, {self.n_heads}), "
                    f"and leave each layer one head at least; got {heads!r} for layer {layer}."
                )

    def _pruned_heads(self) -> dict[int, Any]:
        return _with_whole_keys("pruned_heads", self.pruned_heads or {})

    def __getattr__(self, name: str) -> Any:
        """Aliases, and keys of the file that are not fields."""
        if name in ALIASES:
            return getattr(self, ALIASES[name])
        extra = self.__dict__.get("extra", {})
        if name in extra:
            return extra[name]
        raise AttributeError(f"XLMConfig has no field `{name}`.{did_you_mean(name, [*_DEFAULTS, *ALIASES])}")

    @property
    def head_dim(self) -> int:
        """Width of one attention head."""
        return self.emb_dim // self.n_heads

    def heads(self, layer: int) -> list[int]:
        """The attention heads of a layer that have not been pruned, by their numbers in a whole model."""
        pruned = (self.pruned_heads or {}).get(layer, [])
        return [head for head in range(self.n_heads) if head not in pruned]

    @property
    def hidden_dim(self) -> int:
        """Width of the feed-forward layer."""
        return 4 * self.emb_dim

    @property
    def asm_clusters(self) -> list[tuple[int, int]]:
        """Width and number of words of each cluster of the adaptive softmax, from frequent to rare."""
        cutoffs = [*(self.asm_cutoffs or []), self.vocab_size]
        sizes = [high - low for low, high in pairwise(cutoffs)]
        return [(int(self.emb_dim // self.asm_div_value**rank), size) for rank, size in enumerate(sizes, start=1)]

    @property
    def summary_dim(self) -> int:
        """Width of what a sequence summary returns."""
        projected = self.summary_use_proj and self.summary_proj_to_labels and self.num_labels > 0
        return self.num_labels if projected else self.emb_dim

    @property
    def has_lang_embeddings(self) -> bool:
        """Whether a model has a table of languages."""
        return self.use_lang_emb and self.n_langs > 1

    def replace(self, **changes: Any) -> XLMConfig:
        """A new config with some fields changed; ``num_labels`` renames the labels, ``id2label`` counts them.

        Raises: as the constructor does.
        """
        changes = _without_aliases(changes)
        values = {name: getattr(self, name) for name in (*_DEFAULTS, "extra")}
        if changes.keys() & _LABEL_FIELDS:
            values = {name: value for name, value in values.items() if name not in _LABEL_FIELDS}
        if changes.keys() & {"lang2id", "id2lang"}:
            values |= {"lang2id": None, "id2lang": None}
        return type(self)(**values | changes)

    # ---- files

    def to_dict(self) -> dict[str, Any]:
        """Every field and every unknown key, as plain Python values."""
        values = {name: getattr(self, name) for name in _DEFAULTS}
        return copy.deepcopy(self.extra | values) | {"model_type": self.model_type}

    def to_diff_dict(self) -> dict[str, Any]:
        """What Hugging Face writes: all of XLM's own fields, the general ones only where they are not the default."""
        values, plain = self.to_dict(), XLMConfig().to_dict()
        usual = plain.keys() - _ALWAYS_WRITTEN
        kept = {name: value for name, value in values.items() if name not in usual or value != plain[name]}
        kept.pop("num_labels", None)
        return kept | {"model_type": self.model_type}

    def to_json_string(self) -> str:
        """The text of ``config.json``, its keys in alphabetical order."""
        return json.dumps(self.to_diff_dict(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"

    def save_pretrained(self, save_directory: str | os.PathLike[str]) -> Path:
        """Write ``config.json`` into a folder, which is made if need be, and return its path.

        Raises: FetchError if the folder is a file.
        """
        folder = Path(save_directory)
        if folder.is_file():
            raise FetchError(f"`save_directory` must be a folder; got the file {folder}.")
        folder.mkdir(parents=True, exist_ok=True)
        write_text(folder / "config.json", self.to_json_string())
        return folder / "config.json"

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], **overrides: Any) -> Self:
        """Read what `to_dict`, Hugging Face 4 or 5, or the releases of 2019 wrote; unknown keys go to ``extra``.

        Raises: ConfigError if it describes another kind of model, or an impossible one.
        """
        if values.get("model_type", cls.model_type) != cls.model_type:
            raise ConfigError(f"`model_type` must be 'xlm'; got {values['model_type']!r}. This is not an XLM config.")
        values = _with_indexes(_without_aliases({k: v for k, v in values.items() if k != "model_type"}))
        known = {name: value for name, value in values.items() if name in _DEFAULTS}
        extra = {name: value for name, value in values.items() if name not in _DEFAULTS}
        config = cls(**known, extra=extra)
        return config.replace(**overrides) if overrides else config  # type: ignore[return-value]  # Self is XLMConfig

    @classmethod
    def from_json_file(cls, path: str | os.PathLike[str], **overrides: Any) -> Self:
        """Read a ``config.json``.

        Raises: FetchError if it is not there; ConfigError if it is not JSON or not an XLM config.
        """
        try:
            values = json.loads(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise FetchError(f"`{path}` must be a file that can be read; got: {error.strerror}.") from error
        except ValueError as error:
            raise ConfigError(f"`{path}` must be a JSON file; got: {error}.") from error
        if not isinstance(values, dict):
            raise ConfigError(f"`{path}` must hold a JSON object; got a {type(values).__name__}.")
        try:
            config = cls.from_dict(values)
        except ConfigError as error:
            raise ConfigError(f"in `{path}`: {error}") from error
        return config.replace(**overrides) if overrides else config  # type: ignore[return-value]  # Self is XLMConfig

    @classmethod
    def from_repository(cls, files: Repository, *, hub_defaults: str = "mended", **overrides: Any) -> Self:
        """Read the ``config.json`` of a checkpoint that has been located."""
        config = mended(cls.from_json_file(files.file("config.json")), files.name, hub_defaults)
        return config.replace(**overrides) if overrides else config  # type: ignore[return-value]  # Self is XLMConfig

    @classmethod
    def from_pretrained(
        cls,
        pretrained_model_name_or_path: str | os.PathLike[str],
        *,
        revision: str | None = None,
        subfolder: str = "",
        cache_dir: str | os.PathLike[str] | None = None,
        token: str | bool | None = None,
        local_files_only: bool = False,
        hub_defaults: str = "mended",
        **overrides: Any,
    ) -> Self:
        """Read the config of a folder, a ``config.json``, a Hub id or a built-in name; ``overrides`` replace fields.

        Some released checkpoints have configs that are known to be wrong. These are mended, with a warning that says
        what was; ``hub_defaults="as-is"`` keeps what the file says.
        """
        path = Path(pretrained_model_name_or_path)
        if path.suffix == ".json" and path.is_file():
            return cls.from_json_file(path, **overrides)
        files = locate(
            pretrained_model_name_or_path,
            revision=revision,
            subfolder=subfolder,
            cache_dir=cache_dir,
            token=token,
            local_files_only=local_files_only,
        )
        return cls.from_repository(files, hub_defaults=hub_defaults, **overrides)


def _without_aliases(values: Mapping[str, Any]) -> dict[str, Any]:
    """Each value under the field's own name; where both are given the alias wins, as in Hugging Face."""
    own = {name: value for name, value in values.items() if name not in ALIASES}
    return own | {ALIASES[name]: value for name, value in values.items() if name in ALIASES}


def _with_indexes(values: dict[str, Any]) -> dict[str, Any]:
    """transformers 5 writes ``pad_token_id`` and no ``pad_index``; earlier files have both, and they may differ."""
    missing = {index: values.get(name) for name, index in _INDEX_OF.items() if index not in values}
    return values | {index: value for index, value in missing.items() if value is not None}


def _with_whole_keys(name: str, table: Mapping[Any, Any]) -> dict[int, Any]:
    """JSON makes strings of an object's keys."""
    if wrong := [key for key in table if not str(key).isdecimal()]:
        raise ConfigError(f"the keys of `{name}` must be whole numbers ≥ 0; got {wrong[0]!r}.")
    return {int(key): value for key, value in table.items()}


def _with_labels(named: dict[str, Any]) -> dict[str, Any]:
    """``id2label`` says how many labels there are; where there is only ``label2id``, the one follows from the other."""
    labels, numbers = named.get("id2label"), named.get("label2id")
    if labels is None and isinstance(numbers, Mapping):
        labels = {number: label for label, number in numbers.items()}
    if not isinstance(labels, Mapping):
        return named
    if named.get("num_labels", len(labels)) != len(labels):
        raise ConfigError(
            f"`num_labels` must be the length of `id2label`; got num_labels={named['num_labels']} and "
            f"{len(labels)} labels in id2label={dict(labels)}. Give one of them."
        )
    return named | {"num_labels": len(labels), "id2label": labels}
