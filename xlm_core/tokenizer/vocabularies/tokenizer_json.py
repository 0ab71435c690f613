"""`tokenizer.json`, the file of the library `tokenizers`, for texts that are already split into words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from ...errors import VocabularyError
from ...files import write_text
from ..pieces.bpe import END_OF_WORD, is_ordered
from ..special_tokens import MASK_ALIASES, AddedToken, SpecialTokens
from .vocabulary import Vocabulary


class Described(Protocol):
    """What a `tokenizer.json` says besides the vocabulary."""

    special_tokens: SpecialTokens
    input_format: str
    split_special_tokens: bool

    @property
    def mask_aliases(self) -> bool:
        """Whether ``[MASK]`` and ``<mask>`` in a text mean the mask token."""
        ...

    @property
    def added_tokens_decoder(self) -> dict[int, AddedToken]:
        """Id → token, for every string that is one token wherever it occurs in a text."""
        ...

    def token_id(self, token: str) -> int:
        """The id of one token."""
        ...


def write_tokenizer_json(tokenizer: Described, vocabulary: Vocabulary, path: Path) -> Path:
    """Write the file and return its path.

    Raises: VocabularyError, with the reason, if the file would give other ids than the tokenizer.
    """
    if tokenizer.split_special_tokens:
        raise _refusal("it always cuts special tokens out of a text, and `split_special_tokens` is set")
    _check_merges(vocabulary)
    _check_added(tokenizer.added_tokens_decoder, vocabulary.ids)
    return write_text(path, json.dumps(_content(tokenizer, vocabulary), indent=2, ensure_ascii=False) + "\n")


def _check_merges(vocabulary: Vocabulary) -> None:
    """The library knows pieces by their ids, and merges one occurrence at a time."""
    ids = vocabulary.ids
    made = dict.fromkeys(piece for left, right in vocabulary.ranks for piece in (left, right, left + right))
    lacking = [piece for piece in made if piece not in ids]
    if lacking:
        raise _refusal(
            f"every piece of a merge must be in the vocabulary; {len(lacking)} of {len(made)} are not, such as "
            f"{lacking[0]!r}"
        )
    if not is_ordered(vocabulary.ranks):
        raise _refusal("a merge uses a piece that only a later one makes")


def _check_added(added: Mapping[int, AddedToken], ids: Mapping[str, int]) -> None:
    """The library gives tokens that the vocabulary lacks the next ids, whatever the file says."""
    late = [(number, token.content) for number, token in added.items() if token.content not in ids]
    for free, (number, content) in enumerate(sorted(late), start=len(ids)):
        if number != free:
            raise _refusal(f"the added token {content!r} has id {number}, and the library would give it {free}")


def _refusal(reason: str) -> VocabularyError:
    return VocabularyError(
        f"a `tokenizer.json` must give the ids that this tokenizer gives, and cannot: {reason}. "
        "Use the tokenizer itself."
    )


def _content(tokenizer: Described, vocabulary: Vocabulary) -> dict[str, Any]:
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [_added(number, token) for number, token in tokenizer.added_tokens_decoder.items()],
        "normalizer": _aliases(tokenizer),
        "pre_tokenizer": _SPLIT,
        "post_processor": _template(tokenizer),
        "decoder": {"type": "BPEDecoder", "suffix": END_OF_WORD},
        "model": _model(tokenizer, vocabulary),
    }


_SPLIT: Mapping[str, Any] = {
    "type": "Sequence",
    "pretokenizers": [
        {"type": "Split", "pattern": {"Regex": "[\\x1c-\\x1f]"}, "behavior": "Removed", "invert": False},
        {"type": "WhitespaceSplit"},
    ],
}
"""What ``str.split`` takes for whitespace: Unicode's, and four control characters."""


def _model(tokenizer: Described, vocabulary: Vocabulary) -> dict[str, Any]:
    ranks = vocabulary.ranks
    return {
        "type": "BPE",
        "dropout": None,
        "unk_token": tokenizer.special_tokens.unk_token,
        "continuing_subword_prefix": None,
        "end_of_word_suffix": END_OF_WORD,
        "fuse_unk": False,
        "byte_fallback": False,
        "ignore_merges": False,
        "vocab": dict(sorted(vocabulary.ids.items(), key=lambda item: item[1])),
        "merges": [list(pair) for pair in sorted(ranks, key=ranks.__getitem__)],
    }


def _added(number: int, token: AddedToken) -> dict[str, Any]:
    """All are matched after the aliases of the mask are replaced, which the library calls normalised."""
    return {"id": number, **asdict(token), "normalized": True}


def _aliases(tokenizer: Described) -> dict[str, Any] | None:
    """Other ways to write the mask, replaced by its token."""
    if not tokenizer.mask_aliases:
        return None
    mask = tokenizer.special_tokens.mask_token
    replacements = [{"type": "Replace", "pattern": {"String": alias}, "content": mask} for alias in MASK_ALIASES]
    return {"type": "Sequence", "normalizers": replacements}


def _template(tokenizer: Described) -> dict[str, Any]:
    """``<s> A </s>`` and ``<s> A </s> B </s>``; in the original's format ``</s>`` comes first."""
    special = tokenizer.special_tokens
    last = special.sep_token
    first = last if tokenizer.input_format == "original" else special.bos_token
    single = [_special(first, 0), _sequence("A", 0), _special(last, 0)]
    return {
        "type": "TemplateProcessing",
        "single": single,
        "pair": [*single, _sequence("B", 1), _special(last, 1)],
        "special_tokens": {
            token: {"id": token, "ids": [tokenizer.token_id(token)], "tokens": [token]} for token in {first, last}
        },
    }


def _special(token: str, type_id: int) -> dict[str, Any]:
    return {"SpecialToken": {"id": token, "type_id": type_id}}


def _sequence(name: str, type_id: int) -> dict[str, Any]:
    return {"Sequence": {"id": name, "type_id": type_id}}
