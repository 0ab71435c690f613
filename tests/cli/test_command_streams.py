"""What commands do with many texts, around a framework that is made up: little memory, order, and bad lines."""

from __future__ import annotations

import io
import json
import sys
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

from xlm_core.cli import main
from xlm_core.commands.framework import Framework
from xlm_core.errors import InputError
from xlm_core.pipelines import ClassificationResult

BATCHES = 8


class Shouter:
    """A classifier whose label is the text in capitals; counts calls and how far input is ahead of it."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.n_read = 0
        self.furthest = 0
        self.tokenizer = None

    def __call__(self, items: list[dict[str, Any]], **options: Any) -> list[list[ClassificationResult]]:
        self.furthest = max(self.furthest, self.n_read - sum(self.sizes))
        if any("bad" in item["text"] for item in items):
            raise InputError("a text must be good.")
        self.sizes.append(len(items))
        return [[ClassificationResult(item["text"].upper(), 1.0)] for item in items]

    def lines(self, lines: Iterator[bytes]) -> Iterator[bytes]:
        """The lines, counted as they are read."""
        for line in lines:
            self.n_read += 1
            yield line


class Lines:
    """Standard input that is made as it is read."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self.buffer = lines


class Counter(io.TextIOBase):
    """Standard output that keeps nothing but how much there was, and the last of it."""

    count = 0
    last = ""

    def write(self, text: str) -> int:
        self.count += text.count("\n")
        self.last = text if text.strip() else self.last
        return len(text)


@pytest.fixture
def shouter() -> Shouter:
    return Shouter()


def run(shouter: Shouter, *arguments: object) -> int:
    framework = Framework(lambda task, model, **options: shouter, pytest.fail, pytest.fail)
    return main(["classify", *map(str, arguments)], "xlm_fake", framework)


def give(monkeypatch: pytest.MonkeyPatch, shouter: Shouter, lines: Iterator[bytes]) -> None:
    monkeypatch.setattr(sys, "stdin", Lines(shouter.lines(lines)))


def numbered(count: int) -> Iterator[bytes]:
    return (f"text {number}\n".encode() for number in range(count))


