"""``inspect``: what a checkpoint holds."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from ..answers import Answer, columns, shape, size
from ..options import add_source, new_parser

if TYPE_CHECKING:
    from xlm_core.config import XLMConfig

    from ..sources import Source
    from ..weights import Entry

EXAMPLES = """\
  xlm-convert inspect xlm-demo
  xlm-convert inspect xlm-demo --json > xlm-demo.json
"""


def add_parser(commands: Any) -> None:
    """Its arguments."""
    parser = new_parser(
        commands,
        "inspect",
        run,
        summary="show what a checkpoint holds",
        description="Show the config, the languages, the tokenizer and every weight of a checkpoint. No weight is "
        "read.",
        examples=EXAMPLES,
    )
    add_source(parser)


def run(options: argparse.Namespace) -> Answer:
    """Look at a model."""
    from ..sources import open_source
    from ..tokenizers import describe
    from ..weights import entries, totals

    source = open_source(options.source, options)
    weights, tokenizer = entries(source.checkpoint), describe(source)
    table = {
        "source": source.name,
        "file": str(source.path),
        "format": source.format,
        "model": _model(source),
        "config": None if source.found_config is None else source.config.to_diff_dict(),
        "languages": _languages(source.found_config),
        "tokenizer": tokenizer,
        "totals": totals(weights),
        "weights": [entry.table() for entry in weights],
    }
    return Answer([*_summary(table, source.found_config), "", *_list(weights)], table)


def _model(source: Source) -> str | None:
    """The class, None where there is no config to say so."""
    from ..models import CLASSES

    return None if source.found_config is None else CLASSES[source.task]


def _languages(config: XLMConfig | None) -> dict[str, int]:
    return dict((config.lang2id if config else None) or {})


def _summary(table: dict[str, Any], config: XLMConfig | None) -> list[str]:
    totals, tokenizer = table["totals"], table["tokenizer"]
    dtypes = ", ".join(f"{count} of {dtype}" for dtype, count in totals["dtypes"].items())
    languages = ", ".join(f"{name} {number}" for name, number in table["languages"].items())
    pieces = f"{tokenizer['pieces']:,} pieces in " if tokenizer["pieces"] else ""
    return columns(
        [
            ("file", f"{table['file']} ({table['format']})"),
            ("model", table["model"] or "unknown: there is no config.json"),
            ("config", _config(config)),
            ("languages", languages or "none"),
            ("tokenizer", pieces + (", ".join(tokenizer["files"]) or "none")),
            ("weights", f"{totals['weights']} ({dtypes}), {totals['numbers']:,} numbers, {size(totals['bytes'])}"),
        ]
    )


def _config(config: XLMConfig | None) -> str:
    if config is None:
        return "none"
    kind = ", causal" if config.causal else ""
    return (
        f"{config.n_layers} layers × {config.emb_dim}, {config.n_heads} heads, {config.vocab_size:,} pieces, "
        f"{config.max_position_embeddings} positions{kind}"
    )


def _list(weights: list[Entry]) -> list[str]:
    header = ("stored name", "dtype", "shape", "size", "name, if another")
    return columns([header, *map(_row, weights)])


def _row(entry: Entry) -> tuple[str, ...]:
    other = "" if entry.name == entry.stored_name else entry.name + (" (transposed)" if entry.is_transposed else "")
    return entry.stored_name, entry.dtype, shape(entry.shape), size(entry.n_bytes), other
