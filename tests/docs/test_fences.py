"""Every Python example of README, model card and docs runs, and prints what stands below it."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", ROOT / "examples/xlm-demo/README.md", *sorted((ROOT / "docs").rglob("*.md")))
EXAMPLE = re.compile(r"^```python\n(?P<code>.*?)^```$(?:\n+^```text\n(?P<printed>.*?)^```$)?", re.MULTILINE | re.DOTALL)
NEEDED = {"xlm_torch": "torch", "xlm_tf": "tensorflow", "sentence_transformers": "sentence_transformers"}


class Example(NamedTuple):
    """A fence of Python, the line it begins on, and what it prints if a fence of text follows."""

    code: str
    line: int
    printed: str | None


def examples(page: Path) -> Iterator[Example]:
    text = page.read_text(encoding="utf-8")
    for match in EXAMPLE.finditer(text):
        yield Example(match["code"], text.count("\n", 0, match.start("code")), match["printed"])


def lacks_a_framework(page: Path) -> bool:
    code = "".join(example.code for example in examples(page))
    return any(package in code and not importlib.util.find_spec(needed) for package, needed in NEEDED.items())


@pytest.mark.filterwarnings("ignore:the model knows languages")  # pages show what comes without one
@pytest.mark.parametrize(
    "page", [pytest.param(page, id=str(page.relative_to(ROOT))) for page in PAGES if [*examples(page)]]
)
def test_examples_run_and_print_what_is_shown(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A reader who types a page's examples in order, in an empty folder, sees what the page shows."""
    if lacks_a_framework(page):
        pytest.skip("shows a library that is not installed")
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "__main__"}

    for example in examples(page):
        exec(compile("\n" * example.line + example.code, page, "exec"), names)

        printed = capsys.readouterr().out
        assert example.printed in (None, printed), f"{page.name}, line {example.line}"


def test_no_page_hides_examples_in_another_fence() -> None:
    """Python is fenced as python, so that the test above finds it."""
    hidden = [
        page.name
        for page in PAGES
        if re.search(r"^ *```(py|python3|pycon|Python)\b", page.read_text("utf-8"), re.MULTILINE)
    ]

    assert not hidden
