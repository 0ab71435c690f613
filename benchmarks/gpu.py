"""The same on a GPU: body, fill-mask, training step and generation, beside Hugging Face, eager and compiled.

python -m benchmarks.gpu --output benchmarks/results/gpu.json
python -m benchmarks.gpu --device cpu --size tiny --rounds 1      to see that it works

All variants share one process, for nothing else uses the device; they take turns. It needs PyTorch, and transformers
for what is compared; without it ours is measured alone, and that is said.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import measures
from benchmarks.checkpoints import Checkpoints
from benchmarks.report import markdown, shown_seconds, shown_share
from benchmarks.sizes import SIZES, Case, body_work, labelled_texts, masked_texts, positions, score_work, texts

DTYPES = ("float32", "bfloat16")
HEADINGS = (
    "workload",
    "dtype",
    "against",
    "ratio",
    "ours",
    "theirs",
    "of the peak: ours",
    "theirs",
    "MB: ours",
    "theirs",
)
Build = Callable[["Place", Any], Callable[[], Any]]


class Place(NamedTuple):
    """Where, in what, and with which texts."""

    device: str
    dtype: str
    case: Case

    def tensors(self, batch: Mapping[str, Any]) -> dict[str, torch.Tensor]:
        """A batch where the model is."""
        return {name: torch.from_numpy(array).to(self.device) for name, array in batch.items()}


class Workload(NamedTuple):
    """The class, whether it is causal, GFLOP (None: the limit is not the products), and the call of each library."""

    name: str
    kind: str
    work: Callable[[Case], float | None]
    ours: Build
    theirs: Build
    causal: bool = False


def main() -> None:
    options = parse()
    with tempfile.TemporaryDirectory() as scratch:
        rows = [*measured(options, Checkpoints(Path(scratch)))]
    results = {"device": device_name(options.device), "torch": torch.__version__, "rows": rows}
    print(f"{results['device']}, torch {results['torch']}\n\n{table(rows)}")
    if options.output:
        options.output.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--size", default="base", choices=SIZES)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--tokens", type=int, default=128, help="that are generated")
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="WORD", help="workloads whose name has one of the words"
    )
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        sys.exit("no GPU: PyTorch sees no CUDA device")
    return options


def measured(options: argparse.Namespace, checkpoints: Checkpoints) -> Iterator[dict[str, Any]]:
    """A row for each workload and number format."""
    for dtype in DTYPES:
        peak = peak_gflops(options.device, dtype)
        for workload in WORKLOADS:
            if not options.only or any(word in workload.name for word in options.only):
                yield row(workload, dtype, peak, options, checkpoints)


def row(
    workload: Workload, dtype: str, peak: float, options: argparse.Namespace, checkpoints: Checkpoints
) -> dict[str, Any]:
    """Seconds of each variant in each round."""
    case = Case("gpu", options.size, options.batch, 128, {"tokens": options.tokens})
    place, folder = Place(options.device, dtype, case), checkpoints.folder(case, "language-modeling", workload.causal)
    rounds: list[dict[str, float]] = []
    peaks: dict[str, float] = {}
    calls, missing = ready(workload, place, folder)
    draw = random.Random(0)  # noqa: S311
    for _ in range(options.rounds):
        order = draw.sample(list(calls), len(calls))
        turns = {name: turn(calls[name], options.device) for name in order}
        rounds.append({name: seconds for name, (seconds, _) in turns.items()})
        peaks |= {name: max(megabytes, peaks.get(name, 0.0)) for name, (_, megabytes) in turns.items()}
    found = {"name": workload.name, "dtype": dtype, "work": workload.work(case), "peak": peak}
    return {**found, "rounds": rounds, "peaks": peaks, "missing": missing}


def ready(workload: Workload, place: Place, folder: Path) -> tuple[dict[str, Callable[[], Any]], dict[str, str]]:
    """Calls that have run once, and why others are not there: a compiler may fail in any way."""
    calls, missing = {}, {}
    for name, build in variants(workload, place, folder).items():
        try:
            calls[name] = build()
            calls[name]()
        except Exception as error:  # noqa: BLE001
            calls.pop(name, None)
            missing[name] = f"{type(error).__name__}: {error}"[:300]
    return calls, missing


def variants(workload: Workload, place: Place, folder: Path) -> dict[str, Callable[[], Callable[[], Any]]]:
    """Each library, eager and compiled; generation is compiled by neither."""
    libraries = {"ours": ("xlm_torch", workload.ours), "hf": ("transformers", workload.theirs)}
    return {
        f"{name}-{how}": partial(made, package, workload.kind, build, place, folder, compiled=how == "compiled")
        for name, (package, build) in libraries.items()
        if find_spec(package)
        for how in (("eager",) if workload.causal else ("eager", "compiled"))
    }


def made(package: str, kind: str, build: Build, place: Place, folder: Path, *, compiled: bool) -> Callable[[], Any]:
    """The call of one variant."""
    library = __import__(package)
    model = getattr(library, kind).from_pretrained(folder, dtype=getattr(torch, place.dtype)).to(place.device)
    return build(place, torch.compile(model, mode="reduce-overhead") if compiled else model)


def turn(call: Callable[[], Any], device: str) -> tuple[float, float]:
    """Seconds of a call, until the device is done, and the megabytes that it held at most."""
    is_gpu = device.startswith("cuda")
    if is_gpu:
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
    start = time.perf_counter()
    call()
    if is_gpu:
        torch.cuda.synchronize()
    seconds = time.perf_counter() - start
    return seconds, torch.cuda.max_memory_allocated() / 1e6 if is_gpu else 0.0


def peak_gflops(device: str, dtype: str, size: int = 0) -> float:
    """What a product of large square matrices reaches, at its best."""
    size = size or (8192 if device.startswith("cuda") else 1024)
    x = torch.randn(size, size, device=device, dtype=getattr(torch, dtype))
    turn(lambda: x @ x, device)
    return 2 * size**3 / min(turn(lambda: x @ x, device)[0] for _ in range(10)) / 1e9


def device_name(device: str) -> str:
    return torch.cuda.get_device_name() if device.startswith("cuda") else device


def body(place: Place, model: Any) -> Callable[[], Any]:
    batch = place.tensors(texts(place.case))
    return torch.inference_mode()(lambda: model(**batch).last_hidden_state)


def our_fill_mask(place: Place, model: Any) -> Callable[[], Any]:
    arrays, places = masked_texts(place.case)
    batch = place.tensors({**arrays, "positions": places})
    return torch.inference_mode()(lambda: model(**batch).logits)


def their_fill_mask(place: Place, model: Any) -> Callable[[], Any]:
    arrays, places = masked_texts(place.case)
    batch, columns = place.tensors(arrays), torch.from_numpy(places).to(place.device)
    rows = torch.arange(place.case.batch, device=place.device)[:, None]
    return torch.inference_mode()(lambda: model(**batch).logits[rows, columns])


def training(place: Place, model: Any) -> Callable[[], Any]:
    model.train()
    batch = place.tensors(labelled_texts(place.case))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, fused=True)

    def step() -> None:
        optimizer.zero_grad()
        model(**batch).loss.backward()
        optimizer.step()

    return step


def generation(place: Place, model: Any, **options: Any) -> Callable[[], Any]:
    batch = place.tensors({name: array[:, :16] for name, array in texts(place.case).items() if name != "langs"})
    tokens = place.case.options["tokens"]
    new = {"max_new_tokens": tokens, "min_new_tokens": tokens, "do_sample": False}
    return lambda: model.generate(**batch, **new, **options)


def work_of_body(case: Case) -> float:
    return body_work(case.model, case.batch * case.length, case.length)


def work_with_scores(case: Case) -> float:
    return work_of_body(case) + score_work(case.model, positions(case).size)


WORKLOADS = (
    Workload("body", "XLMModel", work_of_body, body, body),
    Workload("fill-mask", "XLMWithLMHeadModel", work_with_scores, our_fill_mask, their_fill_mask),
    Workload("training step", "XLMWithLMHeadModel", lambda case: 3 * work_with_scores(case), training, training),
    Workload("generation", "XLMWithLMHeadModel", lambda case: None, generation, generation, causal=True),
)


def table(rows: list[dict[str, Any]]) -> str:
    """A line for each pair of ours, eager, and another."""
    return markdown(HEADINGS, [cells for row in rows for cells in lines_of(row)])


def lines_of(row: Mapping[str, Any]) -> Iterator[list[str]]:
    seconds = {name: measures.typical(row["rounds"], name) for name in row["peaks"]}
    shares = {name: row["work"] and row["work"] / time / row["peak"] for name, time in seconds.items() if time}
    for other in ("ours-compiled", "hf-eager", "hf-compiled"):
        found = measures.ratio(row["rounds"], other, "ours-eager")
        pair = ("ours-eager", other)
        yield [
            row["name"],
            row["dtype"],
            other,
            f"{found.middle:.2f}× [{found.low:.2f}–{found.high:.2f}]" if found else row["missing"].get(other, "–"),
            *(shown_seconds(seconds.get(name)) for name in pair),
            *(shown_share(shares.get(name)) for name in pair),
            *(f"{row['peaks'].get(name, 0):,.0f}" for name in pair),
        ]


if __name__ == "__main__":
    main()
