"""``embed``: a vector for each text."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ..errors import FetchError, InputError
from .answering import Item, Task, answer, as_json
from .framework import Framework, load_encoder
from .options import add_computing, add_input, add_lang, add_model, given, new_parser
from .streams import Parser, Text

if TYPE_CHECKING:
    import numpy as np

EXAMPLES = """\
  PROGRAM embed --lang en --json "A man is riding a bike."
  PROGRAM embed --lang en --normalize --output vectors.npy --file texts.txt
"""


def add_parser(commands: Any, program: str) -> None:
    """Its arguments."""
    parser = new_parser(
        commands,
        "embed",
        program,
        help="a vector for each text",
        description="Print the vector of each text on a line, or write those of all texts as the rows of a matrix.",
        examples=EXAMPLES,
    )
    add_input(parser, fields="`text`, `lang`")
    add_model(parser)
    add_lang(parser)
    _add_pooling(parser)
    parser.add_argument(
        "--output", metavar="FILE.npy", help="write float32 (texts, width) there; a text left out has no row"
    )
    parser.add_argument("--force", action="store_true", help="write over a file that is there")
    add_computing(parser, usual=32)
    parser.set_defaults(run=run)


def layers(value: str) -> int | list[int] | str:
    """A layer, several with commas between them, or ``"all"``."""
    if value == "all":
        return value
    numbers = [int(number) for number in value.split(",")]
    return numbers if len(numbers) > 1 else numbers[0]


def run(options: argparse.Namespace, framework: Framework) -> int:
    """Print the vectors, or write them."""
    if options.json and options.output is not None:
        options.refuse("--json has no effect with --output")
    _check_output(options)
    encoder = load_encoder(options, framework)
    asked = given(options, "batch_size", "max_tokens", "pooling", "layer", "normalize")
    asked |= {"special_tokens": not options.no_special_tokens, "show_progress_bar": False}

    def compute(items: list[Item]) -> Sequence[Any]:
        texts = [_only_text(item) for item in items]
        found: Sequence[Any] = encoder.encode(texts, lang=[item.get("lang") for item in items], **asked)
        return found

    if options.output is None:
        task = Task(Parser(options.jsonl), compute, _as_json if options.json else _as_text)
        return answer(options, encoder.tokenizer, task)
    with _matrix(options.output, encoder.config.emb_dim) as matrix:
        return answer(options, encoder.tokenizer, Task(Parser(options.jsonl), compute, _as_row), matrix.append)


def _only_text(item: Item) -> Any:
    if "text_pair" in item:
        raise InputError("a text must stand alone to have a vector; got a `text_pair` beside it.")
    return item["text"]


def _add_pooling(parser: argparse.ArgumentParser) -> None:
    """What becomes of the states of a text's tokens."""
    parser.add_argument(
        "--pooling",
        choices=("mean", "first", "max", "last"),
        default="mean",
        help="how the states of tokens become one (default: %(default)s)",
    )
    parser.add_argument(
        "--layer",
        type=layers,
        default="all",
        metavar="L",
        help="whose states: a number, several with commas between them, or `all` (default: %(default)s)",
    )
    parser.add_argument("--no-special-tokens", action="store_true", help="leave <s> and </s> out of the pooling")
    parser.add_argument("--normalize", action="store_true", help="make each vector 1 long")


def _check_output(options: argparse.Namespace) -> None:
    if options.output is None:
        return
    path = Path(options.output)
    if path.exists() and not options.force:
        raise InputError(f"`--output` must be a new file; `{path}` is there. --force replaces it.")
    if path.is_dir() or not path.parent.is_dir():
        raise FetchError(f"`--output` must be a file in a folder that is there; got `{path}`.")


class Matrix:
    """Writes rows (D,) of float32 into an ``.npy`` file one by one; how many there are, it says last."""

    def __init__(self, file: IO[bytes], width: int) -> None:
        self._file, self._width, self._count = file, width, 0
        self._write_header()

    def append(self, row: np.ndarray) -> None:
        """One row more."""
        self._file.write(row.astype("<f4").tobytes())
        self._count += 1

    def finish(self) -> None:
        """Say how many rows there are; the room for the number was kept."""
        self._file.seek(0)
        self._write_header()

    def _write_header(self) -> None:
        from numpy.lib import format as npy

        shape = (self._count, self._width)
        npy.write_array_header_1_0(self._file, {"descr": "<f4", "fortran_order": False, "shape": shape})


@contextmanager
def _matrix(path: str, width: int) -> Iterator[Matrix]:
    from ..files import replacing

    with replacing(path) as temporary, temporary.open("wb") as file:
        matrix = Matrix(file, width)
        yield matrix
        matrix.finish()


def _as_row(text: Text, vector: np.ndarray) -> np.ndarray:
    return vector


def _as_json(text: Text, vector: np.ndarray) -> str:
    return as_json(text, embedding=[float(number) for number in _shortest(vector)])


def _as_text(text: Text, vector: np.ndarray) -> str:
    return " ".join(_shortest(vector))


def _shortest(vector: np.ndarray) -> list[str]:
    """The numbers with as many digits as it takes to tell them from all others."""
    return [str(number) for number in vector]
