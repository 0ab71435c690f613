"""Word segmenters for languages written without spaces: Chinese, Japanese, Thai, and others as plug-ins."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from ...errors import FetchError, InputError, MissingDependency
from .aligned import Aligned, Edit
from .normalize import normalization
from .rules import Rules, Substitute

KYTEA_MODEL_VARIABLE = "XLM_KYTEA_MODEL"
"""The environment variable that names KyTea's model file."""

KYTEA_MODEL = "~/local/share/kytea/model.bin"
"""Where KyTea's own installation puts it."""


class Segmenter(Protocol):
    """What a plug-in must do: cut a text into words.

    The words, one after the other, must be the text; whitespace may be left out. The text has its punctuation in its
    plainest form and nothing unprintable; only Chinese is cut as it was written, without lone surrogates. A tokenizer
    pickles and copies with its segmenters, so they must pickle, too, where that is wanted.
    """

    def __call__(self, text: str) -> Sequence[str]:
        """The words of a text."""
        ...


def cut_chinese(text: str) -> list[str]:
    """Jieba's words.

    Raises: MissingDependency if rjieba is not installed.
    """
    return list(_import("rjieba", "zh").cut(text))


def cut_thai(text: str) -> list[str]:
    """PyThaiNLP's words, which may be spaces.

    Raises: MissingDependency if pythainlp is not installed.
    """
    return list(_import("pythainlp.tokenize", "th").word_tokenize(text))


@dataclass(frozen=True)
class KyTea:
    """KyTea's Japanese words.

    ``model`` is its model file; without it, the file that the environment variable ``XLM_KYTEA_MODEL`` names, or the
    one that KyTea itself installs.
    """

    model: str | os.PathLike[str] | None = None

    def __call__(self, text: str) -> list[str]:
        """The words of a text.

        Raises: MissingDependency if kytea is not installed, FetchError if its model is not there.
        """
        return list(_kytea(os.fspath(self.model or os.environ.get(KYTEA_MODEL_VARIABLE, KYTEA_MODEL))).getWS(text))


SEGMENTERS: Mapping[str, Segmenter] = {"ja": KyTea(), "th": cut_thai, "zh": cut_chinese}
"""By language; every other language is Moses', unless a plug-in is given."""


@dataclass(frozen=True, slots=True)
class SegmentedWords:
    """The words of a text by a segmenter, after its punctuation."""

    segmenter: Segmenter
    rules: Rules

    def split(self, text: str) -> list[str]:
        """Words, which may be or hold whitespace if the segmenter leaves it in."""
        return list(self.segmenter(self.rules.apply(text)))

    def align(self, text: Aligned) -> list[Aligned]:
        """The same, with where their characters stood."""
        text = self.rules.align(text)
        return [text[start:stop] for start, stop in _places(text.text, self.segmenter(text.text))]


@dataclass(frozen=True, slots=True)
class ChineseWords:
    """The words of a text by a segmenter, before its punctuation, which may join again what was cut.

    Differs: lone surrogates, on which rjieba fails, are dropped first, as the rules would do afterwards.
    """

    segmenter: Segmenter
    rules: Rules

    def split(self, text: str) -> list[str]:
        """Words and punctuation marks."""
        return self.rules.apply(" ".join(self.segmenter(_NO_SURROGATES.apply(text)))).split()

    def align(self, text: Aligned) -> list[Aligned]:
        """The same, with where their characters stood."""
        text = text.edited(_NO_SURROGATES.edits(text.text))
        places = list(_places(text.text, self.segmenter(text.text)))
        return self.rules.align(text.edited(_spaces_between(places, len(text)))).split()


_NO_SURROGATES = Substitute("", "[\ud800-\udfff]+", "")


def segmented(lang: str, segmenter: Segmenter) -> SegmentedWords | ChineseWords:
    """Words of a language by a segmenter."""
    return (ChineseWords if lang == "zh" else SegmentedWords)(segmenter, _rules(lang))


@lru_cache(maxsize=64)
def _rules(lang: str) -> Rules:
    return Rules(normalization(lang))


def _places(text: str, words: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where in a text its words start and end.

    Raises: InputError if they are not the text, whitespace aside.
    """
    stop = 0
    for word in words:
        start = text.find(word, stop)
        if start < 0 or text[stop:start].strip():
            raise InputError(_NOT_THE_TEXT.format(word=word, rest=text[stop : stop + len(word) + 20]))
        stop = start + len(word)
        yield start, stop
    if text[stop:].strip():
        raise InputError(_NOT_THE_TEXT.format(word="", rest=text[stop : stop + 20]))


_NOT_THE_TEXT = (
    "A segmenter's words must be its text, whitespace aside, for their places to be known; got {word!r} where the "
    "text goes on with {rest!r}."
)


def _spaces_between(places: Sequence[tuple[int, int]], size: int) -> Iterator[Edit]:
    """One space between words, and nothing before the first and after the last."""
    done = 0
    for start, stop in places:
        if done or start:
            yield done, start, " " if done else ""
        done = stop
    if done < size:
        yield done, size, ""


def _import(module: str, extra: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingDependency(
            f"words of language {extra!r} need {module.partition('.')[0]}: pip install 'xlm[{extra}]'"
        ) from error


@lru_cache(maxsize=1)
def _kytea(model: str) -> Any:
    """KyTea with its model, which takes seconds to load."""
    kytea: Callable[[str], Any] = _import("Mykytea", "ja").Mykytea
    path = Path(model).expanduser()
    if not path.is_file():
        raise FetchError(f"KyTea needs its model file; none is at {path}. Set `{KYTEA_MODEL_VARIABLE}` to its path.")
    return kytea(f"-model {path}")
