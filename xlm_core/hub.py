"""From the name of a model to its files: a folder, a file in one, or a repository on the Hugging Face Hub; and back.

This is the only code that reaches the network, and it does so only for names that cannot be local.
"""

from __future__ import annotations

import os
import re
from abc import ABC, abstractmethod
from pathlib import Path, PurePosixPath

from .checkpoints import BUILT_IN, RELEASED, repository_id
from .errors import FetchError, InputError

CHECKOUT = Path(__file__).resolve().parent.parent
HUB_ID = re.compile(r"(?!.*(--|\.\.))(\w[\w.-]*/)?\w[\w.-]*", re.ASCII)
WEIGHT_SUFFIXES = (".bin", ".h5", ".json", ".keras", ".pt", ".pth", ".safetensors")

UNREACHABLE = (
    "Check the network and try again; a folder of files works without one, and so does a model that was loaded "
    "before (`local_files_only=True` or HF_HUB_OFFLINE=1)."
)
NOT_TAKEN = (
    "Check the network, and that your token may write there: run `hf auth login`, or pass `token=`. "
    "HF_HUB_OFFLINE must not be set."
)
FAILURES = {
    "GatedRepoError": "Ask for access on the model's page, then run `hf auth login` or pass `token=`.",
    "HFValidationError": "A Hub id is `owner/name`.",
    "LocalTokenNotFoundError": "Run `hf auth login`, or do not ask for a token.",
    "RepositoryNotFoundError": "Check the spelling; if it is private, run `hf auth login` or pass `token=`. "
    f"The released models are {', '.join(RELEASED)}.",
    "RevisionNotFoundError": "`revision` is a branch, a tag or a commit of the repository.",
}
"""Name of the Hub client's error -> what to do; the most specific class that is listed counts."""


class Repository(ABC):
    """The files of one model, wherever they lie; a file is looked for, and fetched, when it is asked for.

    ``chosen`` is the one weight file that the caller named, None if the caller named the model.
    """

    name: str
    chosen: str | None = None

    @abstractmethod
    def _look_up(self, filename: str) -> Path | None:
        """The path of a file, None if there is no such file."""

    @abstractmethod
    def _advice(self) -> str:
        """What to do when a file is not there."""

    def listing(self) -> tuple[str, ...]:
        """The file names that are known without asking a network."""
        return ()

    def find(self, *filenames: str) -> Path | None:
        """The first of these files that is there, None if none is."""
        return next((path for filename in filenames if (path := self._look_up(filename))), None)

    def file(self, filename: str, *alternatives: str) -> Path:
        """The first of these files that is there.

        Raises: FetchError if none is.
        """
        filenames = (filename, *alternatives)
        if path := self.find(*filenames):
            return path
        looked_for = " or ".join(f"`{name}`" for name in filenames)
        raise FetchError(f"`{self.name}` must have {looked_for}; there is none. {self._advice()}")


class Folder(Repository):
    """A model in a folder of this machine."""

    def __init__(self, path: Path, chosen: str | None = None) -> None:
        self.name, self.path, self.chosen = str(path), path, chosen

    def _look_up(self, filename: str) -> Path | None:
        path = self.path / filename
        return path if path.is_file() else None

    def _advice(self) -> str:
        return f"The folder has {', '.join(self.listing()) or 'no files'}."

    def listing(self) -> tuple[str, ...]:
        """The file names of the folder."""
        return tuple(sorted(path.name for path in self.path.iterdir() if path.is_file()))


class HubRepository(Repository):
    """A model on the Hugging Face Hub; its files are kept in the Hub's own cache."""

    def __init__(
        self,
        name: str,
        *,
        revision: str | None,
        subfolder: str,
        cache_dir: str | os.PathLike[str] | None,
        token: str | bool | None,
        local_files_only: bool,
    ) -> None:
        self.name = name
        self._revision, self._subfolder, self._token = revision, subfolder, token
        self._cache_dir = None if cache_dir is None else Path(cache_dir)
        self._local_files_only = local_files_only

    def _look_up(self, filename: str) -> Path | None:
        from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

        try:
            return self._fetch(filename)
        except LocalEntryNotFoundError as error:
            if self._is_offline():
                return None
            raise self._failure(filename, error) from error
        except EntryNotFoundError:
            return None
        except Exception as error:  # the Hub's client lets its HTTP library's errors through, and that library changed
            raise self._failure(filename, error) from error

    def _fetch(self, filename: str) -> Path:
        from huggingface_hub import hf_hub_download

        path = hf_hub_download(
            self.name,
            filename,
            subfolder=self._subfolder or None,
            revision=self._revision,
            cache_dir=self._cache_dir,
            token=self._token,
            local_files_only=self._local_files_only,
            library_name="xlm",
        )
        return Path(path)

    def _is_offline(self) -> bool:
        from huggingface_hub import constants

        return self._local_files_only or constants.HF_HUB_OFFLINE

    def _advice(self) -> str:
        if self._is_offline():
            return (
                "Only the local cache was searched (`local_files_only` or HF_HUB_OFFLINE is set): load it once with a "
                "network, or pass the `cache_dir` that has it."
            )
        return f"See https://huggingface.co/{self.name} for the files it has."

    def _failure(self, filename: str, error: Exception) -> FetchError:
        return _failure(f"`{filename}` of `{self.name}` must be fetched from the Hugging Face Hub", error, UNREACHABLE)


