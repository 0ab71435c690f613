"""`embed`: vectors on lines, or as the rows of a matrix in a file."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xlm_core.cli import main

pytest.importorskip("torch")

TEXT = "A man in Prague is riding a bike."
OTHER = "Two dogs."


def run(*arguments: object) -> int:
    """The command line in this process."""
    framework = importlib.import_module("xlm_torch.__main__").FRAMEWORK
    return main([str(argument) for argument in arguments], "xlm_torch", framework)


def encoded(**options: Any) -> np.ndarray:
    import xlm_torch

    encoder = xlm_torch.XLMSentenceEncoder.from_pretrained("xlm-demo")
    vectors: np.ndarray = encoder.encode([TEXT, OTHER], lang="en", **options)
    return vectors


EMBEDDINGS = {
    "as usual": ((), {}),
    "of the best layers": (("--layer", "1,-1"), {"layer": [1, -1]}),
    "of one layer": (("--layer", "2"), {"layer": 2}),
    "pooled otherwise": (("--pooling", "max", "--no-special-tokens"), {"pooling": "max", "special_tokens": False}),
    "of length 1": (("--normalize",), {"normalize": True}),
    "in batches of tokens": (("--max-tokens", "13"), {"max_tokens": 13}),
}


@pytest.mark.parametrize("case", EMBEDDINGS)
def test_vectors_are_the_rows_of_a_matrix(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags, options = EMBEDDINGS[case]

    assert run("embed", "--lang", "en", *flags, "--output", tmp_path / "vectors.npy", TEXT, OTHER) == 0

    assert capsys.readouterr().out == ""
    assert np.array_equal(np.load(tmp_path / "vectors.npy"), encoded(**options))
    assert [path.name for path in tmp_path.iterdir()] == ["vectors.npy"]


def test_vectors_are_printed_to_the_last_digit(capsys: pytest.CaptureFixture[str]) -> None:
    run("embed", "--lang", "en", TEXT, OTHER)
    plain = [line.split(" ") for line in capsys.readouterr().out.splitlines()]
    run("embed", "--lang", "en", "--json", TEXT, OTHER)
    found = [json.loads(line)["embedding"] for line in capsys.readouterr().out.splitlines()]

    assert np.array_equal(np.array(plain, np.float32), encoded())
    assert np.array_equal(np.array(found, np.float32), encoded())


def test_a_matrix_is_not_written_over_unless_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ("embed", "--lang", "en", "--output", tmp_path / "vectors.npy")

    assert [run(*command, TEXT, OTHER), run(*command, TEXT), run(*command, "--force", TEXT)] == [0, 1, 0]

    assert "is there. --force replaces it." in capsys.readouterr().err
    assert np.load(tmp_path / "vectors.npy").shape == (1, 256)


def test_a_fault_leaves_no_matrix_behind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "texts.jsonl").write_text('"A man."\n{"text": "A.", "text_pair": "B."}\n', "utf-8")
    command = ("embed", "--lang", "en", "--jsonl", "--file", tmp_path / "texts.jsonl", "--output", tmp_path / "v.npy")

    assert run(*command) == 1
    assert not list(tmp_path.glob("*.npy"))
    assert "line 2 of" in capsys.readouterr().err

    assert run(*command, "--keep-going") == 1
    assert np.load(tmp_path / "v.npy").shape == (1, 256)


def test_a_matrix_of_no_texts_has_its_width(tmp_path: Path) -> None:
    (tmp_path / "texts.txt").touch()

    assert run("embed", "--file", tmp_path / "texts.txt", "--output", tmp_path / "vectors.npy") == 0
    assert np.load(tmp_path / "vectors.npy").shape == (0, 256)
