"""Our docstrings as Markdown, for mkdocstrings: their labels in bold, their lists as lists, their examples fenced."""

from __future__ import annotations

import re
from textwrap import dedent
from typing import Any

import griffe

LABEL = re.compile(r"^(Differs|Example|Raises|Source):(?: (.+))?((?:\n(?: .*)?)*)", re.MULTILINE)
DOCTEST = re.compile(r"^>>> .*(?:\n.+)*", re.MULTILINE)
LITERAL_BLOCK_MARK = re.compile(r"^::\n\n", re.MULTILINE)


class Docstrings(griffe.Extension):
    """Rewrites every docstring once it is loaded."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Called by griffe for every module, class, function and attribute."""
        if obj.docstring is not None:
            obj.docstring.value = to_markdown(obj.docstring.value)


def to_markdown(docstring: str) -> str:
    """A docstring as this project writes them -> Markdown."""
    text = LITERAL_BLOCK_MARK.sub("", docstring)
    text = LABEL.sub(_labelled, text)
    return DOCTEST.sub(r"```pycon\n\g<0>\n```", text)


def _labelled(match: re.Match[str]) -> str:
    """``Raises: this; that.`` and its further lines as a paragraph; lines below a bare label as a list."""
    label, first, rest = match.groups()
    body = dedent(rest).strip("\n")
    if first:
        return f"\n**{label}:** {first}\n{body}".rstrip() + "\n\n"
    if not body.startswith(">>>"):
        body = re.sub(r"^(?=\S)", "- ", body, flags=re.MULTILINE)
    return f"\n**{label}:**\n\n{body}\n\n"
