"""The tokenizer's JSON files, as every version of Hugging Face's library lays them out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import VocabularyError
from ..files import write_text
from .special_tokens import OPTIONAL_ROLES, ROLES, AddedToken

if TYPE_CHECKING:
    from ..hub import Repository

CONFIG_FILE = "tokenizer_config.json"
SPECIAL_TOKENS_FILE = "special_tokens_map.json"
ADDED_TOKENS_FILE = "added_tokens.json"

_FLAGS = ("clean_up_tokenization_spaces", "do_lowercase_and_remove_accent", "mask_aliases", "split_special_tokens")
_TRUTHS: Mapping[Any, bool] = {"true": True, "false": False, "True": True, "False": False}


def read_settings(repository: Repository) -> dict[str, Any]:
    """The constructor's arguments, and all other keys, from the files of a repository that has any of them.

    Files of version 4.34 and later carry ``added_tokens_decoder``; in older ones the other two files complete the
    configuration, and prevail.

    Raises: VocabularyError if a file is not a JSON object.
    """
    settings = _read_object(repository, CONFIG_FILE)
    named = _read_object(repository, SPECIAL_TOKENS_FILE)
    settings = {**named, **settings} if "added_tokens_decoder" in settings else {**settings, **named}
    added = settings.get("added_tokens_decoder") or _early_added_tokens(repository)
    if added:
        settings["added_tokens_decoder"] = {int(number): AddedToken.of(token) for number, token in added.items()}
    return _in_our_words(settings)


def write_settings(folder: Path, prefix: str, settings: Mapping[str, Any], vocab_size: int) -> tuple[Path, ...]:
    """Write all files that the settings need and return their paths."""
    decoder: Mapping[int, AddedToken] = settings["added_tokens_decoder"]
    files: dict[str, Mapping[str, Any]] = {
        CONFIG_FILE: {
            **settings,
            "added_tokens_decoder": {number: vars(token) for number, token in decoder.items()},
            "tokenizer_class": "XLMTokenizer",
        },
        SPECIAL_TOKENS_FILE: _special_tokens_map(settings, decoder),
    }
    if late := {token.content: number for number, token in decoder.items() if number >= vocab_size}:
        files[ADDED_TOKENS_FILE] = late
    return tuple(_write_object(folder / f"{prefix}{name}", content) for name, content in files.items())


def _in_our_words(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings with the names and types of the constructor, whichever version wrote them."""
    ours = {name: _flag(value) if name in _FLAGS else value for name, value in settings.items()}
    for role in (*ROLES, *OPTIONAL_ROLES):
        if ours.get(role) is not None:
            ours[role] = AddedToken.of(ours[role]).content
    if "max_len" in ours:
        ours.setdefault("model_max_length", ours.pop("max_len"))
    additional = [*(ours.get("additional_special_tokens") or ()), *_version_5_tokens(ours)]
    if additional:
        ours["additional_special_tokens"] = list(dict.fromkeys(AddedToken.of(token).content for token in additional))
    return ours


def _version_5_tokens(settings: dict[str, Any]) -> list[Any]:
    """The additional tokens under version 5's name, taken out; version 4 has an object there, which stays."""
    is_list = isinstance(settings.get("extra_special_tokens"), list)
    return list(settings.pop("extra_special_tokens")) if is_list else []


def _flag(value: Any) -> Any:
    """The earliest files have the string "true"."""
    return _TRUTHS.get(value, value) if isinstance(value, str) else value


def _early_added_tokens(repository: Repository) -> dict[str, Any]:
    added = _read_object(repository, ADDED_TOKENS_FILE)
    return {str(number): {"content": token, "special": False, "normalized": True} for token, number in added.items()}


def _special_tokens_map(settings: Mapping[str, Any], decoder: Mapping[int, AddedToken]) -> dict[str, Any]:
    """The token of each role in full, which version 4 writes and version 5 does not need."""
    tokens = {token.content: vars(token) for token in decoder.values()}
    present = [role for role in (*ROLES, *OPTIONAL_ROLES) if settings.get(role) is not None]
    roles = {role: {**tokens[settings[role]]} for role in present}
    for token in roles.values():
        del token["special"]
    return {**roles, "additional_special_tokens": settings["additional_special_tokens"]}


def _read_object(repository: Repository, filename: str) -> dict[str, Any]:
    """The object in a file; of a file that is not there, an empty one."""
    path = repository.find(filename)
    if path is None:
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise VocabularyError(f"`{path}` must be JSON in UTF-8; {error}.") from error
    if not isinstance(content, dict):
        raise VocabularyError(f"`{path}` must be an object; got {type(content).__name__}.")
    return content


def _write_object(path: Path, content: Mapping[str, Any]) -> Path:
    return write_text(path, json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n")
