"""`xlm-convert` but for `convert` itself: help, exit codes, inspect, compare, verify, download."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from huggingface_hub import constants

import tiny
from conversion.cli import main, make_parser
from conversion.running import FRAMEWORKS, Framework
from conversions import CONFIG, write_model
from xlm_core.formats import safetensors
from xlm_core.manifest import manifest

COMMANDS = ("convert", "inspect", "verify", "compare", "download")
RELEASED = "FacebookAI/xlm-mlm-en-2048"
HEAVY = {"numpy", "torch", "tensorflow", "keras", "h5py", "safetensors", "tokenizers", "sacremoses", "huggingface_hub"}
both_frameworks = pytest.mark.skipif(
    not all(framework.is_installed for framework in FRAMEWORKS), reason="compares the two frameworks"
)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "model")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Hub cache that holds a small model under the name of a released one; returns the model's folder in it."""
    repository = tmp_path / "cache" / f"models--{RELEASED.replace('/', '--')}"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("0" * 40)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    return write_model(repository / "snapshots" / ("0" * 40))


def changed(folder: Path, **changes: Any) -> Path:
    """A model with some weights changed, by name with `__` for dots; None leaves one out."""
    arrays = tiny.weights(CONFIG, "language-modeling") | {name.replace("__", "."): x for name, x in changes.items()}
    write_model(folder)
    safetensors.write(folder / "model.safetensors", {name: x for name, x in arrays.items() if x is not None})
    return folder


def answer(capsys: pytest.CaptureFixture[str], *arguments: Any, status: int = 0) -> Any:
    assert main([arguments[0], "--json", *map(str, arguments[1:])]) == status
    return json.loads(capsys.readouterr().out)


def parsers() -> dict[str, argparse.ArgumentParser]:
    groups = [action.choices for action in make_parser()._actions if action.dest == "command"]
    return dict(groups[0])


def examples(command: str) -> list[str]:
    """What a command's help ends with."""
    return parsers()[command].epilog.removeprefix("examples:\n").splitlines()


@pytest.mark.parametrize("arguments", [(), *((command,) for command in COMMANDS)])
def test_help_comes_at_once_without_any_library(arguments):
    code = (
        "import sys\nfrom conversion.cli import main\ntry: main(sys.argv[1:])\nexcept SystemExit: "
        "print('loaded', *{name.split('.')[0] for name in sys.modules})"
    )
    seconds, printed = [], ""
    for _ in range(3):
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments, "--help"], capture_output=True, text=True, check=True
        )
        seconds.append(time.perf_counter() - start)
        printed = done.stdout

    assert printed.startswith("usage: xlm-convert")
    assert not set(printed.partition("loaded")[2].split()) & HEAVY
    assert min(seconds) < 1


def test_every_command_has_two_examples():
    assert list(parsers()) == list(COMMANDS)
    assert [len(examples(command)) for command in COMMANDS] == [2] * len(COMMANDS)


def test_examples_of_the_help_work_one_after_the_other(cache, tmp_path, monkeypatch, capsys):
    """In an empty folder, offline; the one model of the Hub is in the cache."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    for command in COMMANDS:
        for example in examples(command):
            program, *arguments = shlex.split(example)
            redirected = arguments.index(">") if ">" in arguments else len(arguments)

            assert program == "xlm-convert"
            assert main(arguments[:redirected]) == 0, example
            assert capsys.readouterr().out, example


@pytest.mark.slow
def test_program_from_end_to_end(model, tmp_path):
    """Each command in a process of its own, as people run it."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "conversion", *arguments], capture_output=True, text=True, cwd=tmp_path, check=False
        )

    done = run("convert", "model", "new", "--to", "tf")
    assert (done.returncode, done.stderr) == (0, "")
    assert "tf_model.h5" in done.stdout

    done = run("verify", "model", "new", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["same"]

    done = run("compare", "model", "nothing/there/at/all")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)

    done = run("inspect", "new")
    assert done.stdout.startswith("file       new/tf_model.h5 (tf)\n")


