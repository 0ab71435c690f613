"""The commands that compute with a model: small real ones, in PyTorch unless a test says otherwise."""

from __future__ import annotations

import importlib
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models import write_models
from xlm_core.cli import main, make_parser
from xlm_core.commands import MODEL_COMMANDS

pytest.importorskip("torch")

TEXT = "A man in Prague is riding a bike."
OTHER = "Two dogs."
QUESTION = "Who is riding?"
LONG = " ".join([TEXT] * 8)

MODEL = {
    "classify": "my-classifier",
    "embed": "xlm-demo",
    "fill-mask": "xlm-demo",
    "generate": "my-causal-model",
    "ner": "my-tagger",
    "qa": "my-reader",
}
INPUT = dict.fromkeys(MODEL, TEXT) | {"fill-mask": "A [MASK].", "qa": f"{QUESTION}\t{TEXT}"}
KEY = {
    "classify": "labels",
    "embed": "embedding",
    "fill-mask": "masks",
    "generate": "generated_texts",
    "ner": "entities",
    "qa": "answers",
}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that has a model for each command."""
    return write_models(tmp_path_factory.mktemp("models"))


@pytest.fixture
def here(models: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of models, as the current one."""
    monkeypatch.chdir(models)
    return models


def run(*arguments: object, program: str = "xlm_torch") -> int:
    """The command line in this process."""
    framework = importlib.import_module(f"{program}.__main__").FRAMEWORK
    return main([str(argument) for argument in arguments], program, framework)


def said(capsys: pytest.CaptureFixture[str], command: str, *arguments: object) -> list[dict[str, Any]]:
    """What a command prints for programs."""
    assert run(command, "--model", MODEL[command], "--lang", "en", "--json", *arguments) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def pipeline(task: str, model: str) -> Any:
    import xlm_torch

    return xlm_torch.pipeline(task, model)


# ---- what is printed


