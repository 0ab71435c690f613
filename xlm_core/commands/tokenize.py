"""``tokenize``: texts to tokens or ids."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from .options import add_input, add_model, add_pairs, new_parser, positive
from .outcomes import Outcome, deliver, each_alone
from .streams import Parser, RawText, Text, batched, lang_of, raw_texts

if TYPE_CHECKING:
    from ..tokenizer import XLMTokenizer

EXAMPLES = """\
  PROGRAM tokenize --lang en "A man is riding a bike."
  PROGRAM tokenize --ids --json --lang fr --file texts.txt > ids.jsonl
"""


def add_parser(commands: Any, program: str) -> None:
    """Its arguments."""
    parser = new_parser(
        commands,
        "tokenize",
        program,
        help="texts to tokens or ids",
        description="Print each text's tokens on a line, its ids, or where tokens stand; several with tabs between.",
        examples=EXAMPLES,
    )
    add_input(parser)
    add_model(parser)
    add_pairs(parser)
    parser.add_argument("--tokens", action="store_true", help="print tokens (the default)")
    parser.add_argument("--ids", action="store_true", help="print ids")
    parser.add_argument("--offsets", action="store_true", help="print the characters from which to which a token goes")
    parser.add_argument("--no-special-tokens", action="store_true", help="leave <s> and </s> out")
    parser.add_argument("--bypass-tokenizer", action="store_true", help="words are split and lower-cased already")
    parser.add_argument("--max-length", type=positive, metavar="N", help="cut texts to N tokens")
    parser.add_argument("--json", action="store_true", help="one line of JSON for each text")
    parser.add_argument("--num-workers", type=positive, default=1, metavar="N", help="processes (default: %(default)s)")
    parser.add_argument(
        "--batch-size",
        type=positive,
        default=256,
        metavar="N",
        help="texts for a process at a time (default: %(default)s)",
    )
    parser.set_defaults(run=run)


@dataclass(frozen=True)
class Encoder:
    """Raw text → the line to print for it; can be sent to another process."""

    tokenizer: XLMTokenizer
    parse: Parser
    langs: tuple[str | None, str | None]
    columns: Sequence[str]
    arguments: dict[str, Any]
    as_json: bool

    def __call__(self, raw: RawText) -> str:
        """The columns, as JSON or with tabs between them."""
        columns = self._columns(self.parse(raw))
        if self.as_json:
            return json.dumps(columns, ensure_ascii=False)
        return "\t".join(" ".join(map(_as_text, columns[name])) for name in self.columns)

    def _columns(self, text: Text) -> dict[str, list[Any]]:
        encoding = self.tokenizer(text.text, text.pair, lang=lang_of(text, self.langs), **self.arguments)
        ids = encoding["input_ids"]
        columns = {"tokens": self.tokenizer.convert_ids_to_tokens(ids), **encoding}
        return {name: columns[name] for name in (*self.columns, "langs") if name in columns}


def run(options: argparse.Namespace, framework: object) -> int:
    """Print a line for each text."""
    from ..progress import track
    from .workers import map_in_order

    batches = batched(track(raw_texts(options), "texts"), options.batch_size)
    encoded = map_in_order(partial(_outcomes, _encoder(options)), batches, options.num_workers)
    found = (outcome for batch in encoded for outcome in batch)
    return deliver(found, options.program, keep_going=options.keep_going)


def _encoder(options: argparse.Namespace) -> Encoder:
    from ..tokenizer import XLMTokenizer

    arguments = {
        "add_special_tokens": not options.no_special_tokens,
        "bypass_tokenizer": options.bypass_tokenizer,
        "return_attention_mask": False,
        "return_token_type_ids": False,
    }
    if options.offsets:
        arguments["return_offsets_mapping"] = True
    if options.max_length:
        arguments |= {"truncation": True, "max_length": options.max_length}
    return Encoder(
        XLMTokenizer.from_pretrained(options.model),
        Parser(options.jsonl, options.pair),
        (options.lang, options.pair_lang),
        _columns(options),
        arguments,
        options.json,
    )


def _columns(options: argparse.Namespace) -> list[str]:
    asked = {"tokens": options.tokens, "input_ids": options.ids, "offset_mapping": options.offsets}
    return [name for name, wanted in asked.items() if wanted] or ["tokens"]


def _outcomes(encoder: Encoder, batch: list[RawText]) -> list[Outcome]:
    return each_alone(batch, encoder)


def _as_text(value: Any) -> str:
    """A token, an id, or ``from-to``."""
    return "-".join(map(str, value)) if isinstance(value, tuple) else str(value)