def locate(
    name: str | os.PathLike[str],
    *,
    revision: str | None = None,
    subfolder: str = "",
    cache_dir: str | os.PathLike[str] | None = None,
    token: str | bool | None = None,
    local_files_only: bool = False,
) -> Repository:
    """The files of a model, by folder, by one of its files, by Hub id, or by the built-in name `xlm-demo`.

    What exists on this machine wins over the Hub. ``cache_dir``, ``token`` and ``local_files_only`` concern the Hub
    only; nothing is fetched before a file is asked for.

    Raises: FetchError if there is no such folder or the name can be no Hub id, InputError if ``revision`` is given
    for a folder or ``subfolder`` leads out of it.
    """
    _check_subfolder(subfolder)
    if local := _locate_here(name, subfolder):
        if revision is not None:
            raise InputError(f"`revision` must be None for a folder; got {revision!r} for `{name}`. Leave it out.")
        return local
    repository = _hub_id(name)
    return HubRepository(
        repository,
        revision=revision,
        subfolder=subfolder,
        cache_dir=cache_dir,
        token=token,
        local_files_only=local_files_only,
    )


def upload_folder(
    folder: Path,
    repo_id: str,
    *,
    commit_message: str | None = None,
    private: bool | None = None,
    token: str | bool | None = None,
    revision: str | None = None,
    create_pr: bool = False,
) -> str:
    """Put the files of a folder into a repository on the Hub in one commit; the URL of the commit, or of the request.

    A repository that is not there is made, ``private`` if asked for; so is a branch. ``create_pr`` leaves the branch
    as it is and asks its owner to take the files in.

    Raises: FetchError if ``folder`` is no folder, for a name that is no Hub id, and for what the Hub refuses.
    """
    from huggingface_hub import HfApi

    if not folder.is_dir():
        raise FetchError(f"`{folder}` must be a folder to upload; there is none.")
    name = _hub_id(repo_id)
    api = HfApi(token=token, library_name="xlm")
    try:
        name = api.create_repo(name, private=private, exist_ok=True).repo_id
        if revision is not None and not revision.startswith("refs/") and not create_pr:
            api.create_branch(name, branch=revision, exist_ok=True)
        commit = api.upload_folder(
            repo_id=name,
            folder_path=folder,
            commit_message=commit_message,
            revision=revision,
            create_pr=create_pr,
        )
    except Exception as error:  # as in `_look_up`
        raise _failure(f"`{folder}` must be uploaded to `{name}` on the Hugging Face Hub", error, NOT_TAKEN) from error
    return commit.pr_url or commit.commit_url


def has_file(repo_id: str, filename: str, *, token: str | bool | None = None, revision: str | None = None) -> bool:
    """Whether a repository on the Hub has a file; False if there is no such repository or branch yet.

    Raises: FetchError for a name that is no Hub id, and if the Hub cannot be reached.
    """
    from huggingface_hub import HfApi

    name = _hub_id(repo_id)
    try:
        return HfApi(token=token, library_name="xlm").file_exists(name, filename, revision=revision)
    except Exception as error:  # as in `_look_up`
        raise _failure(
            f"`{filename}` must be looked for in `{name}` on the Hugging Face Hub", error, NOT_TAKEN
        ) from error


def _failure(task: str, error: Exception, otherwise: str) -> FetchError:
    """What could not be done, what the Hub's client said, and what to do about it."""
    kinds = (kind.__name__ for kind in type(error).__mro__)
    advice = next((FAILURES[kind] for kind in kinds if kind in FAILURES), otherwise)
    said = str(error).strip().split("\n")[0]
    return FetchError(f"{task}; got {type(error).__name__}: {said}. {advice}")


def _check_subfolder(subfolder: str) -> None:
    path = PurePosixPath(subfolder.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts:
        raise InputError(f"`subfolder` must lie inside the model's folder; got {subfolder!r}.")


def _locate_here(name: str | os.PathLike[str], subfolder: str) -> Folder | None:
    """The folder of a name that exists on this machine, or is built in, or is plainly a path."""
    path = Path(name).expanduser()
    if name and path.is_dir():  # an empty text would be the working folder
        return _folder(path / subfolder)
    if path.is_file():
        return _file(path, subfolder)
    if name in BUILT_IN:
        return _folder(_built_in(str(name)) / subfolder)
    if _looks_like_a_path(name):
        raise FetchError(f"`{name}` must be a folder or a weight file; there is none. Look for a misspelling.")
    return None


def _folder(path: Path) -> Folder:
    if not path.is_dir():
        raise FetchError(f"`{path}` must be a folder; there is none. Leave `subfolder` out or correct it.")
    return Folder(path)


def _file(path: Path, subfolder: str) -> Folder:
    if subfolder:
        raise InputError(f"`subfolder` must be empty for a file; got {subfolder!r} for `{path}`. Leave it out.")
    return Folder(path.parent, chosen=path.name)


def _built_in(name: str) -> Path:
    """Where a checkout of the sources has a built-in model."""
    folder = CHECKOUT / BUILT_IN[name]
    if not folder.is_dir():
        raise FetchError(
            f"`{name}` must be in a checkout of the sources; this is an installed package, which does not contain the "
            "demonstration checkpoint because of its licence (CC BY-NC-SA 4.0). It lies in the repository under "
            f"{BUILT_IN[name]}: clone the repository and pass that folder."
        )
    return folder


def _looks_like_a_path(name: str | os.PathLike[str]) -> bool:
    text = os.fspath(name)
    return (
        not isinstance(name, str)
        or text.startswith((".", "~"))
        or Path(text).is_absolute()
        or "\\" in text
        or text.count("/") > 1
        or text.endswith(("/", *WEIGHT_SUFFIXES))
    )


def _hub_id(name: str | os.PathLike[str]) -> str:
    repository = repository_id(os.fspath(name))
    if not HUB_ID.fullmatch(repository) or len(repository) > 96:
        raise FetchError(f"`{name}` must be a folder, a file or a Hub id such as `FacebookAI/xlm-mlm-en-2048`.")
    return repository
