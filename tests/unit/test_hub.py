"""`xlm_core.hub`: what a name means, and what is said when there is nothing behind it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import huggingface_hub
import pytest
from huggingface_hub.errors import (
    GatedRepoError,
    LocalEntryNotFoundError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from xlm_core import hub
from xlm_core.errors import FetchError, InputError
from xlm_core.hub import Folder, HubRepository, locate, upload_folder


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder with a config and weights."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").touch()
    return folder


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A Hub cache that holds the config of one released model."""
    repository = tmp_path / "cache" / "models--FacebookAI--xlm-mlm-en-2048"
    snapshot = repository / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0" * 40)
    (snapshot / "config.json").write_text("{}")
    return tmp_path / "cache"


@pytest.fixture
def hub_says(monkeypatch: pytest.MonkeyPatch):
    """Let the Hub's client raise an error instead of reaching for the network."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)

    def say(error: Exception) -> None:
        def hf_hub_download(*args: object, **options: object) -> str:
            raise error

        monkeypatch.setattr(huggingface_hub, "hf_hub_download", hf_hub_download)

    return say


def answer(kind: type[Exception]) -> Exception:
    """An error as the Hub's client makes it of an HTTP answer."""
    return kind("refused", response=SimpleNamespace(headers={}, request=None))


def test_a_folder_gives_its_files(model):
    assert locate(model).file("config.json") == model / "config.json"


def test_a_folder_may_be_a_text(model):
    assert locate(str(model)).file("config.json") == model / "config.json"


def test_a_file_stands_for_its_folder(model):
    files = locate(model / "model.safetensors")

    assert (files.file("config.json"), files.chosen) == (model / "config.json", "model.safetensors")


def test_a_subfolder_is_entered(model):
    assert locate(model.parent, subfolder="model").file("config.json") == model / "config.json"


def test_the_home_folder_is_understood(model, monkeypatch):
    monkeypatch.setenv("HOME", str(model.parent))

    assert locate("~/model").file("config.json") == model / "config.json"


def test_a_folder_here_wins_over_the_hub(model, monkeypatch):
    monkeypatch.chdir(model.parent)
    model.rename("xlm-mlm-en-2048")

    assert isinstance(locate("xlm-mlm-en-2048"), Folder)


def test_the_first_file_that_is_there_is_found(model):
    assert locate(model).find("absent.json", "config.json") == model / "config.json"


def test_nothing_is_found_where_nothing_is(model):
    assert locate(model).find("absent.json") is None


def test_a_missing_file_is_named_with_those_that_are_there(model):
    with pytest.raises(
        FetchError, match=r"must have `a.json` or `b.json`; .* folder has config.json, model.safetensors"
    ):
        locate(model).file("a.json", "b.json")


@pytest.mark.parametrize(
    "name",
    ["./absent", "../absent", "~/absent", "/absent", "a/b/c", "absent/", "a\\b", "a/model.safetensors", Path("a/b")],
)
def test_a_path_that_is_not_there_is_never_looked_for_on_the_hub(name):
    with pytest.raises(FetchError, match="must be a folder or a weight file; there is none"):
        locate(name)


