"""Embeddings with Ray: the class in `map_batches`, and the example that embeds a folder and can be stopped."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytest.importorskip("torch")
pytest.importorskip("ray", reason="needs the extra `ray`")
pytest.importorskip("pyarrow", reason="needs the extra `ray`")

pytestmark = pytest.mark.slow


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    """This interpreter, with a Ray of its own."""
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "RAY_USAGE_STATS_ENABLED": "0"},
        check=False,
    )


def embed(source: Path, target: Path) -> str:
    done = run(ROOT / "examples" / "embed_folder.py", source, target, "--lang", "en", "--workers", "1")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_folder_is_embedded_and_what_is_done_is_not_done_again(tmp_path: Path) -> None:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from xlm_torch import XLMSentenceEncoder

    source, target = tmp_path / "texts", tmp_path / "vectors"
    source.mkdir()
    (source / "a.txt").write_text("A dog.\n\nTwo men.\n", "utf-8")
    (source / "b.txt").write_text("", "utf-8")
    pq.write_table(pa.table({"number": [7], "text": ["A bike."]}), source / "c.parquet")

    first = embed(source, target)
    (target / "a.txt.vectors.parquet").unlink()
    second = embed(source, target)

    assert "3 files, 0 done before" in first
    assert sorted(re.findall(r"^(\S+): (\d+) texts", first, re.MULTILINE)) == [
        ("a.txt", "3"),
        ("b.txt", "0"),
        ("c.parquet", "1"),
    ]
    assert second.splitlines() == ["3 files, 2 done before", "a.txt: 3 texts"]
    assert sorted(path.name for path in target.iterdir()) == [
        f"{name}.vectors.parquet" for name in ("a.txt", "b.txt", "c.parquet")
    ]
    table = pq.read_table(target / "a.txt.vectors.parquet")
    expected = XLMSentenceEncoder.from_pretrained("xlm-demo").encode(
        table["text"].to_pylist(), lang="en", normalize=True
    )
    np.testing.assert_allclose(np.stack(table["embedding"].to_numpy(zero_copy_only=False)), expected, atol=1e-6)
    assert pq.read_table(target / "c.parquet.vectors.parquet").column_names == ["number", "text", "embedding"]
    assert pq.read_table(target / "b.txt.vectors.parquet").column_names == ["text", "embedding"]


def test_the_class_runs_in_map_batches(tmp_path: Path) -> None:
    """On a local cluster, in workers of its own."""
    script = tmp_path / "script.py"
    script.write_text(
        """
import ray
from xlm_torch import XLMTextEmbedder
ray.init(log_to_driver=False, include_dashboard=False, logging_level="warning", num_cpus=1)
texts = ray.data.from_items([{"text": "A dog.", "lang": "en"}, {"text": "Ein Hund.", "lang": "de"}])
arguments = {"pretrained_model_name_or_path": "xlm-demo", "lang_column": "lang"}
table = texts.map_batches(XLMTextEmbedder, fn_constructor_kwargs=arguments, batch_size=2, concurrency=1)
print(*[(row["text"], row["embedding"].shape) for row in table.take_all()])
""",
        "utf-8",
    )

    done = run(script)

    assert done.stdout.strip() == "('A dog.', (256,)) ('Ein Hund.', (256,))", done.stderr
