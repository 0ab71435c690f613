"""Keras on TensorFlow, or a clear word why not. Imported before anything else here; no mirror."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from xlm_core.errors import BackendError, MissingDependency

LOG_LEVEL, STDERR = "TF_CPP_MIN_LOG_LEVEL", 2


def require_tensorflow() -> None:
    """Import Keras and see that it computes with TensorFlow.

    Raises: MissingDependency without tensorflow or keras, BackendError if Keras is set to another framework.
    """
    chosen = os.environ.get("KERAS_BACKEND", "tensorflow")
    if chosen == "tensorflow":
        chosen = _backend_of_keras()
    if chosen != "tensorflow":
        raise BackendError(
            f"`xlm_tf` needs Keras to run on TensorFlow; it is set to {chosen!r}. Set the environment variable "
            "KERAS_BACKEND=tensorflow before Keras is imported, or use `xlm_torch`."
        )


def _backend_of_keras() -> str:
    """What Keras runs on, by its own configuration file if there is one."""
    try:
        import keras
        import tensorflow as tf  # noqa: F401  # Keras alone is not enough
    except ModuleNotFoundError as error:
        raise MissingDependency(f"`xlm_tf` needs {error.name}: pip install 'xlm[tf]'") from error
    return str(keras.backend.backend())


@contextmanager
def quiet_command_line() -> Iterator[None]:
    """``python -m xlm_tf`` prints results, without TensorFlow's log of its start, unless the user has set a level.

    Python runs this package before its ``__main__``, and calls the program "-m" until then. TensorFlow 2.21 writes its
    first lines past every setting, straight to standard error.
    """
    if sys.argv[:1] != ["-m"] or LOG_LEVEL in os.environ:
        yield
        return
    os.environ[LOG_LEVEL] = "3"
    errors, nowhere = os.dup(STDERR), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, STDERR)
    try:
        yield
    finally:
        os.dup2(errors, STDERR)
        os.close(errors)
        os.close(nowhere)


def leave_alone(error: type[Exception] | Exception) -> None:
    """Keras rewrites the message of an error on its way out of a layer, unless it, or its class, is marked as done."""
    error._keras_call_info_injected = True  # type: ignore[union-attr]  # noqa: SLF001  # as Keras marks them