def test_a_hundred_thousand_lines_pass_through_little_memory(shouter: Shouter, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more lines are read ahead than some batches have; memory is that of them, not of all."""
    printed = Counter()
    give(monkeypatch, shouter, numbered(100_000))
    monkeypatch.setattr(sys, "stdout", printed)
    tracemalloc.start()
    try:
        assert run(shouter, "--json", "--batch-size", 16) == 0
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert printed.count == 100_000
    assert json.loads(printed.last)["labels"][0]["label"] == "TEXT 99999"
    assert shouter.furthest == max(shouter.sizes) == 16 * BATCHES
    assert peak < 2_000_000


@pytest.mark.parametrize(
    ("flags", "furthest"),
    [
        ((), 8 * BATCHES),
        (("--max-tokens", 512), 1024),
        (("--max-tokens", 512, "--batch-size", 4), 4 * BATCHES),
        (("--max-tokens", 512, "--batch-size", 1), 1),
    ],
    ids=str,
)
def test_so_many_lines_are_read_ahead(
    flags: tuple[Any, ...], furthest: int, shouter: Shouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(monkeypatch, shouter, numbered(3000))

    assert run(shouter, "--json", *flags) == 0

    assert shouter.furthest == furthest
    assert sum(shouter.sizes) == 3000


def test_the_sizes_of_batches_reach_the_pipeline(shouter: Shouter) -> None:
    given: dict[str, Any] = {}
    framework = Framework(lambda task, model, **options: given.update(options) or shouter, pytest.fail, pytest.fail)

    assert main(["classify", "--max-tokens", "512", "--batch-size", "3", "A text"], "xlm_fake", framework) == 0

    assert (given["batch_size"], given["max_tokens"]) == (3, 512)


@pytest.mark.parametrize("flag", ["--batch-size", "--max-tokens"])
@pytest.mark.parametrize("value", ["0", "-1", "x", "1.5"])
def test_batches_of_nothing_are_refused(
    flag: str, value: str, shouter: Shouter, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        run(shouter, flag, value, "A text")

    assert end.value.code == 2
    assert f"argument {flag}: " in capsys.readouterr().err


def test_texts_that_grow_have_no_budget_of_tokens(shouter: Shouter, capsys: pytest.CaptureFixture[str]) -> None:
    framework = Framework(pytest.fail, pytest.fail, pytest.fail)

    with pytest.raises(SystemExit) as end:
        main(["generate", "--max-tokens", "20", "A text"], "xlm_fake", framework)

    assert end.value.code == 2
    assert "unrecognized arguments: --max-tokens" in capsys.readouterr().err


def test_with_a_batch_of_one_each_line_is_answered_before_the_next_is_read(
    shouter: Shouter, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    give(monkeypatch, shouter, numbered(5))

    assert run(shouter, "--batch-size", 1) == 0
    assert shouter.furthest == 1
    assert capsys.readouterr().out.splitlines()[1] == "  1.0000  TEXT 0"


@pytest.mark.parametrize("places", [{0}, {63}, {64}, {7, 8, 70}, set(range(100)), {99}])
def test_bad_lines_are_left_out_and_all_others_are_answered(
    places: set[int], shouter: Shouter, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    give(monkeypatch, shouter, (b"bad\n" if number in places else b"%d\n" % number for number in range(100)))

    assert run(shouter, "--json", "--keep-going") == 1

    printed = capsys.readouterr()
    faults = [f"xlm_fake: line {place + 1} of standard input: a text must be good." for place in sorted(places)]
    assert [json.loads(line)["text"] for line in printed.out.splitlines()] == [
        str(number) for number in range(100) if number not in places
    ]
    assert printed.err.splitlines() == [*faults, f"xlm_fake: {len(places)} left out"]


def test_a_bad_line_costs_the_others_little(
    shouter: Shouter, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are still computed together: 63 texts in 6 calls, after one that checks the options."""
    give(monkeypatch, shouter, (b"bad\n" if number == 20 else b"good\n" for number in range(64)))

    run(shouter, "--keep-going")

    assert shouter.sizes == [0, 16, 4, 1, 2, 8, 32]


def test_without_keep_going_nothing_after_a_bad_line_is_computed(
    shouter: Shouter, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    give(monkeypatch, shouter, (b"bad\n" if number == 2 else b"good\n" for number in range(640)))

    assert run(shouter, "--json") == 1

    printed = capsys.readouterr()
    assert printed.out.count("\n") == 2
    assert printed.err == "xlm_fake: line 3 of standard input: a text must be good.\n"
    assert sum(shouter.sizes) == 2


def test_arguments_are_answered_all_or_none(shouter: Shouter, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(shouter, "good", "bad", "good") == 1

    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "xlm_fake: text 2: a text must be good.\n")

    assert run(shouter, "--keep-going", "good", "bad", "good") == 1
    assert capsys.readouterr().out.count("GOOD") == 2


def test_lines_that_cannot_be_read_are_bad_lines(
    shouter: Shouter, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    give(monkeypatch, shouter, iter([b'"one"\n', b"\xff\n", b"{\n", b'{"text": 1}\n', b'{"text": "two", "id": 4}\n']))

    assert run(shouter, "--jsonl", "--json", "--keep-going") == 1

    printed = capsys.readouterr()
    assert [list(json.loads(line).items())[:-1] for line in printed.out.splitlines()] == [
        [("text", "one")],
        [("id", 4), ("text", "two")],
    ]
    assert [line[:37] for line in printed.err.splitlines()] == [
        "xlm_fake: line 2 of standard input mu",
        "xlm_fake: line 3 of standard input mu",
        "xlm_fake: line 4 of standard input mu",
        "xlm_fake: 3 left out",
    ]


@pytest.mark.parametrize(("err", "out", "shown"), [(True, False, True), (False, False, False), (True, True, False)])
def test_progress_is_shown_on_a_terminal_that_results_do_not_go_to(
    err: bool,
    out: bool,
    shown: bool,
    shouter: Shouter,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    give(monkeypatch, shouter, numbered(3))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: err)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: out)

    run(shouter)

    printed = capsys.readouterr()
    assert ("3 texts" in printed.err) is shown
    assert "texts" not in printed.out
