"""`conversion.publishing` and `conversion.progress`: files that appear together, whatever happens on the way."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import pytest

from conversion.progress import watching
from conversion.publishing import publish, staging
from xlm_core.errors import FetchError

NAMES = ("a.txt", "b.txt", "key")


class Killed(BaseException):
    """Stands for the end of the process: nothing is tidied up."""


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A folder with an old set of files, one of which the new set has not, and a stranger."""
    write(tmp_path / "target", ("a.txt", "key", "stale.txt"), "old")
    write(tmp_path / "target", ("stranger",), "mine")
    return tmp_path / "target"


def write(folder: Path, names: tuple[str, ...], text: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_text(text)
    return folder


def content(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def fail_at(monkeypatch: pytest.MonkeyPatch, step: int, error: BaseException) -> None:
    """Let the move with this number fail."""
    rename, moves = Path.rename, []

    def failing(self: Path, other: Path) -> Path:
        moves.append(other)
        if len(moves) == step:
            raise error
        return rename(self, other)

    monkeypatch.setattr(Path, "rename", failing)


def test_a_new_folder_appears_at_once(tmp_path):
    with staging(tmp_path / "new") as staged:
        write(staged, NAMES, "new")
        assert not (tmp_path / "new").exists()
        publish(staged, tmp_path / "new", NAMES)

    assert content(tmp_path / "new") == dict.fromkeys(NAMES, "new")
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_files_take_the_place_of_old_ones_and_strangers_stay(target):
    with staging(target) as staged:
        publish(write(staged, NAMES, "new"), target, NAMES, stale=["stale.txt"])

    assert content(target) == dict.fromkeys(NAMES, "new") | {"stranger": "mine"}
    assert [path.name for path in target.parent.iterdir()] == ["target"]


@pytest.mark.parametrize("step", range(1, 7))
def test_a_move_that_fails_brings_everything_back(target, monkeypatch, step):
    before = content(target)
    fail_at(monkeypatch, step, OSError(28, "No space left on device"))

    with pytest.raises(FetchError, match="No space left on device"), staging(target) as staged:
        publish(write(staged, NAMES, "new"), target, NAMES, stale=["stale.txt"])

    assert content(target) == before
    assert [path.name for path in target.parent.iterdir()] == ["target"]


@pytest.mark.parametrize("step", range(1, 8))
def test_a_process_that_ends_leaves_the_old_the_new_or_no_key(target, tmp_path, monkeypatch, step):
    before = content(target)
    staged = write(tmp_path / "workspace", (), "") / "new"
    write(staged, NAMES, "new")
    (tmp_path / "workspace" / "old").mkdir()
    fail_at(monkeypatch, step, Killed())

    if step <= 6:
        with pytest.raises(Killed):
            publish(staged, target, NAMES, stale=["stale.txt"])
    else:
        publish(staged, target, NAMES, stale=["stale.txt"])

    found = content(target)
    is_old, is_new = found == before, found == dict.fromkeys(NAMES, "new") | {"stranger": "mine"}
    assert is_old == (step == 1)
    assert is_new == (step == 7)
    assert is_old or is_new or "key" not in found
    kept = [path.read_text() for path in tmp_path.rglob("*") if path.is_file()]
    assert (kept.count("old"), kept.count("new")) == (3, 3)


def test_a_single_file_is_replaced_in_one_step(target, monkeypatch):
    fail_at(monkeypatch, 1, OSError("nothing else is moved"))

    with staging(target) as staged:
        publish(write(staged, ("key",), "new"), target, ["key"], stale=["key"])

    assert content(target)["key"] == "new"


def test_a_folder_of_staging_goes_with_the_block(tmp_path):
    def work() -> None:
        with staging(tmp_path / "new") as staged:
            write(staged, NAMES, "new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()

    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_waits_until_the_files_are_there(target, monkeypatch):
    rename = Path.rename

    def interrupting(self: Path, other: Path) -> Path:
        signal.raise_signal(signal.SIGINT)
        return rename(self, other)

    monkeypatch.setattr(Path, "rename", interrupting)
    before = signal.getsignal(signal.SIGINT)

    with staging(target) as staged:
        publish(write(staged, NAMES, "new"), target, NAMES)

    assert content(target).items() >= dict.fromkeys(NAMES, "new").items()
    assert signal.getsignal(signal.SIGINT) is before


def test_a_thread_may_publish(target):
    def work() -> None:
        with staging(target) as staged:
            publish(write(staged, NAMES, "new"), target, NAMES)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert content(target)["key"] == "new"


def test_a_target_that_cannot_be_made_is_an_error_of_ours(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(FetchError, match="must be a folder that can be written to"), staging(tmp_path / "file" / "new"):
        pytest.fail("there is no place to write to")


def test_progress_ends_with_all_that_was_written(tmp_path, capsys):
    with watching(tmp_path, 2000, show=True):
        (tmp_path / "a").write_bytes(bytes(1500))
        (tmp_path / "b").write_bytes(bytes(500))

    assert capsys.readouterr().err.endswith("\r2.0 kB of 2.0 kB written\n")


@pytest.mark.parametrize("show", [False, None])
def test_progress_is_not_shown_where_nobody_watches(tmp_path, capsys, show):
    with watching(tmp_path, 2000, show):
        (tmp_path / "a").write_bytes(bytes(1500))

    assert capsys.readouterr().err == ""
