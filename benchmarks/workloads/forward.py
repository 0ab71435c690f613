"""The body alone: ids to states."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.sizes import Case, body_work, texts
from benchmarks.steps import Step

TASK = "language-modeling"


def work(case: Case) -> float:
    return body_work(case.model, case.batch * case.length, case.length)


def ours(case: Case, folder: Path, **options: Any) -> Step:
    from benchmarks.peers import torch_models as peers

    return called(peers.ours("XLMModel", folder, **options), case)


def hugging_face(case: Case, folder: Path) -> Step:
    from benchmarks.peers import torch_models as peers

    return called(peers.hugging_face("XLMModel", folder), case)


def compiled(case: Case, folder: Path) -> Step:
    import torch

    from benchmarks.peers import torch_models as peers

    return called(torch.compile(peers.hugging_face("XLMModel", folder)), case)


def onnx_runtime(case: Case, folder: Path) -> Step:
    from benchmarks.peers import runtimes

    return Step(runtimes.onnx_runtime(_states_only(folder), texts(case), _file(case, folder)))


def openvino(case: Case, folder: Path) -> Step:
    from benchmarks.peers import runtimes

    return Step(runtimes.openvino(_states_only(folder), texts(case), _file(case, folder)))


def called(model: Any, case: Case) -> Step:
    from benchmarks.peers import torch_models as peers

    batch = peers.tensors(texts(case))
    return Step(peers.inferring(lambda: model(**batch).last_hidden_state))


def _states_only(folder: Path) -> Any:
    """Hugging Face's body with its inputs in a row and one output."""
    import torch

    from benchmarks.peers import torch_models as peers

    class States(torch.nn.Module):
        """What is exported."""

        def __init__(self) -> None:
            super().__init__()
            self.body = peers.hugging_face("XLMModel", folder)

        def forward(self, input_ids: Any, attention_mask: Any, langs: Any) -> Any:
            return self.body(input_ids, attention_mask=attention_mask, langs=langs, return_dict=False)[0]

    return States()


def _file(case: Case, folder: Path) -> Path:
    return folder / f"body-{case.batch}-{case.length}.onnx"


VARIANTS = {
    "ours": ours,
    "hf-eager": hugging_face,
    "hf5-eager": hugging_face,
    "hf-compile": compiled,
    "onnxruntime": onnx_runtime,
    "openvino": openvino,
}