@pytest.mark.parametrize("command", MODEL)
def test_json_has_what_was_given_and_the_result(command: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (found,) = said(capsys, command, INPUT[command])

    texts = INPUT[command].split("\t")
    assert list(found.values())[:-1] == texts
    assert list(found)[-1] == KEY[command]
    assert found[KEY[command]]


def test_labels_are_those_of_the_pipeline(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    expected = pipeline("text-classification", "my-classifier")([TEXT, OTHER], lang="en", top_k=2)

    found = said(capsys, "classify", "--top-k", "2", TEXT, OTHER)

    assert [each["labels"] for each in found] == [[dict(label) for label in labels] for labels in expected]


def test_labels_are_read_by_people(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("classify", "--model", "my-classifier", "--lang", "en", "--top-k", "all", TEXT)

    text, *labels = capsys.readouterr().out.splitlines()
    assert text == TEXT
    assert {line.split()[1] for line in labels} == {"good", "bad", "neither"}
    assert all(re.fullmatch(r"  [01]\.\d{4}  \w+", line) for line in labels)


def test_pairs_are_classified(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    expected = pipeline("text-classification", "my-classifier")((TEXT, OTHER), lang=("en", "fr"))

    (found,) = said(capsys, "classify", "--pair", "--pair-lang", "fr", f"{TEXT}\t{OTHER}")

    assert found == {"text": TEXT, "text_pair": OTHER, "labels": [dict(expected[0])]}


def test_candidates_are_ranked(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("--lang", "en", "--json", "--candidate-labels", "sport, food", "--hypothesis-template", "It is {}.")
    expected = pipeline("zero-shot-classification", "my-nli-model")(
        TEXT, ["sport", "food"], lang="en", hypothesis_template="It is {}.", multi_label=True
    )

    run("classify", "--model", "my-nli-model", *arguments, "--multi-label", TEXT)

    found = json.loads(capsys.readouterr().out)["labels"]
    assert [each["label"] for each in found] == expected.labels
    assert [each["score"] for each in found] == expected.scores


@pytest.mark.parametrize("aggregation", ["none", "first"])
def test_entities_are_those_of_the_pipeline(aggregation: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tagger = pipeline("token-classification", "my-tagger")
    expected = tagger([TEXT], lang="en", aggregation_strategy=aggregation, ignore_labels=["B-PER"])

    (found,) = said(capsys, "ner", "--aggregation", aggregation, "--ignore-labels", "B-PER", TEXT)

    assert found["entities"] == [dict(each) for each in expected[0]]


def test_entities_stand_where_they_say(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a text that is read in windows, too."""
    run("ner", "--model", "my-tagger", "--lang", "en", "--stride", "9", "--ignore-labels", "", LONG)

    text, *lines = capsys.readouterr().out.splitlines()
    places = [line.rsplit("  ", 1)[1].split("-") for line in lines]
    assert text == LONG
    assert all(re.fullmatch(r"  [01]\.\d{4}  \S+  .+  \d+-\d+", line) for line in lines)
    assert [int(end) for _, end in places][-1] > len(TEXT) * 6


def test_answers_are_those_of_the_pipeline(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = {"doc_stride": 5, "max_answer_len": 3, "max_seq_len": 20, "top_k": 3, "handle_impossible_answer": True}
    flags = ("--doc-stride", 5, "--max-answer-len", 3, "--max-seq-len", 20, "--top-k", 3, "--handle-impossible-answer")
    expected = pipeline("question-answering", "my-reader")(question=QUESTION, context=LONG, lang="en", **options)

    (found,) = said(capsys, "qa", *flags, "--context", LONG, QUESTION)

    assert found == {"question": QUESTION, "answers": [dict(each) for each in expected]}
    assert all(LONG[each["start"] : each["end"]] == each["answer"] for each in found["answers"])


def test_questions_in_json_may_have_contexts_of_their_own(
    here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{"id": 7, "question": QUESTION, "context": TEXT, "answers": ["A man"]}, {"question": QUESTION}]
    (tmp_path / "questions.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")

    first, second = said(capsys, "qa", "--jsonl", "--file", tmp_path / "questions.jsonl", "--context", OTHER)

    assert {name: first[name] for name in ("id", "question", "context")} == dict(list(rows[0].items())[:3])
    assert first["answers"][0]["answer"] in TEXT
    assert second["answers"][0]["answer"] in OTHER


def test_question_and_context_have_languages_of_their_own(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reader = pipeline("question-answering", "my-reader")
    expected = reader(question=QUESTION, context=TEXT, lang=("en", "fr"))

    (found,) = said(capsys, "qa", "--context", TEXT, "--context-lang", "fr", QUESTION)

    assert found["answers"] == [dict(expected)]
    assert expected.score != reader(question=QUESTION, context=TEXT, lang="en").score


def test_texts_go_on_as_in_the_pipeline(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = {"max_new_tokens": 4, "do_sample": True, "temperature": 0.7, "top_p": 0.9, "top_k": 20, "seed": 3}
    flags = [part for name, value in options.items() for part in (f"--{name.replace('_', '-')}", value)]
    flags.remove(True)
    expected = pipeline("text-generation", "my-causal-model")([TEXT], lang="en", num_return_sequences=2, **options)

    (found,) = said(capsys, "generate", *flags, "--num-return-sequences", 2, TEXT)

    assert found["generated_texts"] == [each.generated_text for each in expected[0]]
    assert len(found["generated_texts"]) == 2


def test_new_text_alone_is_printed_on_request(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ("generate", "--model", "my-causal-model", "--lang", "en", "--num-beams", 2, "--max-new-tokens", 3)

    run(*command, TEXT)
    run(*command, "--new-text-only", TEXT)

    whole, new = capsys.readouterr().out.splitlines()
    assert whole == f"{TEXT} {new}"


# ---- models and devices


@pytest.mark.parametrize("command", ["classify", "ner", "qa"])
def test_a_head_that_was_never_trained_is_refused(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command, INPUT[command]) == 1

    assert capsys.readouterr().err == (
        f"xlm_torch: `--model` must be a model that was trained for `{command}`; got `xlm-demo`, which has no head for "
        "it. Name another, or train one.\n"
    )


FAULTS = {
    "a model that fills masks": (("generate", TEXT), "`--model` must be a causal model; `xlm-demo` was made to fill"),
    "labels that do not follow": (
        ("classify", "--model", "my-classifier", "--candidate-labels", "a,b", TEXT),
        "must have a label whose name begins with 'entail'",
    ),
    "a device that is not there": (("embed", "--device", "gpu7", TEXT), "`--device` must be a device of this machine"),
    "a layer that is not there": (("embed", "--layer", "99", TEXT), "`layer` must be from -"),
    "no beams": (("generate", "--model", "my-causal-model", "--num-beams", "0", TEXT), "`num_beams` must be"),
    "heat without drawing": (
        ("generate", "--model", "my-causal-model", "--temperature", "2", TEXT),
        "`temperature` has an effect only with",
    ),
    "no answers": (("qa", "--model", "my-reader", "--top-k", "0", INPUT["qa"]), "`top_k` must be a whole number ≥ 1"),
    "a question without a context": (("qa", "--model", "my-reader", QUESTION), "text 1 must have a tab between two"),
    "a stride without a strategy": (
        ("ner", "--model", "my-tagger", "--aggregation", "none", "--stride", "3", TEXT),
        "`stride` needs an `aggregation_strategy`",
    ),
    "a folder that is not there": (("embed", "--output", "nowhere/v.npy", TEXT), "must be a file in a folder that is"),
    "a text that is too long": (
        ("classify", "--model", "my-classifier", "--lang", "en", TEXT, LONG),
        "text 2: a text must have at most 48 tokens",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_line_and_exit_status_1(fault: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments, message = FAULTS[fault]

    assert run(*arguments) == 1

    printed = capsys.readouterr()
    assert message in printed.err
    assert (printed.out, printed.err.count("\n")) == ("", 1)


def test_impossible_options_are_no_fault_of_the_texts(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They are told once, before a text is read."""
    assert run("ner", "--model", "my-tagger", "--lang", "xx", "--keep-going", TEXT, OTHER) == 1

    assert capsys.readouterr().err == "xlm_torch: `lang` must be one of ['cs', 'de', 'en', 'fr']; got 'xx'.\n"


WRONG = [
    ("classify", "--hypothesis-template", "It is {}.", TEXT),
    ("classify", "--candidate-labels", "a,b", "--pair", TEXT),
    ("classify", "--top-k", "some", TEXT),
    ("embed", "--json", "--output", "v.npy", TEXT),
    ("embed", "--layer", "last", TEXT),
    ("embed", "--pooling", "sum", TEXT),
    ("embed", "--dtype", "int8", TEXT),
    ("generate", "--mode", "append", TEXT),
    ("ner", "--aggregation", "some", TEXT),
]


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_a_wrong_command_line_is_exit_status_2(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        run(*arguments)

    assert stopped.value.code == 2
    assert f"usage: python -m xlm_torch {arguments[0]}" in capsys.readouterr().err


def test_device_and_dtype_are_the_models(capsys: pytest.CaptureFixture[str]) -> None:
    full, half = (
        np.array(said(capsys, "embed", "--device", "cpu", "--dtype", dtype, TEXT)[0]["embedding"])
        for dtype in ("float32", "bfloat16")
    )

    assert 0 < np.abs(full - half).max() < 0.1


@pytest.mark.filterwarnings("default")
def test_a_warning_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("fill-mask", "A [MASK].") == 0

    err = capsys.readouterr().err
    assert err.startswith("xlm_torch: warning: the model knows languages, ['cs', 'de', 'en', 'fr'], and was given none")
    assert err.count("\n") == 1


# ---- as processes


def examples(command: str, program: str) -> list[list[str]]:
    """Those at the end of a command's help, without what a shell does with their output."""
    parsers = make_parser(program)._actions[-1].choices
    lines = re.findall(rf"^  python -m {program} (.*)$", parsers[command].epilog, re.MULTILINE)
    return [shlex.split(line.partition(" > ")[0]) for line in lines]


@pytest.mark.parametrize("command", MODEL)
def test_examples_of_the_help_work(command: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "texts.txt").write_text(f"{TEXT}\n{OTHER}\n", "utf-8")
    (here / "questions.jsonl").write_text(json.dumps({"question": QUESTION, "context": TEXT}), "utf-8")
    (here / "vectors.npy").unlink(missing_ok=True)

    assert [run(*arguments) for arguments in examples(command, "xlm_torch")] == [0, 0]
    assert capsys.readouterr().err == ""


def process(program: str, folder: Path, *arguments: str, content: str) -> subprocess.CompletedProcess[str]:
    """The command line as people run it."""
    environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    return subprocess.run(
        [sys.executable, "-m", program, *arguments],
        input=content,
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=folder,
        env=environment,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize(("program", "command"), [*(("xlm_torch", name) for name in MODEL), ("xlm_tf", "qa")])
def test_module_is_a_command(program: str, command: str, models: Path) -> None:
    """Texts from standard input; a bad one is told and counted, and the others are answered."""
    pytest.importorskip("tensorflow" if program == "xlm_tf" else "torch")
    texts = INPUT[command].split("\t")
    row = json.dumps(dict(zip(("question", "context") if command == "qa" else ("text",), texts, strict=True)))

    done = process(
        program,
        models,
        *(command, "--model", MODEL[command], "--lang", "en", "--jsonl", "--json", "--keep-going"),
        content=f"{row}\n7\n{row}\n",
    )

    first, second = map(json.loads, done.stdout.splitlines())
    assert done.returncode == 1
    assert done.stderr.startswith(f"{program}: line 2 of standard input must be a string, or an object with a `")
    assert done.stderr.endswith(f"\n{program}: 1 left out\n")
    assert first == second
    assert first[KEY[command]]


def test_every_command_with_a_model_is_tested() -> None:
    names = {module.__name__.rpartition(".")[2].replace("_", "-") for module in MODEL_COMMANDS}

    assert names == MODEL.keys() == KEY.keys()
