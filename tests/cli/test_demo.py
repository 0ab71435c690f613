"""`make demo` shows what it promises."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tolerances import ABSOLUTE

ROOT = Path(__file__).parents[2]
BEST = {
    "en  A man is riding a [MASK] down the street.": "bike",
    "de  Ein Hund läuft durch den [MASK].": "Schnee",
    "fr  Deux femmes sont assises sur un [MASK].": "banc",
    "cs  Muž jede na [MASK].": "kole",
}


@pytest.mark.slow
def test_demo_prints_both_frameworks_words_and_how_far_they_are_apart(tmp_path: Path) -> None:
    """From any folder, the best word of each text stands in both columns, and the difference is small."""
    if not (importlib.util.find_spec("torch") and importlib.util.find_spec("tensorflow")):
        pytest.skip("shows two frameworks, and one is not installed")

    done = subprocess.run(
        [sys.executable, ROOT / "examples" / "demo.py"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=tmp_path,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    for text, word in BEST.items():
        rows = done.stdout.partition(text)[2].split("\n")
        assert re.findall(r"\S+", rows[2]) == ["PyTorch", "TensorFlow"]
        assert re.findall(r"[^\W\d]+", rows[3]) == [word, word]
    assert float(re.search(r"logits: (\S+)", done.stdout)[1]) <= ABSOLUTE["demo"]