@pytest.mark.parametrize("arguments", [[], ["no-such"], ["convert", "a", "b"], ["convert", "a", "b", "--to", "jax"]])
def test_wrong_command_line_is_exit_status_2(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)

    assert stopped.value.code == 2
    assert "usage: xlm-convert" in capsys.readouterr().err


def test_quiet_prints_nothing(model, tmp_path, capsys):
    assert main(["inspect", "--quiet", str(model)]) == 0

    assert capsys.readouterr() == ("", "")


def test_a_reader_that_has_gone_is_no_traceback(model):
    process = subprocess.Popen(
        [sys.executable, "-m", "conversion", "inspect", str(model)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()

    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 1


def test_inspect_lists_every_weight(model, capsys):
    shown = answer(capsys, "inspect", model)

    weights = {entry["name"]: tuple(entry["shape"]) for entry in shown["weights"]}
    assert weights == {name: weight.shape for name, weight in manifest(CONFIG, "language-modeling").items()}
    assert shown["totals"]["numbers"] == sum(array.size for array in tiny.weights(CONFIG, "language-modeling").values())
    assert shown["totals"]["bytes"] == 4 * shown["totals"]["numbers"]
    assert shown["totals"]["dtypes"] == {"float32": 38}
    assert (shown["format"], shown["model"]) == ("safetensors", "XLMWithLMHeadModel")
    assert shown["config"]["n_layers"] == CONFIG.n_layers
    assert shown["languages"] == CONFIG.lang2id
    assert shown["tokenizer"]["pieces"] == CONFIG.vocab_size


def test_inspect_prints_stored_names_and_ours(model, tmp_path, capsys):
    main(["convert", "--quiet", str(model), str(tmp_path / "new"), "--to", "keras"])

    assert main(["inspect", str(tmp_path / "new")]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert "model      XLMWithLMHeadModel" in lines
    row = next(line for line in lines if line.startswith("layers/tfxlm_model/ffns/feed_forward/lin1/vars/0"))
    assert [text.strip() for text in row.split("  ") if text][1:] == [
        "float32",
        "72 × 18",
        "5.2 kB",
        "transformer.ffns.0.lin1.weight (transposed)",
    ]


def test_inspect_needs_no_config(model, capsys):
    (model / "config.json").unlink()

    shown = answer(capsys, "inspect", model / "model.safetensors")

    assert (shown["model"], shown["config"], len(shown["weights"])) == (None, None, 38)


def test_inspect_of_shards_shows_them_as_one(tmp_path, capsys):
    write_model(tmp_path / "model", max_shard_size=20_000)

    assert len(answer(capsys, "inspect", tmp_path / "model")["weights"]) == 38


def test_compare_finds_one_number_that_is_another(model, tmp_path, capsys):
    bias = tiny.weights(CONFIG, "language-modeling")["transformer.ffns.1.lin2.bias"].copy()
    bias[3] += 0.25

    found = answer(capsys, "compare", model, changed(tmp_path / "b", transformer__ffns__1__lin2__bias=bias), status=1)

    assert found["different"] == ["transformer.ffns.1.lin2.bias"]
    assert found["largest_difference"] == pytest.approx(0.25)
    assert sum(found["differences"].values()) == found["largest_difference"]


def test_compare_lets_differences_within_the_tolerance_pass(model, tmp_path, capsys):
    write_model(tmp_path / "b", dtype="float16")

    found = answer(capsys, "compare", model, tmp_path / "b", "--tolerance", "0.002")

    assert found["same"]
    assert set(map(tuple, found["dtypes"].values())) == {("float32", "float16")}
    assert 0 < found["largest_difference"] < 0.002
    answer(capsys, "compare", model, tmp_path / "b", status=1)


def test_compare_tells_what_one_has_alone(model, tmp_path, capsys):
    other = changed(tmp_path / "b", pred_layer__proj__bias=None, zzz=np.zeros(2, np.float32))

    found = answer(capsys, "compare", model, other, status=1)

    assert (found["only_in_first"], found["only_in_second"]) == (["pred_layer.proj.bias"], ["zzz"])


def test_compare_tells_other_shapes(model, tmp_path, capsys):
    other = changed(tmp_path / "b", pred_layer__proj__bias=np.zeros(3, np.float32))

    found = answer(capsys, "compare", model, other, status=1)

    assert found["shapes"] == {"pred_layer.proj.bias": [[CONFIG.vocab_size], [3]]}


def test_compare_takes_a_body_with_or_without_its_prefix_for_the_same(tmp_path, capsys):
    write_model(tmp_path / "a", task=None)
    bodies = {f"transformer.{name}": array for name, array in tiny.weights(CONFIG).items()}
    safetensors.write(tmp_path / "b.safetensors", bodies)

    assert answer(capsys, "compare", tmp_path / "a", tmp_path / "b.safetensors")["same"]


def test_compare_leaves_out_copies_and_leftovers(model, tmp_path, capsys):
    words = tiny.weights(CONFIG, "language-modeling")["transformer.embeddings.weight"]
    other = changed(tmp_path / "b", pred_layer__proj__weight=words, transformer__position_ids=np.arange(3))

    assert set(answer(capsys, "compare", model, other)["left_out"]) == {
        "pred_layer.proj.weight",
        "transformer.position_ids",
    }


def test_compare_does_not_take_another_table_for_a_copy(model, tmp_path, capsys):
    words = tiny.weights(CONFIG, "language-modeling")["transformer.embeddings.weight"]
    other = changed(tmp_path / "b", pred_layer__proj__weight=words + 1)

    assert answer(capsys, "compare", model, other, status=1)["only_in_second"] == ["pred_layer.proj.weight"]


def test_compare_prints_the_furthest_weights_first(model, tmp_path, capsys):
    arrays = tiny.weights(CONFIG, "language-modeling")
    names = ("transformer.layer_norm_emb.bias", "pred_layer.proj.bias")
    near, far = (arrays[name] + distance for name, distance in zip(names, (0.5, 2), strict=True))
    other = changed(tmp_path / "b", transformer__layer_norm_emb__bias=near, pred_layer__proj__bias=far)

    assert main(["compare", str(model), str(other)]) == 1

    *_, first, second, verdict = capsys.readouterr().out.splitlines()
    assert first.split() == ["2", "pred_layer.proj.bias"]
    assert second.split() == ["0.5", "transformer.layer_norm_emb.bias"]
    assert verdict.split(maxsplit=1) == ["verdict", "different: 2 of the compared weights"]


@both_frameworks
def test_verify_computes_with_both_models_in_both_frameworks(model, tmp_path, capsys):
    main(["convert", "--quiet", str(model), str(tmp_path / "b"), "--to", "original"])

    found = answer(capsys, "verify", model, tmp_path / "b")

    logits = found["logits"]
    between = {tuple(pair["between"]): pair["largest_difference"] for pair in logits["pairs"]}
    assert between["A in PyTorch", "B in PyTorch"] == between["A in TensorFlow", "B in TensorFlow"] == 0
    assert 0 < between["A in PyTorch", "B in TensorFlow"] < logits["tolerance"] * logits["largest_output"]
    assert len(between) == 6


@both_frameworks
@pytest.mark.parametrize("task", ["multiple-choice", "question-answering", "token-classification", None])
def test_verify_knows_every_head(tmp_path, capsys, task):
    write_model(tmp_path / "a", CONFIG.replace(num_labels=3), task)
    main(["convert", "--quiet", str(tmp_path / "a"), str(tmp_path / "b"), "--to", "keras"])

    assert answer(capsys, "verify", tmp_path / "a", tmp_path / "b")["same"]


def test_verify_sees_a_config_that_computes_something_else(model, tmp_path, capsys):
    write_model(tmp_path / "b", CONFIG.replace(gelu_activation=False))

    found = answer(capsys, "verify", model, tmp_path / "b", status=1)

    assert found["weights"]["same"]
    assert found["logits"]["largest_difference"] > found["logits"]["tolerance"] * found["logits"]["largest_output"]


def test_verify_computes_nothing_where_weights_differ(model, tmp_path, capsys):
    other = changed(tmp_path / "b", pred_layer__proj__bias=np.zeros(CONFIG.vocab_size, np.float32))

    assert answer(capsys, "verify", model, other, status=1)["logits"]["pairs"] == []


def test_verify_without_a_framework_compares_weights(model, tmp_path, capsys, monkeypatch):
    absent = Framework("PyTorch", "no_such_library", "xlm_torch", "")
    monkeypatch.setattr("conversion.running.FRAMEWORKS", (absent,))

    assert main(["verify", str(model), str(model)]) == 0

    assert capsys.readouterr().out.endswith("not computed: neither PyTorch nor TensorFlow is installed\n")


@pytest.mark.parametrize("name", [RELEASED, "xlm-mlm-en-2048"])
def test_download_copies_a_model_into_a_folder(cache, tmp_path, capsys, name):
    (cache / "README.md").write_text("about")

    done = answer(capsys, "download", name, "--to", tmp_path / "new")

    assert (
        set(done["files"])
        == {path.name for path in (tmp_path / "new").iterdir()}
        == {
            "README.md",
            "config.json",
            "merges.txt",
            "model.safetensors",
            "tokenizer_config.json",
            "vocab.json",
        }
    )
    assert main(["compare", "--quiet", str(cache), str(tmp_path / "new")]) == 0


def test_download_takes_every_shard(cache, tmp_path, capsys):
    shutil.rmtree(cache)
    write_model(cache, max_shard_size=20_000)

    answer(capsys, "download", RELEASED, "--to", tmp_path / "new")

    assert main(["compare", "--quiet", str(cache), str(tmp_path / "new")]) == 0


def test_download_without_a_folder_says_where_the_cache_has_it(cache, capsys):
    assert answer(capsys, "download", RELEASED)["folder"] == str(cache)


def test_download_does_not_overwrite_unasked(cache, tmp_path, capsys):
    model = write_model(tmp_path / "new", CONFIG.replace(n_layers=1))

    assert main(["download", RELEASED, "--to", str(model)]) == 1
    assert "--force replaces them" in capsys.readouterr().err

    answer(capsys, "download", RELEASED, "--to", model, "--force")
    assert main(["compare", "--quiet", str(cache), str(model)]) == 0


def test_download_of_what_is_not_there_says_that_only_the_cache_was_searched(cache, capsys):
    assert main(["download", "FacebookAI/xlm-mlm-100-1280"]) == 1

    assert "Only the local cache was searched" in capsys.readouterr().err


def test_download_of_a_folder_is_refused(model, capsys):
    assert main(["download", str(model)]) == 1

    assert "ID must be the name of a model on the Hub" in capsys.readouterr().err


def test_a_model_of_the_hub_is_converted_by_its_name(cache, tmp_path, capsys):
    answer(capsys, "convert", RELEASED, tmp_path / "new", "--to", "tf", "--revision", "main")

    assert main(["compare", "--quiet", RELEASED, str(tmp_path / "new")]) == 0


def test_a_revision_of_a_folder_is_refused(model, tmp_path, capsys):
    assert main(["inspect", str(model), "--revision", "main"]) == 1

    assert "`revision` must be None for a folder" in capsys.readouterr().err


def test_program_is_installed_under_its_name():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert project["scripts"]["xlm-convert"] == f"{main.__module__}:{main.__name__}"
