"""`xlm-convert` and the files of the original code: what they hold, and what has to be said about them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import original_files
from conversion.cli import main
from original_files import CONFIG, WORDS, params, save
from xlm_core.config import XLMConfig
from xlm_core.tokenizer import XLMTokenizer

CODES = "w 1 40\nt h 30\n"


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """The folder of a release: weights with their dictionary, and codes."""
    folder = tmp_path / "release"
    folder.mkdir()
    save(folder / "mlm_5_18.pth")
    (folder / "codes_5").write_text(CODES)
    return folder


def convert(capsys: pytest.CaptureFixture[str], *arguments: Any) -> dict[str, Any]:
    assert main(["convert", "--json", *map(str, arguments)]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_release_becomes_a_model_with_config_and_tokenizer(release, tmp_path, capsys):
    done = convert(capsys, release, tmp_path / "new", "--to", "safetensors")

    config = XLMConfig.from_pretrained(tmp_path / "new")
    assert (config.n_layers, config.vocab_size, config.lang2id) == (CONFIG.n_layers, len(WORDS), CONFIG.lang2id)
    assert done["source_format"] == "original"
    assert done["renamed"]["attentions.0.q_lin.weight"] == "transformer.attentions.0.q_lin.weight"
    assert main(["compare", "--quiet", str(release), str(tmp_path / "new")]) == 0


def test_words_keep_their_ids(release, tmp_path, capsys):
    convert(capsys, release, tmp_path / "new", "--to", "torch")

    tokenizer = XLMTokenizer.from_pretrained(tmp_path / "new")
    ids = tokenizer.get_vocab()
    assert [ids[piece] for piece in ("th", "e</w>", "w0</w>", "<special9>")] == [14, 15, 16, 13]
    assert tokenizer.lang2id == CONFIG.lang2id
    assert (tmp_path / "new" / "merges.txt").read_text() == "w 1\nt h\n"


def test_a_vocabulary_without_capitals_is_of_lower_cased_texts(release, tmp_path, capsys):
    done = convert(capsys, release, tmp_path / "new", "--to", "torch")

    assert XLMTokenizer.from_pretrained(tmp_path / "new").do_lower_case
    assert done["tokenizer"].endswith("in lower case")


def test_a_vocabulary_with_capitals_is_of_texts_as_they_were(release, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(original_files, "WORDS", [*WORDS[:-1], "Wien"])
    save(release / "mlm_5_18.pth")

    done = convert(capsys, release, tmp_path / "new", "--to", "torch")

    assert not XLMTokenizer.from_pretrained(tmp_path / "new").do_lower_case
    assert done["tokenizer"].endswith("with capitals and accents")


def test_who_knows_better_says_whether_texts_were_lower_cased(release, tmp_path, capsys):
    convert(capsys, release, tmp_path / "new", "--to", "torch", "--no-lowercase")

    assert not XLMTokenizer.from_pretrained(tmp_path / "new").do_lower_case


@pytest.mark.parametrize(("options", "expected"), [((), False), (("--causal",), True), (("--no-causal",), False)])
def test_who_knows_better_says_whether_a_model_is_causal(release, tmp_path, capsys, options, expected):
    convert(capsys, release, tmp_path / "new", "--to", "torch", *options)

    assert XLMConfig.from_pretrained(tmp_path / "new").causal is expected


def test_a_model_of_the_next_word_is_causal(release, tmp_path, capsys):
    save(release / "mlm_5_18.pth", params(clm_steps=[("en", None)], mlm_steps=[]))

    convert(capsys, release, tmp_path / "new", "--to", "torch")

    assert XLMConfig.from_pretrained(tmp_path / "new").causal


def test_without_codes_there_is_no_tokenizer_and_the_report_says_so(release, tmp_path, capsys):
    (release / "codes_5").unlink()

    done = convert(capsys, release, tmp_path / "new", "--to", "torch")

    assert done["tokenizer"] == "none: there is no file `codes` beside `mlm_5_18.pth`; name it with --codes"
    assert not (tmp_path / "new" / "vocab.json").exists()


def test_codes_may_lie_elsewhere(release, tmp_path, capsys):
    (release / "codes_5").rename(tmp_path / "merges")

    convert(capsys, release, tmp_path / "new", "--to", "torch", "--codes", tmp_path / "merges")

    assert (tmp_path / "new" / "merges.txt").read_text() == "w 1\nt h\n"


def test_a_file_without_a_dictionary_takes_its_words_from_the_vocab(release, tmp_path, capsys):
    saved = original_files.content(params())
    empty = {name: {} for name in saved if name.startswith("dico_")}
    original_files.torch.save(saved | empty, release / "mlm_5_18.pth")
    lines = [f"{word} {100 - number}\n" for number, word in enumerate([*WORDS[14:], "too", "many"])]
    (release / "vocab_5").write_text("".join(lines))

    convert(capsys, release, tmp_path / "new", "--to", "torch")

    tokenizer = XLMTokenizer.from_pretrained(tmp_path / "new")
    assert (tokenizer.vocab_size, tokenizer.get_vocab()["e</w>"]) == (len(WORDS), 15)


def test_codes_that_are_not_there_are_named(release, tmp_path, capsys):
    assert main(["convert", str(release), str(tmp_path / "new"), "--to", "torch", "--codes", "nowhere"]) == 1

    assert "needs the file `nowhere`; there is none. Name it with --codes." in capsys.readouterr().err


def test_a_release_is_written_again_as_one(release, tmp_path, capsys):
    convert(capsys, release, tmp_path / "new", "--to", "original")

    assert (tmp_path / "new" / "codes").read_text() == CODES
    assert (tmp_path / "new" / "vocab").read_text().startswith("th@@ 986\ne 985\n")
    assert main(["compare", "--quiet", str(release), str(tmp_path / "new")]) == 0


def test_inspect_shows_a_release(release, capsys):
    assert main(["inspect", "--json", str(release)]) == 0

    shown = json.loads(capsys.readouterr().out)
    assert (shown["format"], shown["model"]) == ("original", "XLMWithLMHeadModel")
    assert shown["tokenizer"] == {"files": ["mlm_5_18.pth", "codes_5"], "pieces": len(WORDS)}
    assert shown["languages"] == CONFIG.lang2id
