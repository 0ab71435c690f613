"""``train-tokenizer``: a vocabulary learnt from files of text."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

from ..errors import InputError
from .options import codes, new_parser, positive

EXAMPLES = """\
  PROGRAM train-tokenizer train.en train.fr --lang en,fr --vocab-size 2000 --output my-tokenizer
  PROGRAM train-tokenizer train.en train.fr --lang en,fr --vocab-size 2000 --output my-tokenizer --dry-run
"""


def add_parser(commands: Any, program: str) -> None:
    """Its arguments."""
    parser = new_parser(
        commands,
        "train-tokenizer",
        program,
        help="learn a vocabulary from files of text",
        description="Learn a vocabulary from files with a text on each line, and write a tokenizer's files.",
        examples=EXAMPLES,
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="a file of text, plain or gzip")
    parser.add_argument("--vocab-size", type=positive, required=True, metavar="N", help="pieces, special ones included")
    parser.add_argument("--output", required=True, metavar="FOLDER", help="where to write")
    parser.add_argument("--lang", type=codes, metavar="LANG[,LANG]", help="language of all files, or one for each file")
    _add_learning(parser)
    parser.add_argument("--original", action="store_true", help="write the original's `codes` and `vocab`, too")
    parser.add_argument("--force", action="store_true", help="write over a tokenizer that is there")
    parser.add_argument("--dry-run", action="store_true", help="count words, and say what would be written")
    parser.add_argument("--json", action="store_true", help="say what was done as a line of JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, framework: object) -> int:
    """Learn, write, and say so."""
    _check_output(options)
    report = _count(options) if options.dry_run else _train(options)
    print(json.dumps(report, ensure_ascii=False) if options.json else _as_text(report))
    return 0


def _add_learning(parser: argparse.ArgumentParser) -> None:
    """What is learnt from the texts."""
    parser.add_argument(
        "--sampling",
        type=float,
        default=0.5,
        metavar="A",
        help="weight of languages with little text: 1 none, 0 equal (default: %(default)s)",
    )
    parser.add_argument("--keep-case", action="store_true", help="keep capitals and accents")
    parser.add_argument(
        "--min-frequency",
        type=positive,
        default=2,
        metavar="N",
        help="merge pairs seen N times or more (default: %(default)s)",
    )
    parser.add_argument("--limit-alphabet", type=positive, metavar="N", help="keep the N most frequent characters")


def _written(options: argparse.Namespace) -> list[str]:
    from ..tokenizer.settings import CONFIG_FILE, SPECIAL_TOKENS_FILE
    from ..tokenizer.vocabularies.vocabulary import MERGES_FILE, VOCAB_FILE

    names = [
        VOCAB_FILE,
        MERGES_FILE,
        CONFIG_FILE,
        SPECIAL_TOKENS_FILE,
        *(["codes", "vocab"] if options.original else []),
    ]
    return [str(Path(options.output) / name) for name in names]


def _check_output(options: argparse.Namespace) -> None:
    there = [path for path in _written(options) if Path(path).exists()]
    if there and not options.force:
        raise InputError(
            f"`--output` must be a folder without a tokenizer; `{there[0]}` is there. --force replaces it."
        )


def _train(options: argparse.Namespace) -> dict[str, Any]:
    from ..tokenizer import XLMTokenizer

    start = time.perf_counter()
    tokenizer = XLMTokenizer.train(
        options.files,
        options.vocab_size,
        options.lang,
        sampling=options.sampling,
        lowercase=not options.keep_case,
        min_frequency=options.min_frequency,
        limit_alphabet=options.limit_alphabet,
    )
    tokenizer.save_pretrained(options.output)
    if options.original:
        tokenizer.save_original(Path(options.output) / "codes", Path(options.output) / "vocab")
    return {
        "pieces": tokenizer.vocab_size,
        "seconds": round(time.perf_counter() - start, 1),
        "files": _written(options),
    }


def _count(options: argparse.Namespace) -> dict[str, Any]:
    from ..tokenizer.vocabularies.corpus import Corpus, pair_with_languages
    from ..tokenizer.words import WordSplitter

    corpus = Corpus(WordSplitter(not options.keep_case))
    for source, lang in pair_with_languages(options.files, options.lang):
        corpus.read(source, lang)
    return {
        "texts": dict(corpus.n_texts),
        "words": {lang: words.total() for lang, words in corpus.words.items()},
        "different words": {lang: len(words) for lang, words in corpus.words.items()},
        "would write": _written(options),
    }


def _as_text(report: dict[str, Any]) -> str:
    return "\n".join(f"{name}: {_value(value)}" for name, value in report.items())


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {each:,}" for name, each in value.items())
    return ", ".join(value) if isinstance(value, list) else f"{value:,}"
