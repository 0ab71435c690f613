"""A tokenizer's files: found, read, written, and put on the Hub."""

from __future__ import annotations

import inspect
import os
from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

from ..checkpoints import mended_settings
from ..errors import FetchError, InputError
from .decoding import TokenConverter
from .settings import read_settings, write_settings
from .vocabularies.vocabulary import MERGES_FILE, VOCAB_FILE

_FILES = ("vocab_file", "merges_file")


class SavingTokenizer(TokenConverter):
    """A tokenizer that is kept in files, in Hugging Face's layout."""

    vocab_files_names = {"vocab_file": VOCAB_FILE, "merges_file": MERGES_FILE}  # noqa: RUF012  (Hugging Face's name)
    name_or_path: str
    _other_settings: dict[str, Any]

    @classmethod
    def from_pretrained(
        cls,
        name_or_path: str | os.PathLike[str],
        *,
        revision: str | None = None,
        subfolder: str = "",
        cache_dir: str | os.PathLike[str] | None = None,
        token: str | bool | None = None,
        local_files_only: bool = False,
        use_fast: bool | None = None,  # noqa: ARG003  (says nothing that is not so)
        trust_remote_code: bool | None = None,  # noqa: ARG003  (the same)
        hub_defaults: str = "mended",
        **overrides: Any,
    ) -> Self:
        """The tokenizer of a folder or a repository on the Hub; ``overrides`` are arguments of the constructor.

        The files of some released checkpoints say the wrong case. This is mended, with a warning;
        ``hub_defaults="as-is"`` keeps what the file says.

        Keys of `tokenizer_config.json` that are not arguments are kept and written back. Whatever ``use_fast`` and
        ``trust_remote_code`` say, there is one tokenizer, and no code is fetched.

        Raises: FetchError if a file is missing, VocabularyError if one is damaged.
        """
        from ..hub import locate

        repository = locate(
            name_or_path,
            revision=revision,
            subfolder=subfolder,
            cache_dir=cache_dir,
            token=token,
            local_files_only=local_files_only,
        )
        settings = mended_settings(read_settings(repository), repository.name, hub_defaults)
        arguments = {name: settings.pop(name) for name in _arguments(cls) if name in settings}
        files = {"vocab_file": repository.file(VOCAB_FILE), "merges_file": repository.file(MERGES_FILE)}
        make: Callable[..., Self] = cls
        tokenizer = make(**files, **{**arguments, **overrides})
        vars(tokenizer).update(name_or_path=str(name_or_path), _other_settings=settings)
        return tokenizer

    def save_pretrained(
        self,
        save_directory: str | os.PathLike[str],
        legacy_format: bool | None = None,
        filename_prefix: str | None = None,
        push_to_hub: bool = False,
        *,
        repo_id: str | None = None,
        **commit: Any,
    ) -> tuple[str, ...]:
        """Write the vocabulary and the settings, as Hugging Face lays them out, and return the paths.

        ``push_to_hub`` then uploads them; ``repo_id`` is the folder's name if it is None, and ``commit`` are the other
        arguments of `push_to_hub`.

        Raises: InputError for ``legacy_format=False``, which asks for a `tokenizer.json` that cannot be exact, and for
        arguments of `push_to_hub` without it.
        """
        _check_saving(legacy_format, push_to_hub, {"repo_id": repo_id, **commit})
        folder = Path(save_directory)
        folder.mkdir(parents=True, exist_ok=True)
        prefix = f"{filename_prefix}-" if filename_prefix else ""
        settings = write_settings(folder, prefix, self._settings(), self.vocab_size)
        paths = (*map(str, settings), *self.save_vocabulary(folder, filename_prefix))
        if push_to_hub:
            self.push_to_hub(repo_id or folder.resolve().name, **commit)
        return paths

    def save_vocabulary(
        self, save_directory: str | os.PathLike[str], filename_prefix: str | None = None
    ) -> tuple[str, str]:
        """Write `vocab.json` and `merges.txt` into a folder that is there, and return their paths.

        Raises: FetchError if there is no such folder. Differs: Hugging Face logs this and returns None.
        """
        folder = Path(save_directory)
        if not folder.is_dir():
            raise FetchError(f"`save_directory` must be a folder; there is none at `{folder}`. Make it first.")
        prefix = f"{filename_prefix}-" if filename_prefix else ""
        vocab_file, merges_file = folder / f"{prefix}{VOCAB_FILE}", folder / f"{prefix}{MERGES_FILE}"
        self._vocabulary.write(vocab_file, merges_file)
        return str(vocab_file), str(merges_file)

    def push_to_hub(
        self,
        repo_id: str,
        *,
        commit_message: str | None = None,
        private: bool | None = None,
        token: str | bool | None = None,
        revision: str | None = None,
        create_pr: bool = False,
    ) -> str:
        """Put the files into a repository on the Hugging Face Hub in one commit, and return its URL.

        Raises: FetchError for what the Hub refuses.
        """
        from ..hub import upload_folder

        with TemporaryDirectory() as folder:
            self.save_pretrained(folder)
            return upload_folder(
                Path(folder),
                repo_id,
                commit_message=commit_message or "Upload tokenizer",
                private=private,
                token=token,
                revision=revision,
                create_pr=create_pr,
            )

    @property
    def init_kwargs(self) -> dict[str, Any]:
        """What `tokenizer_config.json` would hold."""
        return self._settings()

    @abstractmethod
    def _settings(self) -> dict[str, Any]:
        """What the constructor needs to build this tokenizer again, and what the files held besides."""


def _arguments(tokenizer: type) -> list[str]:
    """The names of the constructor's arguments that are not files."""
    return [name for name in inspect.signature(tokenizer).parameters if name not in _FILES]


def _check_saving(legacy_format: bool | None, push_to_hub: bool, options: dict[str, Any]) -> None:
    if legacy_format is False:
        raise InputError(
            "`legacy_format` must be None or True: a `tokenizer.json` cannot hold Moses' rules. "
            "`save_tokenizer_json` writes one for texts that are already split into words."
        )
    given = [name for name, value in options.items() if value is not None]
    if given and not push_to_hub:
        raise InputError(f"{given} need `push_to_hub=True`; without it nothing is uploaded.")
