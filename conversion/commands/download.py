"""``download``: a model of the Hugging Face Hub, for use without a network."""

from __future__ import annotations

import argparse
from typing import Any

from ..answers import Answer, columns, size
from ..options import add_hub, new_parser

EXAMPLES = """\
  xlm-convert download FacebookAI/xlm-mlm-en-2048
  xlm-convert download xlm-mlm-en-2048 --to my-model
"""


def add_parser(commands: Any) -> None:
    """Its arguments."""
    parser = new_parser(
        commands,
        "download",
        run,
        summary="fetch a model from the Hugging Face Hub",
        description="Fetch config, tokenizer and weights of a model into the Hub's cache, where every program finds "
        "them, and copy them into a folder if asked for. With HF_HUB_OFFLINE=1 only the cache is searched.",
        examples=EXAMPLES,
    )
    parser.add_argument("id", metavar="ID", help="Hub id, with or without its owner")
    add_hub(parser)
    parser.add_argument("--to", metavar="FOLDER", help="copy the files into this folder")
    parser.add_argument("--force", action="store_true", help="replace files of the same names in FOLDER")


def run(options: argparse.Namespace) -> Answer:
    """Fetch a model."""
    from ..downloading import copy, fetch, model_files

    source = fetch(options)
    files = model_files(source)
    folder = copy(source, files, options) if options.to is not None else source.path.parent
    sizes = {name: path.stat().st_size for name, path in files.items()}
    rows = [("model", options.id), ("folder", str(folder)), *((name, size(length)) for name, length in sizes.items())]
    return Answer(columns(rows), {"id": options.id, "folder": str(folder), "files": sizes})
