"""Pages that say what the code says do not drift from it."""

from __future__ import annotations

import ast
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import xlm_core
from xlm_core import errors
from xlm_core.cli import make_parser

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
VERSION = re.compile(r"^## \[(.+?)\]", re.MULTILINE)


def script(name: str) -> ModuleType:
    """A module of the docs folder, which is no package."""
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def documented() -> set[str]:
    """The names that reference pages ask docstrings of."""
    pages = "".join(page.read_text(encoding="utf-8") for page in (DOCS / "reference").glob("*.md"))
    return {path.split(".")[-1] for path in re.findall(r"^::: (\S+)", pages, re.MULTILINE)}


def public_names(package: str) -> set[str]:
    """What a package lists in `__all__`, read without importing it."""
    tree = ast.parse((ROOT / package / "__init__.py").read_text(encoding="utf-8"))
    lists = [
        node.value for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    ]
    return set(ast.literal_eval(lists[0])) - {"__version__"}


def definitions_that_differ(package: str) -> Iterator[str]:
    """`Class.method`, `Class` or `function` for every docstring with a line on how it differs."""

    def search(node: Any, path: tuple[str, ...]) -> Iterator[str]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef | ast.FunctionDef):
                if "Differs:" in (ast.get_docstring(child) or ""):
                    yield ".".join((*path, child.name))
                yield from search(child, (*path, child.name))

    for file in sorted((ROOT / package).rglob("*.py")):
        yield from search(ast.parse(file.read_text(encoding="utf-8")), ())


def test_command_line_page_is_the_parsers_help(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a change, `python docs/write_command_line.py` writes the page anew."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")

    page = (DOCS / "reference" / "command-line.md").read_text(encoding="utf-8")

    assert page == script("write_command_line").page()
    assert make_parser("xlm_torch").format_help().rstrip() in page


@pytest.mark.parametrize("package", ["xlm_core", "xlm_torch", "xlm_tf"])
def test_every_public_name_is_in_the_reference(package: str) -> None:
    assert public_names(package) <= documented()


def test_every_error_is_in_the_tree_that_the_reference_shows() -> None:
    """The errors' page is their module; the drawing in its docstring names each."""
    classes = [
        name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, errors.XLMError)
    ]

    assert [name for name in classes if name not in (errors.__doc__ or "")] == []


@pytest.mark.parametrize("package", ["xlm_core", "xlm_torch", "xlm_tf"])
def test_every_difference_is_on_the_page_of_differences(package: str) -> None:
    """A `Differs:` line in the code has a row under the same name; that of a twin counts for both."""
    page = (DOCS / "explanation" / "differences.md").read_text(encoding="utf-8")
    names = {name.removeprefix("TF").replace(".call", ".forward") for name in definitions_that_differ(package)}

    assert {name for name in names if f"| `{name}`" not in page} == set()


def test_newest_entry_of_the_changelog_is_this_version() -> None:
    """A development version is under Unreleased, a release under its number."""
    newest = VERSION.findall((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))[0]

    assert newest == ("Unreleased" if ".dev" in xlm_core.__version__ else xlm_core.__version__)


def test_docstrings_become_markdown() -> None:
    """Labels are bold, a list under a label is a list, examples are fenced."""
    pytest.importorskip("griffe")
    docstring = (
        "What it is.\n\nRaises:\n    InputError: one\n        more.\nDiffers: here\n    and there.\n\n>>> 1 + 1\n2"
    )

    markdown = script("docstrings").to_markdown(docstring)

    assert re.sub(r"\n\n+", "\n\n", markdown) == (
        "What it is.\n\n**Raises:**\n\n- InputError: one\n    more.\n\n**Differs:** here\nand there.\n\n"
        "```pycon\n>>> 1 + 1\n2\n```"
    )
