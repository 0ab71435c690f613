"""`tokenize` and `train-tokenizer`, which need no framework."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from xlm_core import XLMTokenizer
from xlm_core.cli import main
from xlm_core.commands.framework import Framework

TEXTS = ["A man.", "Two dogs are running!"]
TOKENS = ["<s> A</w> man</w> .</w> </s>", "<s> Two</w> dogs</w> are</w> running</w> !</w> </s>"]
IDS = ["0 20 45 14 1", "0 91 814 66 582 69 1"]


def run(*arguments: object) -> int:
    """The command line in this process."""
    return main([str(argument) for argument in arguments], "xlm_core")


def give(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    """Content for standard input."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    """Two texts in a file."""
    path = tmp_path / "texts.txt"
    path.write_text("".join(f"{text}\n" for text in TEXTS), encoding="utf-8")
    return path


# ---- tokenize: what is printed


@pytest.mark.parametrize(("columns", "expected"), [([], TOKENS), (["--tokens"], TOKENS), (["--ids"], IDS)])
def test_each_text_gives_a_line(columns: list[str], expected: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("tokenize", "--lang", "en", *columns, *TEXTS) == 0

    printed = capsys.readouterr()
    assert printed.out.splitlines() == expected
    assert printed.err == ""


def test_several_columns_stand_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    run("tokenize", "--lang", "en", "--ids", "--tokens", "--offsets", "--no-special-tokens", "A man.")

    assert capsys.readouterr().out == "A</w> man</w> .</w>\t20 45 14\t0-1 2-5 5-6\n"


def test_json_has_the_columns_and_languages_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    run("tokenize", "--json", "--ids", "--offsets", "--lang", "en", "A man.")

    assert json.loads(capsys.readouterr().out) == {
        "input_ids": [0, 20, 45, 14, 1],
        "offset_mapping": [[0, 0], [0, 1], [2, 5], [5, 6], [0, 0]],
        "langs": [2] * 5,
    }


def test_texts_are_cut_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    run("tokenize", "--ids", "--lang", "en", "--max-length", "3", *TEXTS)

    assert capsys.readouterr().out.splitlines() == ["0 20 1", "0 91 1"]


def test_words_can_be_ready(capsys: pytest.CaptureFixture[str]) -> None:
    run("tokenize", "--bypass-tokenizer", "--no-special-tokens", "A man .")

    assert capsys.readouterr().out == "A</w> man</w> .</w>\n"


@pytest.mark.parametrize("program", ["xlm_torch", "xlm_tf"])
def test_frameworks_have_the_same_command(program: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It asks for no model."""
    framework = Framework(pytest.fail, pytest.fail, pytest.fail)

    assert main(["tokenize", "--lang", "en", *TEXTS], program, framework) == 0

    assert capsys.readouterr().out.splitlines() == TOKENS


# ---- tokenize: where texts come from


def test_files_are_read_one_after_the_other(lines: Path, capsys: pytest.CaptureFixture[str]) -> None:
    packed = lines.with_suffix(".gz")
    packed.write_bytes(gzip.compress(lines.read_bytes()))

    run("tokenize", "--ids", "--lang", "en", "--file", lines, "--file", packed)

    assert capsys.readouterr().out.splitlines() == [*IDS, *IDS]


