"""The commands of the command line, one file each: `add_parser` describes it, `run` does it.

These files import nothing that takes time, so that ``--help`` does not; what a command needs is imported by its `run`.
"""

from __future__ import annotations

from . import classify, embed, fill_mask, generate, ner, qa, tokenize, train_tokenizer

MODEL_COMMANDS = (fill_mask, classify, ner, qa, embed, generate)
"""Commands that compute with a model, and need a framework."""

COMMANDS = (tokenize, train_tokenizer)
"""Commands that need none."""
