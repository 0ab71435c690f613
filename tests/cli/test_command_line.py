"""`python -m xlm_torch` and `python -m xlm_tf`."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence

import pytest

from frameworks import Framework
from xlm_core.cli import main


def run(framework: Framework, *arguments: str) -> int:
    """The command line in this process; a fresh one costs seconds."""
    name = framework.package.__name__
    return main(arguments, name, importlib.import_module(f"{name}.__main__").FRAMEWORK)


def words(printed: str) -> Sequence[str]:
    """The words of a text's lines: probability and word on each."""
    return [line.split()[1] for line in printed.splitlines() if line.startswith("  ")]


@pytest.mark.slow
def test_module_is_a_command(framework: Framework) -> None:
    """`python -m` prints the text and below it its best words, and nothing else."""
    command = [
        sys.executable,
        "-m",
        framework.package.__name__,
        "fill-mask",
        "--lang",
        "fr",
        "Un homme fait du [MASK].",
    ]

    environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}

    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=environment, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Un homme fait du [MASK].\n  0.6589  vélo\n")
    assert words(done.stdout) == ["vélo", "skateboard", "cheval", "roller", "ski"]


def test_texts_are_printed_in_order(framework: Framework, capsys: pytest.CaptureFixture[str]) -> None:
    """Each text is followed by the words for each of its masks."""
    texts = ["A [MASK] is riding a [MASK].", "Two dogs are running through the [MASK]."]

    assert run(framework, "fill-mask", "--lang", "en", "--top-k", "2", *texts) == 0

    printed = capsys.readouterr().out
    assert [line for line in printed.splitlines() if not line.startswith("  ")] == texts
    assert words(printed) == ["man", "person", "bike", "bicycle", "snow", "grass"]


def test_json_is_one_line_a_text(framework: Framework, capsys: pytest.CaptureFixture[str]) -> None:
    """A program reads what people read: text, masks, and the words for each with their probabilities."""
    assert run(framework, "fill-mask", "--lang", "de", "--json", "Ein Hund läuft durch den [MASK].", "Ein <mask>.") == 0

    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first["text"] == "Ein Hund läuft durch den [MASK]."
    assert second["text"] == "Ein <mask>."
    assert [word["token_str"] for word in first["masks"][0]] == ["Schnee", "Gras", "Wasser", "Sand", "Strand"]
    assert first["masks"][0][0].keys() == {"score", "token", "token_str", "sequence"}


def test_targets_are_the_only_words(framework: Framework, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(framework, "fill-mask", "A man is riding a [MASK].", "--lang", "en", "--targets", "horse", "bike") == 0

    assert words(capsys.readouterr().out) == ["bike", "horse"]


FAULTS = {
    "a text without a mask": (["A man.", "--lang", "en"], "must have a mask"),
    "the second text without a mask": (["A [MASK].", "A man.", "--lang", "en"], "must have a mask"),
    "an unknown language": (["A [MASK].", "--lang", "xx"], "`lang` must be one of"),
    "no words asked for": (["A [MASK].", "--top-k", "0"], "`top_k`"),
    "a target of many pieces": (["A [MASK].", "--targets", "antidisestablishmentarianism"], "`targets` must be"),
    "a model that is not there": (["A [MASK].", "--model", "./no-such-folder"], "no-such-folder"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_in_the_input_is_one_line_and_exit_status_1(
    framework: Framework, fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is printed for the texts that were in order: all are checked before the first is computed."""
    arguments, expected = FAULTS[fault]

    assert run(framework, "fill-mask", *arguments) == 1

    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"{framework.package.__name__}: ")
    assert printed.err.count("\n") == 1
    assert expected in printed.err


@pytest.mark.parametrize(
    "arguments",
    [(), ("fill-mask", "--no-such-option"), ("no-such-command",), ("fill-mask", "A [MASK].", "--top-k", "x")],
)
def test_wrong_command_line_is_exit_status_2(
    framework: Framework, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        run(framework, *arguments)

    assert stopped.value.code == 2
    assert f"usage: python -m {framework.package.__name__}" in capsys.readouterr().err