CONTENTS = {
    "lines": b"A man.\nTwo dogs are running!\n",
    "lines as Windows ends them": b"\xef\xbb\xbfA man.\r\nTwo dogs are running!\r\n",
    "a last line without its end": b"A man.\nTwo dogs are running!",
}


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
@pytest.mark.parametrize("arguments", [(), ("--file", "-")])
def test_standard_input_is_read(
    content: bytes, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    give(monkeypatch, content)

    assert run("tokenize", "--ids", "--lang", "en", *arguments) == 0
    assert capsys.readouterr().out.splitlines() == IDS


def test_an_empty_line_is_an_empty_text(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Lines out stand under lines in."""
    give(monkeypatch, b"A man.\n\nA man.\n")

    run("tokenize", "--ids", "--lang", "en")

    assert capsys.readouterr().out.splitlines() == [IDS[0], "0 1", IDS[0]]


def test_json_lines_may_say_their_language(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    rows: list[Any] = [
        "A man.",
        {"text": "A man.", "other": 1},
        {"text": "L'eau.", "lang": "fr"},
        {"text": "A man.", "text_pair": "L'eau.", "lang": ["en", "fr"]},
    ]
    give(monkeypatch, "\n".join(map(json.dumps, rows)).encode())

    assert run("tokenize", "--jsonl", "--json", "--ids", "--lang", "en") == 0

    langs = [json.loads(line)["langs"] for line in capsys.readouterr().out.splitlines()]
    assert [sorted(set(row)) for row in langs] == [[2], [2], [3], [2, 3]]


@pytest.mark.parametrize(("second", "expected"), [([], {2}), (["--pair-lang", "fr"], {2, 3})])
def test_two_texts_stand_on_a_line(
    second: list[str], expected: set[int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    give(monkeypatch, b"A man.\tA man.\n")

    run("tokenize", "--pair", "--lang", "en", *second, "--json", "--ids")

    printed = json.loads(capsys.readouterr().out)
    assert printed["input_ids"].count(1) == 2
    assert set(printed["langs"]) == expected


# ---- tokenize: bad input

BAD = {
    "no UTF-8": ((), b"A man.\n\xff\nA man.\n", "line 2 of standard input must be UTF-8"),
    "no tab": (("--pair",), b"A\tB\nA man.\nA\tB\n", "line 2 of standard input must have a tab"),
    "no JSON": (("--jsonl",), b'"A man."\n{"text"\n"A man."\n', "line 2 of standard input must be JSON"),
    "JSON without a text": (("--jsonl",), b'"A."\n{"x": 1}\n"A."\n', "line 2 of standard input must be a string, or"),
    "a number for a text": (("--jsonl",), b'"A."\n7\n"A."\n', "line 2 of standard input must be a string, or"),
    "JSON too deep": (("--jsonl",), b'"A."\n' + b"[" * 100_000 + b'\n"A."\n', "line 2 of standard input must be JSON"),
    "an unknown language": (
        ("--jsonl",),
        b'"A."\n{"text": "A.", "lang": "xx"}\n"A."\n',
        "line 2 of standard input: `lang` must be one of",
    ),
}


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_line_is_named_and_ends_it(
    fault: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments, content, message = BAD[fault]
    give(monkeypatch, content)

    assert run("tokenize", "--ids", *arguments) == 1

    printed = capsys.readouterr()
    assert printed.out.count("\n") == 1
    assert printed.err.startswith(f"xlm_core: {message}")
    assert printed.err.count("\n") == 1


def test_a_bad_line_is_named_by_other_processes_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    give(monkeypatch, b"A man.\n" * 30 + b"\xff\n" + b"A man.\n" * 30)

    assert run("tokenize", "--ids", "--lang", "en", "--num-workers", 2, "--batch-size", 4) == 1

    printed = capsys.readouterr()
    assert printed.out.splitlines() == [IDS[0]] * 30
    assert printed.err.startswith("xlm_core: line 31 of standard input must be UTF-8")


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_line_can_be_left_out(
    fault: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments, content, message = BAD[fault]
    give(monkeypatch, content)

    assert run("tokenize", "--ids", "--keep-going", *arguments) == 1

    printed = capsys.readouterr()
    assert printed.out.count("\n") == 2
    assert printed.err.startswith(f"xlm_core: {message}")
    assert printed.err.endswith("\nxlm_core: 1 left out\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--file", "nowhere.txt"], "the file `nowhere.txt` must be readable; No such file or directory"),
        (["--model", "./no-such-folder", "A."], "no-such-folder"),
        (["--lang", "xx", "A."], "text 1: `lang` must be one of"),
    ],
)
def test_a_fault_is_one_line_and_exit_status_1(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("tokenize", *arguments) == 1

    printed = capsys.readouterr()
    assert printed.out == ""
    assert message in printed.err
    assert printed.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fill-mask", "A [MASK]."],
        ["tokenize", "--num-workers", "0"],
        ["tokenize", "--batch-size", "x"],
        ["train-tokenizer", "text"],
        ["train-tokenizer", "text", "--vocab-size", "9", "--output", "x", "--lang", "en,"],
    ],
)
def test_a_wrong_command_line_is_exit_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        run(*arguments)

    assert stopped.value.code == 2
    assert "usage: python -m xlm_core" in capsys.readouterr().err


# ---- tokenize: many texts


def test_processes_keep_the_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "numbers.txt"
    path.write_text("".join(f"{number}\n" for number in range(300)), encoding="utf-8")
    arguments = ("tokenize", "--lang", "en", "--file", path)

    run(*arguments)
    expected = capsys.readouterr().out

    assert run(*arguments, "--num-workers", 2, "--batch-size", 7) == 0
    assert capsys.readouterr().out == expected
    assert expected.count("\n") == 300


@pytest.mark.slow
def test_a_stream_is_answered_before_it_ends_and_may_be_left_early() -> None:
    """Memory cannot grow with the stream; a reader that leaves, as `head` does, gets no stack trace."""
    command = [sys.executable, "-m", "xlm_core", "tokenize", "--ids", "--lang", "en", "--batch-size", "10"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdin.write(b"A man.\n" * 2_000)
        process.stdin.flush()
        first = process.stdout.readline()
        process.stdout.close()
        with suppress(BrokenPipeError):
            process.stdin.write(b"A man.\n" * 20_000)
            process.stdin.close()

        assert first == b"0 20 45 14 1\n"
        assert process.wait(60) == 1
        assert process.stderr.read() == b""


def test_help_is_there_at_once() -> None:
    """In a tenth of a second on an idle machine; the best of three, for other work on the machine is not ours."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "xlm_core", "tokenize", "--help"], capture_output=True, text=True, check=True
        )
        times.append(time.perf_counter() - start)

    assert min(times) < 1
    assert done.stdout.count("  python -m xlm_core tokenize ") == 2


# ---- train-tokenizer


@pytest.fixture
def corpora(tmp_path: Path) -> list[str]:
    """English and French."""
    texts = {"en": "A man is riding a bike.\n" * 3, "fr": "L'homme fait du vélo.\n"}
    for lang, text in texts.items():
        (tmp_path / f"train.{lang}").write_text(text, encoding="utf-8")
    return [str(tmp_path / f"train.{lang}") for lang in texts]


def test_a_tokenizer_is_trained_and_written(
    corpora: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("--lang", "en,fr", "--vocab-size", 60, "--output", tmp_path / "new", "--original")

    assert run("train-tokenizer", *corpora, *arguments) == 0

    tokenizer = XLMTokenizer.from_pretrained(tmp_path / "new")
    again = XLMTokenizer.from_original(tmp_path / "new" / "codes", tmp_path / "new" / "vocab")
    assert capsys.readouterr().out.startswith("pieces: 60\n")
    assert tokenizer.lang2id == {"en": 0, "fr": 1}
    assert tokenizer.get_vocab() == again.get_vocab()


def test_what_was_done_is_said_in_json(corpora: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("train-tokenizer", *corpora, "--vocab-size", 60, "--output", tmp_path / "new", "--keep-case", "--json")

    said = json.loads(capsys.readouterr().out)
    assert said["pieces"] == XLMTokenizer.from_pretrained(tmp_path / "new").vocab_size
    assert all(Path(path).is_file() for path in said["files"])


def test_a_dry_run_writes_nothing(corpora: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("--lang", "en,fr", "--vocab-size", 60, "--output", tmp_path / "new", "--dry-run")

    assert run("train-tokenizer", *corpora, *arguments) == 0

    assert "texts: en 3, fr 1\nwords: en 21, fr 6\ndifferent words: en 6, fr 6\n" in capsys.readouterr().out
    assert not (tmp_path / "new").exists()


def test_a_tokenizer_is_not_written_over_unless_asked(
    corpora: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ("train-tokenizer", *corpora, "--vocab-size", 60, "--output", tmp_path / "new")

    assert [run(*command), run(*command), run(*command, "--force")] == [0, 1, 0]
    assert "vocab.json` is there. --force replaces it." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--lang", "en,fr,de"], "one for each of the 2 files; got 3"),
        (["--vocab-size", "20"], "`vocab_size` must be at least"),
        (["--sampling", "2"], "`sampling` must be a number from 0 to 1"),
    ],
)
def test_a_fault_in_training_is_named(
    arguments: list[str], message: str, corpora: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ("train-tokenizer", *corpora, "--vocab-size", 60, "--output", tmp_path / "new", *arguments)

    assert run(*command) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "new").exists()
