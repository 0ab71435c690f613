"""`xlm-convert convert`: every format into every other, with config and tokenizer, and nothing overwritten unasked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tiny
from conversion.cli import main
from conversion.commands.convert import FORMATS
from conversion.models import CLASSES
from conversion.targets import TARGETS
from conversions import CONFIG, write_model
from xlm_core.config import XLMConfig
from xlm_core.formats import safetensors
from xlm_core.formats.loading import open_weights
from xlm_core.hub import Folder
from xlm_core.manifest import HEADS, manifest
from xlm_core.tokenizer import XLMTokenizer

FILES = {
    "safetensors": {"model.safetensors"},
    "torch": {"pytorch_model.bin"},
    "tf": {"tf_model.h5"},
    "keras": {"model.weights.h5"},
    "original": {"model.pth"},
}
TOKENIZER = {"vocab.json", "merges.txt", "tokenizer_config.json"}
COMPANIONS = {name: {"config.json", *TOKENIZER} for name in FILES} | {"original": {"codes", "vocab"}}
TEXTS = ("The cat sat on the mat.", "Istanbul, in 1 street!")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "model")


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def report(capsys: pytest.CaptureFixture[str], *arguments: Any) -> dict[str, Any]:
    """What `convert` prints for programs."""
    assert main(["convert", "--json", *map(str, arguments)]) == 0
    return json.loads(capsys.readouterr().out)


def is_same(first: Path, second: Path, *options: str) -> bool:
    return main(["compare", "--quiet", str(first), str(second), *options]) == 0


@pytest.mark.parametrize("target", FILES)
def test_a_format_has_its_files_with_config_and_tokenizer(model, tmp_path, target):
    assert main(["convert", "--quiet", str(model), str(tmp_path / "new"), "--to", target]) == 0

    assert names(tmp_path / "new") == FILES[target] | COMPANIONS[target]


@pytest.mark.parametrize("last", FILES)
@pytest.mark.parametrize("first", FILES)
def test_a_model_comes_back_from_any_format_to_the_bit(model, tmp_path, first, last):
    for source, target, kind in (
        (model, "a", first),
        (tmp_path / "a", "b", last),
        (tmp_path / "b", "c", "safetensors"),
    ):
        assert main(["convert", "--quiet", str(source), str(tmp_path / target), "--to", kind]) == 0

    before, after = (safetensors.read(folder / "model.safetensors") for folder in (model, tmp_path / "c"))
    assert list(before) == list(after)
    assert all(np.array_equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize("target", FILES)
def test_a_tokenizer_comes_back_from_any_format_with_its_ids(model, tmp_path, target):
    main(["convert", "--quiet", str(model), str(tmp_path / "a"), "--to", target])
    main(["convert", "--quiet", str(tmp_path / "a"), str(tmp_path / "b"), "--to", "torch"])

    before, after = map(XLMTokenizer.from_pretrained, (model, tmp_path / "b"))
    assert before.get_vocab() == after.get_vocab()
    assert before.lang2id == after.lang2id
    assert [before(text, lang="en").input_ids for text in TEXTS] == [after(text, lang="en").input_ids for text in TEXTS]


HEADS_OF = [(target, task) for target in ("torch", "tf", "keras") for task in (None, *HEADS)]
HEADS_OF.remove(("tf", "question-answering"))  # Hugging Face has no such class


@pytest.mark.parametrize(("target", "task"), HEADS_OF)
def test_every_head_is_converted(tmp_path, target, task):
    config = CONFIG.replace(num_labels=2 if task and task.startswith("question") else 3)
    write_model(tmp_path / "a", config, task)

    assert main(["convert", "--quiet", str(tmp_path / "a"), str(tmp_path / "b"), "--to", target]) == 0

    assert is_same(tmp_path / "a", tmp_path / "b")
    assert XLMConfig.from_pretrained(tmp_path / "b").architectures == [CLASSES[task]]


VARIANTS = {
    "adaptive softmax": {"asm": True, "asm_cutoffs": [11, 30], "asm_div_value": 2.0},
    "no languages": {"n_langs": 1, "lang2id": None, "id2lang": None},
    "pruned heads": {"pruned_heads": {1: [0, 2]}},
    "untied": {"tie_word_embeddings": False},
}


@pytest.mark.parametrize("target", ["torch", "keras"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_kind_of_model_is_converted(tmp_path, variant, target):
    write_model(tmp_path / "a", CONFIG.replace(**VARIANTS[variant]))

    assert main(["convert", "--quiet", str(tmp_path / "a"), str(tmp_path / "b"), "--to", target]) == 0

    assert is_same(tmp_path / "a", tmp_path / "b")


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("target", ["safetensors", "torch", "keras"])
def test_a_number_format_is_kept_unless_another_is_asked_for(tmp_path, target, dtype):
    write_model(tmp_path / "a", dtype=dtype)

    main(["convert", "--quiet", str(tmp_path / "a"), str(tmp_path / "b"), "--to", target])
    main(["convert", "--quiet", str(tmp_path / "b"), str(tmp_path / "c"), "--to", "safetensors", "--dtype", "float32"])

    found = [open_weights(Folder(tmp_path / name)) for name in "bc"]
    assert [{weights.stored(name).dtype for name in weights} for weights in found] == [{dtype}, {"float32"}]
    assert [XLMConfig.from_pretrained(tmp_path / name).dtype for name in "bc"] == [dtype, "float32"]
    assert is_same(tmp_path / "a", tmp_path / "c")


@pytest.mark.parametrize(("target", "stem"), [("safetensors", "model"), ("torch", "pytorch_model")])
def test_large_weights_are_split(model, tmp_path, target, stem, capsys):
    done = report(capsys, model, tmp_path / "new", "--to", target, "--max-shard-size", "20KB")

    suffix = next(iter(FILES[target])).removeprefix(stem)
    shards = [name for name in done["files"] if name.startswith(f"{stem}-0")]
    assert len(shards) > 2
    assert names(tmp_path / "new") == {*shards, f"{stem}{suffix}.index.json", "config.json", *TOKENIZER}
    assert is_same(model, tmp_path / "new")


def test_report_tells_every_weight_and_what_became_of_it(model, tmp_path, capsys):
    done = report(capsys, model, tmp_path / "new", "--to", "tf")

    weights = manifest(CONFIG, "language-modeling")
    moves = {move["name"]: move for move in done["weights"]}
    kernel = moves["transformer.attentions.1.q_lin.weight"]
    assert list(moves) == list(weights)
    assert kernel["target_name"] == "tfxlm_with_lm_head_model/transformer/attentions_._1/q_lin/kernel:0"
    assert kernel["transposed"]
    assert len(done["renamed"]) == len(weights)
    assert set(done["transposed"]) == {name for name, weight in weights.items() if weight.kind.value == "kernel"}
    assert done["tied"] == {"pred_layer.proj.weight": "transformer.embeddings.weight"}
    assert (done["missing"], done["unexpected"], done["set_aside"]) == ([], [], [])
    assert done["files"]["tf_model.h5"] == (tmp_path / "new" / "tf_model.h5").stat().st_size


@pytest.mark.parametrize("target", FILES)
def test_report_has_the_names_that_the_file_has(model, tmp_path, target, capsys):
    done = report(capsys, model, tmp_path / "new", "--to", target)

    written = open_weights(Folder(tmp_path / "new"))
    for move in done["weights"]:
        stored = written.stored(move["name"])
        assert (stored.origin or move["name"]).endswith(move["target_name"])
        assert stored.is_transposed == move["transposed"]


def test_report_tells_a_head_that_the_config_promises_and_the_file_lacks(tmp_path, capsys):
    model = write_model(tmp_path / "model")
    CONFIG.replace(architectures=["XLMForTokenClassification"]).save_pretrained(model)

    done = report(capsys, model, tmp_path / "new", "--to", "torch")

    assert done["missing"] == ["classifier.weight", "classifier.bias"]
    assert done["model"] == "XLMWithLMHeadModel"


def test_report_tells_the_heads_of_other_tasks(tmp_path, capsys):
    both = tiny.weights(CONFIG, "language-modeling") | tiny.weights(CONFIG, "token-classification")
    model = write_model(tmp_path / "model")
    safetensors.write(model / "model.safetensors", both)

    assert report(capsys, model, tmp_path / "new", "--to", "torch")["set_aside"] == [
        "classifier.bias",
        "classifier.weight",
    ]


def test_people_read_what_programs_read(model, tmp_path, capsys):
    assert main(["convert", str(model), str(tmp_path / "new"), "--to", "keras"]) == 0

    lines = {line.split("  ")[0]: line for line in capsys.readouterr().out.splitlines()}
    assert "XLMWithLMHeadModel, 38 weights" in lines["model"]
    assert lines["transposed"].split()[1] == "12:"
    assert lines["tokenizer"].endswith("copied")
    assert {"from", "to", "renamed", "tied", "missing", "unexpected", "set aside", "written"} <= set(lines)


@pytest.mark.parametrize("target", FILES)
def test_dry_run_tells_the_same_and_writes_nothing(model, tmp_path, target, capsys):
    planned = report(capsys, model, tmp_path / "new", "--to", target, "--dry-run")
    assert names(tmp_path) == {"model"}

    done = report(capsys, model, tmp_path / "new", "--to", target)
    assert set(planned["files"].values()) == {None}
    assert list(planned["files"]) == list(done["files"])
    assert planned | {"files": 0, "dry_run": 0} == done | {"files": 0, "dry_run": 0}


def test_files_that_are_there_are_not_overwritten_unasked(model, tmp_path, capsys):
    other = write_model(tmp_path / "other", CONFIG.replace(n_layers=1))
    before = content(other)

    assert main(["convert", str(model), str(other), "--to", "safetensors"]) == 1

    assert "--force replaces them" in capsys.readouterr().err
    assert content(other) == before


def test_force_replaces_a_model_and_leaves_nothing_of_it(model, tmp_path):
    other = write_model(tmp_path / "other", CONFIG.replace(n_layers=1), max_shard_size=20_000)
    (other / "added_tokens.json").write_text('{"<new>": 500}')
    (other / "README.md").write_text("mine")

    assert main(["convert", "--quiet", str(model), str(other), "--to", "safetensors", "--force"]) == 0

    assert names(other) == {"model.safetensors", "config.json", "README.md", *TOKENIZER}
    assert is_same(model, other)


@pytest.mark.parametrize("force", [(), ("--force",)])
def test_weights_of_another_model_are_never_left_to_be_read_instead(model, tmp_path, force, capsys):
    other = write_model(tmp_path / "other", CONFIG.replace(n_layers=1))
    before = content(other)

    assert main(["convert", str(model), str(other), "--to", "tf", *force]) == 1

    assert "might be read instead of the new ones" in capsys.readouterr().err
    assert content(other) == before


@pytest.mark.parametrize("target", ["torch", "tf", "keras", "original"])
def test_a_format_may_join_a_model_in_its_own_folder(model, target):
    before = content(model)

    assert main(["convert", "--quiet", str(model), str(model), "--to", target]) == 0

    added = FILES[target] | (COMPANIONS["original"] if target == "original" else set())
    assert content(model).items() >= before.items()
    assert names(model) == set(before) | added
    assert is_same(model / "model.safetensors", model / next(iter(FILES[target])))


def test_a_model_may_be_replaced_by_itself_in_another_number_format(model):
    main(["convert", "--quiet", str(model), str(model), "--to", "safetensors", "--dtype", "float16", "--force"])

    weights = open_weights(Folder(model))
    assert {weights.stored(name).dtype for name in weights} == {"float16"}


def test_a_folder_is_made_with_those_above_it(model, tmp_path):
    assert main(["convert", "--quiet", str(model), str(tmp_path / "a" / "b"), "--to", "torch"]) == 0

    assert is_same(model, tmp_path / "a" / "b")


def test_a_built_in_model_is_converted_by_name(tmp_path):
    assert main(["convert", "--quiet", "xlm-demo", str(tmp_path / "new"), "--to", "keras"]) == 0

    assert is_same(Path("xlm-demo"), tmp_path / "new")


def test_a_model_without_a_tokenizer_goes_alone(model, tmp_path, capsys):
    (model / "merges.txt").unlink()

    done = report(capsys, model, tmp_path / "new", "--to", "torch")

    assert names(tmp_path / "new") == {"pytorch_model.bin", "config.json"}
    assert done["tokenizer"] == "none: there is no vocab.json with merges.txt"


FAULTS: dict[str, tuple[list[str], str]] = {
    "no such model": (["no/such/model", "new", "--to", "tf"], "`no/such/model` must be a folder or a weight file"),
    "a folder without weights": (["empty", "new", "--to", "tf"], "`empty` must have `model.safetensors`"),
    "a damaged file": (["damaged", "new", "--to", "tf"], "must be a whole safetensors file"),
    "a folder without a config": (["bare", "new", "--to", "tf"], "`bare` must have `config.json`"),
    "a weight of another shape": (["wrong", "new", "--to", "tf"], "`n_langs` of the config"),
    "a target that is a file": (["model", "file", "--to", "tf"], "DST must be a folder; `file` is a file"),
    "a target below a file": (["model", "file/new", "--to", "tf"], "must be a folder that can be written to"),
    "shards of one file": (["model", "new", "--to", "tf", "--max-shard-size", "1GB"], "--max-shard-size is for"),
    "an unreadable size": (["model", "new", "--to", "torch", "--max-shard-size", "big"], "`max_shard_size` must be"),
    "codes for no original": (
        ["model", "new", "--to", "tf", "--codes", "file"],
        "--codes is for files of the original",
    ),
    "a head in the original": (["labels", "new", "--to", "original"], "the original holds language models only"),
    "no words for the original": (["mute", "new", "--to", "original"], "`mute` must have `vocab.json`"),
    "a beam search in TensorFlow": (["beam", "new", "--to", "tf"], "have no the beam search of answers"),
    "bfloat16 in TensorFlow": (["model", "new", "--to", "tf", "--dtype", "bfloat16"], "'bfloat16'"),
    "a weight that no XLM has": (["strange", "new", "--to", "tf"], "it also has `zzz`"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_in_the_input_is_one_line_and_leaves_nothing(tmp_path, monkeypatch, capsys, fault):
    for name in ("bare", "model", "mute", "strange", "wrong"):
        write_model(tmp_path / name)
    write_model(tmp_path / "labels", task="token-classification")
    write_model(tmp_path / "beam", task="question-answering")
    for name in ("damaged", "empty"):
        (tmp_path / name).mkdir()
    (tmp_path / "damaged" / "model.safetensors").write_bytes(b"no tensors")
    (tmp_path / "bare" / "config.json").unlink()
    (tmp_path / "mute" / "vocab.json").unlink()
    (tmp_path / "file").touch()
    CONFIG.replace(n_langs=7).save_pretrained(tmp_path / "wrong")
    more = {"zzz": np.zeros(2, np.float32)}
    safetensors.write(tmp_path / "strange" / "model.safetensors", tiny.weights(CONFIG, "language-modeling") | more)
    monkeypatch.chdir(tmp_path)
    before = names(tmp_path)
    arguments, expected = FAULTS[fault]

    assert main(["convert", *arguments]) == 1

    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert printed.err.startswith("xlm-convert: ")
    assert expected in printed.err
    assert names(tmp_path) == before


def test_weights_that_no_xlm_has_may_be_left_out(tmp_path, capsys):
    model = write_model(tmp_path / "model")
    more = {"zzz": np.zeros(2, np.float32)}
    safetensors.write(model / "model.safetensors", tiny.weights(CONFIG, "language-modeling") | more)

    done = report(capsys, model, tmp_path / "new", "--to", "torch", "--leave-out")

    assert done["unexpected"] == ["zzz"]
    assert "zzz" not in open_weights(Folder(tmp_path / "new"))


def test_numbers_that_do_not_fit_are_refused_and_nothing_is_left(tmp_path, capsys):
    model = write_model(tmp_path / "model")
    arrays = tiny.weights(CONFIG, "language-modeling")
    arrays["transformer.layer_norm_emb.bias"][0] = 1e30
    safetensors.write(model / "model.safetensors", arrays)

    assert main(["convert", str(model), str(tmp_path / "new"), "--to", "keras", "--dtype", "float16"]) == 1

    assert "`transformer.layer_norm_emb.bias`: numbers must fit float16" in capsys.readouterr().err
    assert names(tmp_path) == {"model"}


def test_weights_that_are_not_finite_are_told_and_converted(tmp_path, capsys):
    model = write_model(tmp_path / "model")
    arrays = tiny.weights(CONFIG, "language-modeling")
    arrays["transformer.layer_norm_emb.bias"][0] = np.nan
    safetensors.write(model / "model.safetensors", arrays)

    assert main(["convert", "--quiet", str(model), str(tmp_path / "new"), "--to", "torch"]) == 0

    said = capsys.readouterr().err
    assert said.startswith("xlm-convert: Weights must be finite numbers; `transformer.layer_norm_emb.bias`")
    assert said.count("\n") == 1
    assert is_same(model, tmp_path / "new")


def test_every_format_can_be_asked_for_and_is_on_the_page():
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "convert-a-checkpoint.md").read_text(encoding="utf-8")

    assert tuple(TARGETS) == FORMATS == tuple(FILES)
    assert all(f"| `{name}` |" in page for name in FORMATS)
