"""Tokens handed out as they are written."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from queue import Queue
from typing import Any, Protocol

import numpy as np

from ..errors import InputError


class Streamer(Protocol):
    """What ``generate`` tells of its tokens; Hugging Face's streamers are such, too."""

    def put(self, value: np.ndarray) -> None:
        """Take the prompts (B, T), and then the tokens of each step (R,)."""
        ...

    def end(self) -> None:
        """Take note that nothing follows."""
        ...


class Decoder(Protocol):
    """The part of a tokenizer that a streamer needs."""

    def decode(self, token_ids: Any, **options: Any) -> str:
        """The text of ids."""
        ...


class TextStreamer:
    """Prints a text as it is written, word by word.

    A word is printed when the next one has begun, since pieces may still be added to it. skip_prompt: leave out what
    the text began with. Other keywords are those of ``decode``.

    Raises: InputError for several texts at a time.
    """

    def __init__(self, tokenizer: Decoder, *, skip_prompt: bool = False, **decoding: Any) -> None:
        self.tokenizer, self.skip_prompt, self.decoding = tokenizer, skip_prompt, decoding
        self._ids: list[int] = []
        self._told, self._began = 0, False

    def put(self, value: np.ndarray) -> None:
        """Take more tokens, (n,) or (1, n)."""
        ids = np.asarray(value)
        if len(ids) > 1 and (ids.ndim > 1 or self._began):
            raise InputError(f"a TextStreamer must be given one text; got {len(ids)}.")
        skipped, self._began = self.skip_prompt and not self._began, True
        if not skipped:
            self._ids.extend(ids.ravel().tolist())
            text = self._text()
            self._tell(text[: max(text.rfind(" "), 0)], last=False)

    def end(self) -> None:
        """Print the last word, and be ready for another text."""
        self._tell(self._text(), last=True)
        self._ids, self._told, self._began = [], 0, False

    def on_text(self, text: str, *, last: bool) -> None:
        """Print the next part of the text."""
        sys.stdout.write(text + ("\n" if last else ""))
        sys.stdout.flush()

    def _text(self) -> str:
        return self.tokenizer.decode(self._ids, **self.decoding)

    def _tell(self, text: str, *, last: bool) -> None:
        """Hand out what is new."""
        if last or len(text) > self._told:
            self.on_text(text[self._told :], last=last)
            self._told = len(text)


class TextIteratorStreamer(TextStreamer):
    """Gives the parts of a text, one by one, to a program that runs ``generate`` in another thread.

    timeout: seconds that it waits for the next part, None for ever; then `queue.Empty` is raised.
    """

    def __init__(
        self, tokenizer: Decoder, *, skip_prompt: bool = False, timeout: float | None = None, **decoding: Any
    ) -> None:
        super().__init__(tokenizer, skip_prompt=skip_prompt, **decoding)
        self.timeout = timeout
        self._parts: Queue[str | None] = Queue()

    def on_text(self, text: str, *, last: bool) -> None:
        """Keep the next part until it is asked for."""
        self._parts.put(text)
        if last:
            self._parts.put(None)

    def __iter__(self) -> Iterator[str]:
        return iter(lambda: self._parts.get(timeout=self.timeout), None)
