"""The commands of `xlm-convert`, one file each: `add_parser` describes it, `run` does it.

These files import nothing that takes time, so that ``--help`` does not; what a command needs is imported by its `run`.
"""

from __future__ import annotations

from . import compare, convert, download, inspect, verify

COMMANDS = (convert, inspect, verify, compare, download)
"""In the order of the help."""
