"""``generate``: how a text may go on."""

from __future__ import annotations

import argparse
from typing import Any

from ..errors import InputError
from .answering import Task, answer, as_json
from .framework import Framework, load_pipeline
from .options import add_computing, add_input, add_lang, add_model, given, new_parser
from .streams import Parser, Text

EXAMPLES = """\
  PROGRAM generate --mode mask-append --max-new-tokens 3 --lang en "A man is riding"
  PROGRAM generate --model my-causal-model --lang en --do-sample --top-p 0.9 --seed 1 --json "A man is riding"
"""

_WRITING = (
    "max_new_tokens",
    "min_new_tokens",
    "num_beams",
    "length_penalty",
    "do_sample",
    "temperature",
    "top_k",
    "top_p",
    "seed",
    "num_return_sequences",
    "repetition_penalty",
    "no_repeat_ngram_size",
)


def add_parser(commands: Any, program: str) -> None:
    """Its arguments."""
    parser = new_parser(
        commands,
        "generate",
        program,
        help="how texts may go on",
        description="Go on with each text, by a causal model, and print it with what was written after it.",
        examples=EXAMPLES,
    )
    add_input(parser, text="a text to go on with", fields="`text`, `lang`")
    add_model(parser)
    add_lang(parser)
    _add_writing(parser)
    parser.add_argument("--new-text-only", action="store_true", help="leave the text that was given out")
    parser.add_argument(
        "--mode", choices=("mask-append",), help="with a model that is not causal: fill a mask after the text, as often"
    )
    add_computing(parser, in_tokens=False)
    parser.set_defaults(run=run)


def _add_writing(parser: argparse.ArgumentParser) -> None:
    """Those of ``generate`` in Python, which has the defaults."""
    parser.add_argument("--max-new-tokens", type=int, metavar="N", help="how many tokens at most (default: 20)")
    parser.add_argument("--min-new-tokens", type=int, metavar="N", help="how many tokens at least")
    parser.add_argument("--num-beams", type=int, metavar="N", help="search with so many beams")
    parser.add_argument("--length-penalty", type=float, metavar="X", help="of beams: above 0 prefers long texts")
    parser.add_argument("--do-sample", action="store_true", default=None, help="draw tokens by their probabilities")
    parser.add_argument("--temperature", type=float, metavar="X", help="of drawing: above 1 bolder, below 1 surer")
    parser.add_argument("--top-k", type=int, metavar="K", help="draw among the K likeliest (default: 50)")
    parser.add_argument("--top-p", type=float, metavar="P", help="draw among the likeliest that have P together")
    parser.add_argument("--seed", type=int, metavar="N", help="what is drawn depends on it alone")
    parser.add_argument("--num-return-sequences", type=int, metavar="N", help="so many for each text (default: 1)")
    parser.add_argument("--repetition-penalty", type=float, metavar="X", help="above 1 repeats less")
    parser.add_argument("--no-repeat-ngram-size", type=int, metavar="N", help="no N tokens in a row come twice")


def run(options: argparse.Namespace, framework: Framework) -> int:
    """Print each text with what comes after it."""
    writer = load_pipeline("text-generation", options, framework)
    _check_model(writer, options)
    asked = {**given(options, *_WRITING), "mode": options.mode, "return_full_text": not options.new_text_only}
    task = Task(
        Parser(options.jsonl),
        lambda items: writer(items, show_progress=False, **asked),
        _as_json if options.json else _as_text,
    )
    return answer(options, writer.tokenizer, task)


def _check_model(writer: Any, options: argparse.Namespace) -> None:
    if options.mode is None and not writer.config.causal:
        raise InputError(
            f"`--model` must be a causal model; `{options.model}` was made to fill masks. "
            "To go on with a text all the same, with a mask after it for each token: --mode mask-append."
        )


def _as_json(text: Text, found: Any) -> str:
    return as_json(text, generated_texts=[each.generated_text for each in found])


def _as_text(text: Text, found: Any) -> str:
    return "\n".join(each.generated_text for each in found)
