"""Every error this library raises on purpose.

::

    XLMError
    ├── ConfigError        (ValueError)    a configuration that cannot describe a model
    ├── InputError         (ValueError)    an argument or a text that cannot be computed with
    │   └── LanguageError                  a language this tokenizer or model does not know
    ├── VocabularyError    (ValueError)    vocabulary files that are damaged or do not fit the model
    ├── CheckpointError    (ValueError)    weight files that are damaged or do not fit the model
    │   ├── MissingWeights
    │   ├── UnexpectedWeights
    │   └── ShapeMismatch
    ├── FetchError         (OSError)       a file or repository that is not there or cannot be reached
    ├── MissingDependency  (ImportError)   an optional package that this call needs
    └── BackendError       (RuntimeError)  a framework that is set up in a way we cannot run on

A message says what was expected, what came and what to do, with names in backticks. Each class is also the
built-in error that a caller would expect, so ``except ValueError`` keeps working.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class XLMError(Exception):
    """Base class of the library's own errors."""


class ConfigError(XLMError, ValueError):
    """A configuration that cannot describe a model; the message names every field involved."""


class InputError(XLMError, ValueError):
    """An argument or a text that cannot be computed with; the message names the argument."""


class LanguageError(InputError):
    """A language that the tokenizer or the model does not know; the message lists those it does."""


class VocabularyError(XLMError, ValueError):
    """Vocabulary files that are damaged, or that do not fit the model they are used with."""


class CheckpointError(XLMError, ValueError):
    """Weight files that are damaged, or that do not fit the model they are loaded into."""


class MissingWeights(CheckpointError):
    """The checkpoint lacks weights that the model needs."""


class UnexpectedWeights(CheckpointError):
    """The checkpoint holds weights that the model has no place for."""


class ShapeMismatch(CheckpointError):
    """A weight of the checkpoint has another shape than the config says."""


class FetchError(XLMError, OSError):
    """A file, folder or repository that is not there or cannot be reached."""


class MissingDependency(XLMError, ImportError):
    """An optional package that this call needs; the message is the pip line to run."""


class BackendError(XLMError, RuntimeError):
    """A framework that is set up in a way this library cannot run on."""


class XLMWarning(UserWarning):
    """Something that works, but perhaps not as intended: weights set aside, a new head, a mended config."""


def did_you_mean(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """A hint for the end of a message, with the nearest of the known names; empty if none is near."""
    close = difflib.get_close_matches(name, [*known], n=1, cutoff=cutoff)
    return f" Did you mean `{close[0]}`?" if close else ""
