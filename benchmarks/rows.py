"""What is measured: a row each, with who takes turns and what is to be reached.

The targets are the project's own. Where a target depends on the machine's instruction set, the stricter one holds for
every machine with AVX-512.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from benchmarks.sizes import Case


@dataclass(frozen=True)
class Target:
    """A ratio to reach against a variant; ``avx2`` is for machines without AVX-512."""

    against: str
    ratio: float
    avx2: float | None = None

    def on(self, flags: Sequence[str]) -> float:
        """The ratio that is to be reached on a machine."""
        return self.ratio if self.avx2 is None or "avx512f" in flags else self.avx2


@dataclass(frozen=True)
class Row:
    """A line of the table. ``needs`` lists instruction sets of which one must be there for the targets to hold.

    ``share`` of the ceiling is to be reached. ``fresh``: each turn is a process of its own.
    ``quick``: `make bench-quick` measures it too, with the first ``n_quick`` variants.
    """

    name: str
    case: Case
    variants: tuple[str, ...]
    targets: tuple[Target, ...] = ()
    ours: str = "ours"
    share: float | None = None
    needs: tuple[str, ...] = ()
    fresh: bool = False
    quick: bool = False
    n_quick: int = 2

    def quickly(self) -> Row:
        """With fewer variants; a case may say what else is less."""
        options = {**self.case.options, **self.case.options.get("quick", {})}
        return replace(self, variants=self.variants[: self.n_quick], case=replace(self.case, options=options))

    def at(self, size: str) -> Row:
        """With another model."""
        name = self.name.replace(f"{self.case.size} ", f"{size} ")
        return replace(self, name=name, case=replace(self.case, size=size))


_ALL = ("ours", "hf-eager", "hf5-eager", "hf-compile", "onnxruntime", "openvino")
_TF = ("ours-tf", "hf-tf-eager", "hf-tf-function", "ours")
_BF16, _VNNI = ("avx512_bf16", "amx_bf16"), ("avx512_vnni", "avx_vnni", "amx_int8")


def _generation(how: str, batch: int, sampled: int | None, ours: str = "ours", quick: bool = False) -> Row:
    options = {"how": how, "tokens": 128, "sampled": sampled, "quick": {"sampled": 4}}
    case = Case("generation", "base", batch, 16, options)
    precision = ours.removeprefix("ours").replace("-", ", ")
    name = f"generation, {how}{precision}, base b{batch}, 16 + 128"
    others = ("hf-eager",) if ours == "ours" else ("hf-eager", "ours")
    return Row(name, case, (ours, *others), (Target("hf-eager", 15.0),), ours=ours, quick=quick)


def _twins(row: Row) -> Row:
    """The same in TensorFlow, against our own PyTorch."""
    variants, targets = ("ours-tf", "ours"), (Target("ours", 0.9),)
    return replace(row, name=f"TF {row.name}", variants=variants, targets=targets, ours="ours-tf", quick=False)


def _loading(name: str, use: bool, variants: tuple[str, str], ratio: float) -> Row:
    case = Case("loading", "base", 0, 0, {"use": use})
    return Row(name, case, variants, (Target(variants[1], ratio),), ours=variants[0], fresh=True)


def _importing(name: str, variants: tuple[str, ...], quick: bool = False) -> Row:
    case = Case("importing", "base", 0, 0)
    return Row(name, case, variants, (Target(variants[1], 1 / 1.3),), ours=variants[0], quick=quick)


_ALL_LOGITS = Row(
    "all logits, base b8×128", Case("logits"), ("ours", "hf-eager"), (Target("hf-eager", 1.4),), share=0.80
)
_RAGGED = Row(
    "classification, base, 64 texts, 30 % real",
    Case("ragged", batch=64, options={"real": 0.3}),
    ("ours", "hf-eager"),
    (Target("hf-eager", 4.0),),
    share=0.75,
)
_TRAINING = Row(
    "MLM training step, base b8×128",
    Case("training"),
    ("ours", "hf-eager", "hf-fused"),
    (Target("hf-eager", 1.8),),
    share=0.70,
    quick=True,
)
_GREEDY, _GREEDY_OF_8 = _generation("greedy", 1, None, quick=True), _generation("greedy", 8, 8)

ROWS = (
    Row(
        "XLMModel, base b8×128",
        Case("forward"),
        _ALL,
        (Target("hf-eager", 1.5, avx2=1.1),),
        share=0.85,
        quick=True,
    ),
    Row(
        "XLMModel, base b1×128",
        Case("forward", batch=1),
        _ALL,
        (Target("hf-eager", 1.5, avx2=1.2),),
        share=0.78,
        quick=True,
    ),
    Row("XLMModel, tiny b8×128", Case("forward", "tiny"), _ALL),
    Row(
        "fill-mask, base b8×128",
        Case("fill_mask"),
        ("ours", "hf-eager", "hf-compile"),
        (Target("hf-eager", 2.0),),
        share=0.85,
        quick=True,
    ),
    Row(
        "fill-mask, base b1×32",
        Case("fill_mask", batch=1, length=32, options={"masks": 1}),
        ("ours", "hf-eager", "hf-compile"),
        (Target("hf-eager", 2.6),),
        quick=True,
    ),
    _ALL_LOGITS,
    _RAGGED,
    _TRAINING,
    Row(
        "MLM training step, base b8×128, in less memory",
        Case("training"),
        ("ours-checkpointed", "ours-bf16", "ours"),
        ours="ours-checkpointed",
    ),
    _GREEDY,
    _GREEDY_OF_8,
    _generation("greedy", 1, 16, "ours-int8"),
    _generation("greedy", 1, 16, "ours-bf16"),
    _generation("sampling", 1, 16),
    _generation("sampling", 8, 6),
    _generation("beams", 1, 6),
    _generation("beams", 8, 2),
    Row(
        "bfloat16, base b8×128",
        Case("precision"),
        ("ours-bf16", "hf-eager", "ours"),
        (Target("hf-eager", 2.3),),
        ours="ours-bf16",
        needs=_BF16,
    ),
    Row(
        "int8, base b8×128",
        Case("precision"),
        ("ours-int8", "hf-eager", "ours"),
        (Target("hf-eager", 3.0),),
        ours="ours-int8",
        needs=_VNNI,
    ),
    Row(
        "TF XLMModel, tiny b2×32",
        Case("tensorflow_forward", "tiny", 2, 32),
        (*_TF, "ours-tf-predict"),
        (Target("hf-tf-eager", 8.0), Target("hf-tf-function", 1.0), Target("ours", 0.9)),
        ours="ours-tf",
        quick=True,
        n_quick=3,
    ),
    Row(
        "TF XLMModel, base b8×128",
        Case("tensorflow_forward"),
        _TF,
        (Target("hf-tf-eager", 1.25), Target("hf-tf-function", 1.0), Target("ours", 0.9)),
        ours="ours-tf",
        share=0.84,
    ),
    Row(
        "TF fill-mask, base b8×128",
        Case("tensorflow_fill_mask"),
        _TF,
        (Target("hf-tf-eager", 2.0), Target("hf-tf-function", 1.5), Target("ours", 0.9)),
        ours="ours-tf",
        share=0.80,
    ),
    Row(
        "TF MLM training step, base b8×128",
        Case("tensorflow_training"),
        ("ours-tf", "hf-tf-function", "ours"),
        (Target("ours", 0.9),),
        ours="ours-tf",
    ),
    Row(
        "TF XLMModel, base b1×128",
        Case("tensorflow_forward", batch=1),
        _TF,
        (Target("ours", 0.9),),
        ours="ours-tf",
    ),
    *map(_twins, (_ALL_LOGITS, _RAGGED, _GREEDY, _GREEDY_OF_8)),
    _loading("load 1 GB, PyTorch", False, ("ours", "hf-eager"), 3.0),
    _loading("load 1 GB and read it, PyTorch", True, ("ours", "hf-eager"), 3.0),
    _loading("load 1 GB, TensorFlow", False, ("ours-tf", "hf-tf-eager"), 5.0),
    _importing("import xlm_core", ("core", "numpy")),
    _importing("import xlm_torch", ("ours", "torch", "hf-eager"), quick=True),
    _importing("import xlm_tf", ("ours-tf", "keras", "hf-tf-eager")),
    Row("tokenizer, warm", Case("tokenizing"), ("ours", "hf-eager"), quick=True),
)


def chosen(words: Sequence[str], quick: bool) -> list[Row]:
    """The rows whose name or workload has one of the words; all of them, or all quick ones, if there are no words."""
    wanted = (
        [row for row in ROWS if _is_named(row, words)] if words else [row for row in ROWS if row.quick or not quick]
    )
    return [row.quickly() for row in wanted] if quick else wanted


def _is_named(row: Row, words: Sequence[str]) -> bool:
    return any(word.lower() in f"{row.name} {row.case.workload}".lower() for word in words)
