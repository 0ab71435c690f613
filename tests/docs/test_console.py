"""Every session in a shell that the docs show runs, and prints what stands below each command."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
SESSION = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def sessions(page: Path) -> str:
    return "".join(SESSION.findall(page.read_text(encoding="utf-8")))


def what_happens(session: str, folder: Path) -> str:
    """The session again, as it goes in a folder: each command after `$`, and what it prints on both streams."""
    commands = re.findall(r"^\$ (.*)$", session, re.MULTILINE)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "PYTHONUNBUFFERED": "1"}
    printed = [
        subprocess.run(
            ["bash", "-c", command],
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            cwd=folder,
            env=environment,
        ).stdout
        for command in commands
    ]
    return "".join(f"$ {command}\n{said}" for command, said in zip(commands, printed, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", [pytest.param(page, id=str(page.relative_to(ROOT))) for page in PAGES if sessions(page)]
)
def test_sessions_run_and_print_what_is_shown(page: Path, tmp_path: Path) -> None:
    """A reader who types a page's commands in order, in an empty folder, sees what the page shows."""
    assert what_happens(sessions(page), tmp_path) == sessions(page)