@pytest.mark.parametrize("name", ["", "a b", "-a", "a--b", "a..b", "a/-b", "ä", "a" * 97, "a:b"])
def test_what_is_neither_path_nor_id_is_refused(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(FetchError, match="must be a folder, a file or a Hub id such as `FacebookAI/xlm-mlm-en-2048`"):
        locate(name)


def test_a_subfolder_that_is_not_there_is_refused(model):
    with pytest.raises(FetchError, match=r"absent` must be a folder; there is none. Leave `subfolder` out"):
        locate(model, subfolder="absent")


@pytest.mark.parametrize("subfolder", ["..", "a/../..", "/etc", "\\etc", "a\\..\\.."])
def test_a_subfolder_outside_is_refused(model, subfolder):
    with pytest.raises(InputError, match="`subfolder` must lie inside the model's folder"):
        locate(model, subfolder=subfolder)


def test_a_subfolder_of_a_file_is_refused(model):
    with pytest.raises(InputError, match="`subfolder` must be empty for a file; got 'a'"):
        locate(model / "model.safetensors", subfolder="a")


def test_a_revision_of_a_folder_is_refused(model):
    with pytest.raises(InputError, match="`revision` must be None for a folder; got 'main'"):
        locate(model, revision="main")


@pytest.mark.parametrize("name", ["xlm-mlm-en-2048", "FacebookAI/xlm-mlm-en-2048"])
def test_old_and_new_names_are_one_repository(name):
    assert locate(name).name == "FacebookAI/xlm-mlm-en-2048"


def test_other_ids_are_left_alone():
    assert locate("someone/model.v2").name == "someone/model.v2"


def test_the_demonstration_is_found_in_a_checkout(tmp_path, monkeypatch):
    (tmp_path / "examples" / "xlm-demo").mkdir(parents=True)
    monkeypatch.setattr(hub, "CHECKOUT", tmp_path)

    assert locate("xlm-demo").name == str(tmp_path / "examples" / "xlm-demo")


def test_the_demonstration_is_not_part_of_an_installed_package(tmp_path, monkeypatch):
    monkeypatch.setattr(hub, "CHECKOUT", tmp_path)

    with pytest.raises(FetchError, match=r"because of its licence \(CC BY-NC-SA 4.0\).* examples/xlm-demo: clone"):
        locate("xlm-demo")


def test_a_cached_file_needs_no_network(cache):
    files = locate("xlm-mlm-en-2048", cache_dir=cache, local_files_only=True)

    assert files.file("config.json").read_text() == "{}"


def test_a_file_that_is_not_cached_is_refused_without_a_network(cache):
    files = locate("xlm-mlm-en-2048", cache_dir=cache, local_files_only=True)

    with pytest.raises(FetchError, match=r"must have `vocab.json`; there is none. Only the local cache was searched"):
        files.file("vocab.json")


def test_the_clients_offline_mode_is_respected(cache, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)

    with pytest.raises(FetchError, match="HF_HUB_OFFLINE is set"):
        locate("xlm-mlm-en-2048", cache_dir=cache).file("vocab.json")


def test_a_file_that_the_repository_lacks_is_not_found(hub_says):
    hub_says(answer(RemoteEntryNotFoundError))

    assert locate("xlm-mlm-en-2048").find("absent.json") is None


def test_a_file_that_the_repository_lacks_is_refused_with_its_page(hub_says):
    hub_says(answer(RemoteEntryNotFoundError))

    with pytest.raises(FetchError, match=r"See https://huggingface.co/FacebookAI/xlm-mlm-en-2048"):
        locate("xlm-mlm-en-2048").file("absent.json")


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (answer(RepositoryNotFoundError), "Check the spelling; if it is private, run `hf auth login`"),
        (answer(GatedRepoError), "Ask for access on the model's page"),
        (answer(RevisionNotFoundError), "`revision` is a branch, a tag or a commit"),
        (LocalEntryNotFoundError("refused"), "Check the network and try again"),
        (ConnectionError("refused"), "Check the network and try again"),
        (RuntimeError("refused"), "Check the network and try again"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_refusal_says_what_to_do(hub_says, error, advice):
    hub_says(error)

    with pytest.raises(FetchError) as caught:
        locate("someone/model").find("config.json")

    beginning = "`config.json` of `someone/model` must be fetched from the Hugging Face Hub; got "
    assert str(caught.value).startswith(f"{beginning}{type(error).__name__}: refused.")
    assert advice in str(caught.value)


def test_options_reach_the_client(monkeypatch, tmp_path):
    received: dict[str, object] = {}

    def hf_hub_download(repository: str, filename: str, **options: object) -> str:
        received.update(options, repository=repository, filename=filename)
        return str(tmp_path)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", hf_hub_download)
    locate("someone/model", revision="v2", subfolder="a/b", cache_dir=tmp_path, token="secret").file("config.json")

    assert received == {
        "repository": "someone/model",
        "filename": "config.json",
        "revision": "v2",
        "subfolder": "a/b",
        "cache_dir": tmp_path,
        "token": "secret",
        "local_files_only": False,
        "library_name": "xlm",
    }


def test_a_hub_name_is_located_without_the_client():
    assert isinstance(locate("someone/model"), HubRepository)


def test_neither_import_nor_a_folder_loads_the_client(model):
    code = "import sys, xlm_core.hub as hub; hub.locate(sys.argv[1]); sys.exit('huggingface_hub' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code, model], check=False, cwd=hub.CHECKOUT).returncode == 0


class Hub:
    """Stands for `huggingface_hub.HfApi`: writes down what it is asked for, and raises what it is told to."""

    calls: ClassVar[list[tuple[str, dict[str, object]]]] = []
    error: ClassVar[Exception | None] = None
    pr_url: ClassVar[str | None] = None

    def __init__(self, **options: object) -> None:
        self.calls.append(("client", options))

    def create_repo(self, repo_id: str, **options: object) -> SimpleNamespace:
        self.calls.append(("create_repo", {"repo_id": repo_id, **options}))
        if self.error:
            raise self.error
        return SimpleNamespace(repo_id=repo_id if "/" in repo_id else f"me/{repo_id}")

    def create_branch(self, repo_id: str, **options: object) -> None:
        self.calls.append(("create_branch", {"repo_id": repo_id, **options}))

    def upload_folder(self, **options: object) -> SimpleNamespace:
        self.calls.append(("upload_folder", options))
        return SimpleNamespace(commit_url="https://hub/commit", pr_url=self.pr_url)


@pytest.fixture
def hub_client(monkeypatch: pytest.MonkeyPatch) -> type[Hub]:
    """The Hub's client, its network replaced."""

    class Fresh(Hub):
        calls: ClassVar[list[tuple[str, dict[str, object]]]] = []

    monkeypatch.setattr(huggingface_hub, "HfApi", Fresh)
    return Fresh


def asked(hub_client: type[Hub], name: str) -> dict[str, object]:
    """The arguments of the one call of a method."""
    (options,) = (options for called, options in hub_client.calls if called == name)
    return options


def test_a_folder_is_uploaded_in_one_commit(model, hub_client):
    assert upload_folder(model, "someone/model", commit_message="first") == "https://hub/commit"
    assert asked(hub_client, "upload_folder") == {
        "repo_id": "someone/model",
        "folder_path": model,
        "commit_message": "first",
        "revision": None,
        "create_pr": False,
    }


def test_a_repository_is_made_where_there_is_none(model, hub_client):
    upload_folder(model, "model", private=True, token="secret")

    assert asked(hub_client, "client") == {"token": "secret", "library_name": "xlm"}
    assert asked(hub_client, "create_repo") == {"repo_id": "model", "private": True, "exist_ok": True}
    assert asked(hub_client, "upload_folder")["repo_id"] == "me/model"


def test_a_branch_is_made_where_there_is_none(model, hub_client):
    upload_folder(model, "someone/model", revision="v2")

    assert asked(hub_client, "create_branch") == {"repo_id": "someone/model", "branch": "v2", "exist_ok": True}


@pytest.mark.parametrize("options", [{}, {"revision": "refs/pr/1"}, {"revision": "main", "create_pr": True}])
def test_no_branch_is_made_unasked(model, hub_client, options):
    upload_folder(model, "someone/model", **options)

    assert "create_branch" not in dict(hub_client.calls)


def test_a_request_is_answered_with_its_address(model, hub_client):
    hub_client.pr_url = "https://hub/discussions/1"

    assert upload_folder(model, "someone/model", create_pr=True) == "https://hub/discussions/1"


def test_what_the_hub_refuses_is_said_with_what_to_do(model, hub_client):
    hub_client.error = ConnectionError("refused")

    with pytest.raises(FetchError, match=r"must be uploaded to `someone/model` .*; got ConnectionError: refused"):
        upload_folder(model, "someone/model")


@pytest.mark.parametrize("name", ["", "a b", "a--b", "a/b/c"])
def test_nothing_is_uploaded_under_a_name_that_is_no_hub_id(model, hub_client, name):
    with pytest.raises(FetchError, match="must be a folder, a file or a Hub id"):
        upload_folder(model, name)

    assert not hub_client.calls


def test_a_folder_that_is_not_there_is_not_uploaded(model, hub_client):
    with pytest.raises(FetchError, match="absent` must be a folder to upload"):
        upload_folder(model / "absent", "someone/model")

    assert not hub_client.calls
