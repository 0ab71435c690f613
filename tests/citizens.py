"""The seven models, one of each, with inputs and labels in which every weight takes part."""

from __future__ import annotations

import heads
import reference
import tiny
from heads import Head

CASE = tiny.Case("attention_mask", causal=False, langs=True, token_types=False, positions=False, head_mask=False)
"""Texts with padding, in several languages."""

_TITLES = ("language model", "one class", "tokens", "choices", "span", "beam, answerable")

CITIZENS = [
    Head("body", "XLMModel", tiny.CONFIG, {}, reference.body),
    *(head for title in _TITLES for head in heads.HEADS if head.title == title),
]
