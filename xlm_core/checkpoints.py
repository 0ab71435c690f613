"""Facts of the released checkpoints, as data."""

from __future__ import annotations

OWNER = "FacebookAI"

RELEASED = (
    "xlm-clm-ende-1024",
    "xlm-clm-enfr-1024",
    "xlm-mlm-100-1280",
    "xlm-mlm-17-1280",
    "xlm-mlm-en-2048",
    "xlm-mlm-ende-1024",
    "xlm-mlm-enfr-1024",
    "xlm-mlm-enro-1024",
    "xlm-mlm-tlm-xnli15-1024",
    "xlm-mlm-xnli15-1024",
)

BUILT_IN = {"xlm-demo": "examples/xlm-demo"}
"""Name -> folder in a checkout of the sources."""


def repository_id(name: str) -> str:
    """The Hub id of a name: the old names without an owner are FacebookAI's, all others are as they are."""
    return f"{OWNER}/{name}" if name in RELEASED else name
