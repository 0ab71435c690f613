"""The harness with small models and nobody else: that it works, not how fast."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import variants
from benchmarks.checkpoints import Checkpoints
from benchmarks.harness import (
    Budget,
    Measured,
    Settings,
    Worker,
    WorkerError,
    measure,
    measure_fresh,
    take_turns,
)
from benchmarks.sizes import Case
from benchmarks.variants import ROOT

ONCE = Settings(Budget(rounds=2, seconds=1.0, short=0.0), threads=1)


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Checkpoints:
    return Checkpoints(tmp_path_factory.mktemp("checkpoints"))


def run_benchmarks(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks.run", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_variants_take_turns_and_agree(checkpoints: Checkpoints) -> None:
    """Seconds of each in every round, peaks, versions, and the same numbers from the same model."""
    pytest.importorskip("torch")
    case = Case("forward", "tiny", 2, 8)

    found = measure(case, ["ours", "ceiling"], checkpoints.folder(case, "language-modeling"), ONCE)

    assert found.missing == {}
    assert len(found.rounds) >= 1
    assert all(set(each) == {"ours", "ceiling"} and min(each.values()) > 0 for each in found.rounds)
    assert set(found.peaks) == {"ours", "ceiling"}
    assert found.notes["ceiling"]["gflop"] > 1
    assert "torch" in found.versions["ours"]
    assert len(found.results["ours"]) == 2 * 8 * 256


def test_who_is_killed_in_its_turn_leaves_and_the_others_go_on() -> None:
    found = Measured(Case("forward"))

    def turn(name: str) -> dict[str, float]:
        if name == "greedy" and len(found.rounds) == 1:
            raise WorkerError("the process ended with -9")
        return {"seconds": 1.0, "peak": 1.0, "idle": 0.0}

    take_turns(["modest", "greedy"], Settings(Budget(rounds=3, seconds=60.0, short=0.0)), found, turn)

    assert found.missing == {"greedy": "the process ended with -9"}
    assert found.rounds == [{"modest": 1.0}] * 3


@pytest.mark.slow
def test_who_cannot_is_said_to_be_missing_and_the_others_go_on(checkpoints: Checkpoints) -> None:
    """An environment without transformers, to begin with."""
    pytest.importorskip("torch")
    case, names = Case("forward", "tiny", 2, 8), ["ours", "hf-eager"]
    settings = Settings(ONCE.budget, 1, {"hf4": sys.executable})

    found = measure(case, names, checkpoints.folder(case, "language-modeling"), settings)

    assert "ours" in found.rounds[0]
    assert set(found.missing) == {"hf-eager"}
    assert "transformers" in found.missing["hf-eager"]


def test_a_fresh_turn_is_a_process_of_its_own() -> None:
    found = measure_fresh(Case("importing"), ["core", "numpy"], Path(), ONCE)

    assert found.missing == {}
    assert set(found.rounds[0]) == {"core", "numpy"}


def test_an_error_is_told_and_the_process_goes_on() -> None:
    worker = Worker.of("core", ONCE)

    with pytest.raises(WorkerError, match="nothing was built"):
        worker.ask(do="look")
    assert worker.ask(do="build", variant="core", case={"workload": "importing"}, folder=".")["factor"] == 1.0
    worker.end()


def test_the_last_words_of_a_process_are_told() -> None:
    worker = Worker([sys.executable, "-c", "import sys; sys.exit('no such thing')"])

    with pytest.raises(WorkerError, match="ended with 1: no such thing"):
        worker.ask(do="look")
    worker.end()


def test_a_run_writes_results_and_merges_rows(tmp_path: Path) -> None:
    """`--only` into a file replaces the rows of the same name and keeps the others."""
    file = tmp_path / "results.json"
    file.write_text(json.dumps({"rows": [{"name": "another"}, {"name": "import xlm_core"}], "ceiling": {"kept": 1}}))
    command = ["--only", "import xlm_core", "--rounds", "1", "--seconds", "0.1"]

    done = run_benchmarks(*command, "--output", str(file))

    assert done.returncode == 0, done.stderr
    assert "| import xlm_core | `import numpy` |" in done.stdout
    written = json.loads(file.read_text(encoding="utf-8"))
    assert [each["name"] for each in written["rows"]] == ["another", "import xlm_core"]
    assert written["ceiling"] == {"kept": 1}
    assert written["rows"][1]["rounds"]
    assert set(written["machine"]) >= {"cpu", "flags", "cores"}


def test_a_word_that_no_row_has_is_refused() -> None:
    done = run_benchmarks("--only", "nothing")

    assert done.returncode == 1
    assert "no row has one of ['nothing'] in its name" in done.stderr


def test_an_environment_is_named_or_made_or_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By an option, by a variable, by `make bench-env`: the first of these that there is."""
    monkeypatch.setattr(variants, "ROOT", tmp_path)
    monkeypatch.delenv("XLM_BENCH_HF5", raising=False)

    assert variants.interpreter("hf5", {}) is None
    with pytest.raises(WorkerError, match="`make bench-env` makes it"):
        Worker.of("hf5-eager", ONCE)
    made = tmp_path / ".bench" / "hf5" / "bin" / "python"
    made.parent.mkdir(parents=True)
    made.touch()
    assert variants.interpreter("hf5", {}) == str(made)
    monkeypatch.setenv("XLM_BENCH_HF5", "variable")
    assert variants.interpreter("hf5", {}) == "variable"
    assert variants.interpreter("hf5", {"hf5": "option"}) == "option"
