"""``qa``: where in a text the answer to a question is."""

from __future__ import annotations

import argparse
from typing import Any

from .answering import Task, answer, as_json, as_lines
from .framework import Framework, load_pipeline
from .options import add_computing, add_input, add_lang, add_model, given, new_parser
from .streams import Parser, Text

EXAMPLES = """\
  PROGRAM qa --model my-reader --lang en --context "A man in Prague is riding a bike." "Who is riding?" "Where?"
  PROGRAM qa --model my-reader --lang en --top-k 3 --jsonl --json --file questions.jsonl > answers.jsonl
"""


def add_parser(commands: Any, program: str) -> None:
    """Its arguments."""
    parser = new_parser(
        commands,
        "qa",
        program,
        help="the answers to questions, in texts",
        description="Print the answer to each question: its probability, the words, and the characters of the context "
        "from which to which they go. Lines are questions about the --context; without it, a question and its context "
        "with a tab between them.",
        examples=EXAMPLES,
    )
    add_input(parser, text="a question", fields="`question`, `context`, `lang`")
    add_model(parser)
    add_lang(parser)
    parser.add_argument(
        "--context", metavar="TEXT", help="where answers are, for questions that have none of their own"
    )
    parser.add_argument(
        "--context-lang", dest="pair_lang", metavar="LANG", help="language of contexts (default: that of questions)"
    )
    parser.add_argument("--top-k", type=int, default=1, metavar="K", help="how many answers (default: %(default)s)")
    parser.add_argument("--doc-stride", type=int, metavar="N", help="tokens that windows over a context share")
    parser.add_argument("--max-answer-len", type=int, metavar="N", help="tokens of an answer (default: 15)")
    parser.add_argument("--max-seq-len", type=int, metavar="N", help="tokens of a question and a window")
    parser.add_argument("--max-question-len", type=int, metavar="N", help="tokens of a question (default: 64)")
    parser.add_argument("--handle-impossible-answer", action="store_true", help="there may be no answer")
    add_computing(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, framework: Framework) -> int:
    """Print the answers to each question."""
    reader = load_pipeline("question-answering", options, framework)
    asked = given(
        options, "top_k", "doc_stride", "max_answer_len", "max_seq_len", "max_question_len", "handle_impossible_answer"
    )

    parser = Parser(options.jsonl, options.context is None, ("question", "context"), options.context)
    task = Task(
        parser,
        lambda items: _lists(reader(items, show_progress=False, **asked)),
        _as_json if options.json else _as_text,
    )
    return answer(options, reader.tokenizer, task)


def _lists(found: list[Any]) -> list[Any]:
    """Of each question a list, where one answer was asked for, too."""
    return [each if isinstance(each, list) else [each] for each in found]


def _as_json(text: Text, answers: Any) -> str:
    return as_json(text, answers=[dict(each) for each in answers])


def _as_text(text: Text, answers: Any) -> str:
    """The question, and its context if it came with it, then its answers, one a line."""
    return as_lines(text, (f"{each.score:.4f}  {each.answer}  {each.start}-{each.end}" for each in answers))
