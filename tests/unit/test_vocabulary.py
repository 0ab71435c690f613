"""Vocabulary files are read as Hugging Face reads them, checked, and written back."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from vocabularies import SPECIAL
from xlm_core.errors import FetchError, VocabularyError, XLMWarning
from xlm_core.files import write_bytes, write_text
from xlm_core.tokenizer.vocabularies.vocabulary import Vocabulary

IDS = {token: number for number, token in enumerate([*SPECIAL, "a", "a</w>"])}


def read(folder: Path, vocab: str | None = None, merges: str = "") -> Vocabulary:
    vocab_file, merges_file = folder / "vocab.json", folder / "merges.txt"
    vocab_file.write_text(json.dumps(IDS) if vocab is None else vocab, encoding="utf-8")
    merges_file.write_text(merges, encoding="utf-8", newline="\n")
    return Vocabulary.read(vocab_file, merges_file, "<unk>")


@pytest.mark.parametrize(
    ("vocab", "message"),
    [
        ("<html>", "must be JSON"),
        ("[1, 2]", "must be an object of pieces and ids; got list"),
        ('{"a": 0}', "must hold the unknown token '<unk>'"),
        ('{"<unk>": 0, "a": "1"}', "whole numbers ≥ 0 as ids; got '1' for 'a'"),
        ('{"<unk>": 0, "a": true}', "got True for 'a'"),
        ('{"<unk>": 0, "a": -1}', "got -1 for 'a'"),
        ('{"<unk>": 0, "a": 1.0}', "got 1.0 for 'a'"),
        ('{"<unk>": 0, "a": null}', "got None for 'a'"),
        ('{"<unk>": 0, "a": 1', "must be JSON; .* cut short"),
        ("", "must be JSON"),
        ('{"<unk>": 0, "a": 1, "b": 1}', r"\['a', 'b'\] share 1"),
    ],
)
def test_a_damaged_vocabulary_is_refused(tmp_path: Path, vocab: str, message: str) -> None:
    with pytest.raises(VocabularyError, match=message):
        read(tmp_path, vocab)


def test_holes_in_the_ids_are_warned_of(tmp_path: Path) -> None:
    with pytest.warns(XLMWarning, match="2 pieces and ids up to 5: no piece has id 1"):
        read(tmp_path, '{"<unk>": 0, "a": 5}')


def test_merges_of_another_vocabulary_are_warned_of(tmp_path: Path) -> None:
    with pytest.warns(XLMWarning, match="which has only 0 of the 200 pieces that it makes"):
        read(tmp_path, merges="".join(f"x {number}\n" for number in range(200)))


@pytest.mark.parametrize("missing", ["vocab.json", "merges.txt"])
def test_a_missing_file_is_named(tmp_path: Path, missing: str) -> None:
    read(tmp_path)
    (tmp_path / missing).unlink()

    with pytest.raises(FetchError, match=missing):
        Vocabulary.read(tmp_path / "vocab.json", tmp_path / "merges.txt", "<unk>")


def test_a_merge_of_one_symbol_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(VocabularyError, match="got 'c' on line 3"):
        read(tmp_path, merges="a b\n\nc\n")


MERGES = {
    "as they are written": b"a b\nb c\n",
    "without a last newline": b"a b\nb c",
    "under a header": b"#version: 0.2\na b\nb c\n",
    "with counts and a blank line": b"a b 12\n\nb c 9\n",
    "after a byte-order mark": b"\xef\xbb\xbfa b\nb c\n",
    "with lines as Windows ends them": b"a b\r\nb c\r\n",
    "all at once": b"\xef\xbb\xbf#version: 0.2\r\na b 3\r\n \r\nb c",
}


@pytest.mark.parametrize("content", MERGES.values(), ids=MERGES)
def test_merges_are_read_however_they_are_laid_out(tmp_path: Path, content: bytes) -> None:
    read(tmp_path)
    (tmp_path / "merges.txt").write_bytes(content)

    vocabulary = Vocabulary.read(tmp_path / "vocab.json", tmp_path / "merges.txt", "<unk>")

    assert vocabulary.ranks == {("a", "b"): 0, ("b", "c"): 1}


ENCODINGS = {
    "Latin-1": "é b\n".encode("latin-1"),
    "UTF-16": "a b\n".encode("utf-16"),
    "a lone surrogate": b"\xed\xa0\x80 b\n",
    "a compressed file": gzip.compress(b"a b\n"),
}


@pytest.mark.parametrize("content", ENCODINGS.values(), ids=ENCODINGS)
@pytest.mark.parametrize("name", ["vocab.json", "merges.txt"])
def test_another_encoding_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    read(tmp_path)
    (tmp_path / name).write_bytes(content)

    with pytest.raises(VocabularyError, match=f"{name}` must be UTF-8 text; .* Convert it"):
        Vocabulary.read(tmp_path / "vocab.json", tmp_path / "merges.txt", "<unk>")


def test_a_vocabulary_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    assert read(tmp_path, "\ufeff" + json.dumps(IDS)).ids == IDS


def test_a_header_counts_only_in_the_first_line(tmp_path: Path) -> None:
    assert read(tmp_path, merges="a b\n#version c\n").ranks == {("a", "b"): 0, ("#version", "c"): 1}


def test_a_repeated_merge_has_its_last_rank(tmp_path: Path) -> None:
    assert read(tmp_path, merges="a b\nb c\na b\n").ranks == {("b", "c"): 1, ("a", "b"): 2}


def test_only_newlines_end_a_merge(tmp_path: Path) -> None:
    assert read(tmp_path, merges="\x85a b\n").merges == ("a b",)


def test_merges_of_no_break_spaces_survive_a_round_trip(tmp_path: Path) -> None:
    """The released codes of 15 languages hold three of them."""
    lines = "a b\n\xa0 \xa0 7830\n\xa0\xa0 \xa0\xa0 3153\n\xa0 \xa0</w> 2059\nb c\n"
    vocabulary = read(tmp_path, merges=lines)

    vocabulary.write(tmp_path / "vocab.json", tmp_path / "merges.txt")

    assert (tmp_path / "merges.txt").read_text(encoding="utf-8") == lines
    assert vocabulary.ranks[("b", "c")] == 4


def test_files_are_laid_out_as_hugging_face_does(tmp_path: Path) -> None:
    Vocabulary({"é": 1, "<unk>": 0}, ("a b",)).write(tmp_path / "vocab.json", tmp_path / "merges.txt")

    assert (tmp_path / "vocab.json").read_bytes() == '{\n  "<unk>": 0,\n  "é": 1\n}\n'.encode()
    assert (tmp_path / "merges.txt").read_bytes() == b"a b\n"


def test_a_failed_write_leaves_the_old_file_alone(tmp_path: Path) -> None:
    path = write_text(tmp_path / "file", "old")

    with pytest.raises(TypeError):
        write_bytes(path, "not bytes")  # type: ignore[arg-type]

    assert [each.read_text(encoding="utf-8") for each in tmp_path.iterdir()] == ["old"]


def test_a_written_file_keeps_its_line_ends(tmp_path: Path) -> None:
    assert write_text(tmp_path / "file", "a\r\nb\n").read_bytes() == b"a\r\nb\n"
