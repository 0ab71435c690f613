"""The folder that is written to: what is there, and whether it may be replaced."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from xlm_core.errors import InputError

from .answers import some
from .sources import CONFIG_FILE, Source
from .targets import Target, is_weight_file
from .tokenizers import CODES, VOCAB
from .tokenizers import FILES as TOKENIZER_FILES

COMPANIONS = (CONFIG_FILE, *TOKENIZER_FILES, CODES, VOCAB)


@dataclass(frozen=True)
class Destination:
    """A folder for a target's files; ``is_source`` if the model that is read lies there, too."""

    folder: Path
    target: Target
    is_source: bool

    @classmethod
    def of(cls, folder: str, target: Target, source: Source) -> Destination:
        """The folder of that name.

        Raises: InputError if it is a file.
        """
        path = Path(folder).expanduser().resolve()
        if path.exists() and not path.is_dir():
            raise InputError(f"DST must be a folder; `{folder}` is a file. Choose another name.")
        return cls(path, target, path == source.path.parent.resolve())

    def keeps(self, name: str) -> bool:
        """Whether a file is left as it is: a model's own config and tokenizer, when another format joins them."""
        return self.is_source and name in COMPANIONS and (self.folder / name).exists()

    def replaced(self, names: Collection[str]) -> list[str]:
        """What has to go for ``names``: files of those names, and what an earlier model left of the same kind."""
        return [name for name in self._there() if name in names or self._is_outdated(name)]

    def check(self, names: Collection[str], *, force: bool) -> None:
        """Refuse to overwrite files unasked, and to put weights where others would be read in their place.

        Raises: InputError.
        """
        others = [name for name in self._there() if is_weight_file(name) and not self.target.is_own(name)]
        if others and not self.is_source:
            raise InputError(
                f"DST must have no weights of another model; `{self.folder}` has {some(others)}, which might be read "
                "instead of the new ones. Remove them, or choose another folder."
            )
        if (there := self.replaced(names)) and not force:
            raise InputError(
                f"DST must not have these files; `{self.folder}` has {some(there)}. --force replaces them."
            )

    def _is_outdated(self, name: str) -> bool:
        return self.target.is_own(name) or (name in COMPANIONS and not self.is_source)

    def _there(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir()) if self.folder.is_dir() else []
