"""Embed a folder of texts with several workers of Ray: each file becomes a Parquet file of texts and vectors.

    python examples/embed_folder.py TEXTS VECTORS [--model xlm-demo] [--framework torch] [--lang en] [--workers 2]

TEXTS has files of text, `*.txt` or `*.txt.gz`, with a text on each line, or `*.parquet` with a column of texts, whose
other columns are kept. A file that has its vectors already is left out, so that a run that was stopped is continued by
the same command; a file is written whole or not at all. It needs `pip install 'xlm[ray]'`.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import ray

from xlm_core.data.lines import read_texts
from xlm_core.files import replacing

SUFFIXES = (".txt", ".txt.gz", ".parquet")
ROWS = 4096
"""Texts in memory at once in each worker."""


class EmbedFiles:
    """Embeds whole files; a worker holds one, with a model of its own."""

    def __init__(self, framework: str, model: str, target: str, column: str, lang: str | None) -> None:
        package = importlib.import_module(f"xlm_{framework}")
        self.embed = package.XLMTextEmbedder(model, text_column=column, lang=lang, normalize=True)
        self.column, self.target = column, Path(target)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Paths in, paths and numbers of texts out."""
        paths = [Path(path) for path in batch["path"]]
        return {"path": [str(path) for path in paths], "texts": [self._embed(path) for path in paths]}

    def _embed(self, path: Path) -> int:
        count = 0
        with replacing(written(path, self.target)) as temporary, contextlib.ExitStack() as stack:
            writer = None
            for table in tables(path, self.column):
                found = self._with_vectors(table)
                writer = writer or stack.enter_context(pq.ParquetWriter(temporary, found.schema))
                writer.write_table(found)
                count += len(found)
        return count

    def _with_vectors(self, table: pa.Table) -> pa.Table:
        """The table and a column of lists of one length."""
        vectors = self.embed({self.column: table[self.column].to_pylist()})[self.embed.output_column]
        lists = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
        return table.append_column(self.embed.output_column, lists)


def tables(path: Path, column: str) -> Iterator[pa.Table]:
    """So many rows of a file at a time; of an empty file one table without rows."""
    if path.suffix == ".parquet":
        file = pq.ParquetFile(path)
        found = map(pa.Table.from_batches, ([batch] for batch in file.iter_batches(ROWS)))
        yield from found if file.metadata.num_rows else [file.schema_arrow.empty_table()]
        return
    lines = read_texts(path)
    texts = list(islice(lines, ROWS))
    while True:
        yield pa.table({column: pa.array(texts, pa.string())})
        texts = list(islice(lines, ROWS))
        if not texts:
            return


def written(path: Path, target: Path) -> Path:
    """The file that a file's vectors are written to."""
    return target / f"{path.name}.vectors.parquet"


def main() -> int:
    options = parse()
    options.target.mkdir(parents=True, exist_ok=True)
    files = sorted(path for path in options.source.iterdir() if path.name.endswith(SUFFIXES))
    missing = [path.resolve() for path in files if not written(path, options.target).exists()]
    print(f"{len(files)} files, {len(files) - len(missing)} done before")
    if missing:
        embed(missing, options)
    return 0


def embed(files: list[Path], options: argparse.Namespace) -> None:
    ray.init(log_to_driver=False, include_dashboard=False, logging_level="warning")
    ray.data.DataContext.get_current().enable_progress_bars = False
    shards = ray.data.from_items([{"path": str(path)} for path in files], override_num_blocks=len(files))
    arguments = {
        "framework": options.framework,
        "model": options.model,
        "target": str(options.target.resolve()),
        "column": options.column,
        "lang": options.lang,
    }
    workers = min(options.workers, len(files))
    done = shards.map_batches(EmbedFiles, fn_constructor_kwargs=arguments, batch_size=1, concurrency=workers)
    for row in done.iter_rows():
        print(f"{Path(row['path']).name}: {row['texts']:,} texts")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, metavar="TEXTS", help="folder of files to embed")
    parser.add_argument("target", type=Path, metavar="VECTORS", help="folder to write to")
    parser.add_argument("--model", default="xlm-demo", help="folder, Hub id or built-in name (default: %(default)s)")
    parser.add_argument("--framework", choices=("torch", "tf"), default="torch", help="(default: %(default)s)")
    parser.add_argument("--column", default="text", help="the column of texts (default: %(default)s)")
    parser.add_argument("--lang", help="the language of all texts")
    parser.add_argument("--workers", type=int, default=2, help="how many at once (default: %(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
