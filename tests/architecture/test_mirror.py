"""xlm_torch/x.py and xlm_tf/x.py say the same thing: classes, functions, their order, parameters and sentences."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

ALONE = {
    "xlm_tf/backend.py": "PyTorch has one backend",
    "xlm_tf/steps.py": "PyTorch computes as it is called",
    "xlm_tf/tracing.py": "the same",
    "xlm_torch/int8.py": "Keras' Dense quantises itself",
    "xlm_torch/kernel_choice.py": "TensorFlow's graph chooses its own kernels",
    "xlm_torch/kernel_control.py": "the same",
    "xlm_torch/kernels.py": "the same",
    "xlm_torch/onnx.py": "torch.export is what ONNX files are made of",
    "xlm_torch/packed.py": "TensorFlow's graph chooses its own kernels",
    "xlm_torch/sentence_transformers.py": "the library it plugs into is PyTorch's",
}
"""Files without a twin, and why."""

ONE_SIDED = {
    "by_name": "Keras passes all inputs in one argument",
    "Layer": "nn.Module needs no build step",
    "ConfiguredLayer": "nn.Module is not made again from its config",
    "PredLayer.get_config": "Keras' serialisation",
    "PredLayer.from_config": "Keras' serialisation",
    "LoRA.get_config": "Keras' serialisation",
    "LoRA.from_config": "Keras' serialisation",
    "Embedding": "torch.nn.Embedding refuses ids and keeps padding's row as it should",
    "TiedDense": "in PyTorch a parameter can be shared by assignment",
    "_look_up": "belongs to Embedding",
    "Dense": "PyTorch's Linear multiplies rows of one matrix as it is",
    "LayerNormalization": "PyTorch's LayerNorm is one kernel",
    "as_rows": "PyTorch computes rows of any shape alike",
    "has_accelerator": "a tensor of PyTorch knows its device",
    "_values": "a tensor of TensorFlow has values unless it is symbolic",
    "_type_and_number": "PyTorch reads the names of its devices",
    "_outputs": "PyTorch computes as it is called",
    "_mean_states": "the same",
    "Runner._traced": "the same",
    "Runner._packs": "in PyTorch the model sees whether it pays",
    "_gelu": "Keras approximates unless it is told not to",
    "_reads": "Keras' Dense quantises itself, each its own",
    "Quantization.train": "Keras is told at each call whether it trains, and refuses there",
    "Quantization._apply": "TensorFlow places computations, PyTorch places models",
    "_check_place": "the same",
    "_device": "the same",
    "_flatten": "PyTorch takes dataclasses as they are",
    "_rebuild": "PyTorch takes dataclasses as they are",
    "_variable": "PyTorch finds a weight by its name",
    "_generators": "PyTorch's checkpoints keep the state of random numbers themselves",
    "forget_graphs": "PyTorch keeps no graphs of a model's past",
    "put_layer": "PyTorch tracks a layer by assignment",
    "Parameters.__dir__": "Keras looks for weights in every attribute",
    "LoRA.bias": "in PyTorch a parameter can be shared by assignment",
    "LoRA.kernel": "in PyTorch a parameter can be shared by assignment",
    "_turned": "PyTorch's linear weights lie as in the manifest",
    "_as_tensor": "the same",
    "XLMCache.state": "TensorFlow's traced functions take and give tensors",
    "XLMCache.of_state": "the same",
    "_in_place": "a tensor of TensorFlow is not written into but by an operation of its own",
    "_copied": "the same",
    "_as_rows": "the same",
    "_begin": "PyTorch computes a step as it is",
    "_step": "the same",
    "_are_at_once": "a graph of TensorFlow does not know how many labels there will be",
    "_added_up": "the same: it counts the parts itself",
    "_part": "the same",
    "_derived_once": "PyTorch computes parts again, as `checkpoint` does, whose gradients can be derived",
    "TFXLMWithLMHeadModel.test_step": "Keras' evaluate",
    "evaluating": "Keras is told at each call whether it trains",
    "TaskModel.__init_subclass__": "Keras' `call` names the inputs of the body",
    "computing_in": "Keras is told what to compute in before a model is made, PyTorch afterwards",
    "TFXLMPreTrainedModel.__init_subclass__": "Keras' serialisation",
    "TFXLMPreTrainedModel.export": "torch.export takes a model as it is",
    "TFXLMPreTrainedModel.call": "Keras names its entry point and its flags",
    "TFXLMPreTrainedModel.build": "Keras asks for it",
    "TFXLMPreTrainedModel.get_config": "Keras' serialisation",
    "TFXLMPreTrainedModel.from_config": "Keras' serialisation",
    "TFXLMPreTrainedModel.compute_loss": "Keras' fit",
    "Normal": "Keras' layers hold what draws their values; PyTorch's are drawn once they are there",
    "undrawn": "Keras' variables have memory from the start, PyTorch's only once they are written",
    "XLMPreTrainedModel._without_values": "the same",
    "XLMPreTrainedModel._undrawn": "the same",
    "Undrawn": "the same",
    "draw": "the same",
    "_draw_dense": "the same",
    "_draw_embedding": "the same",
    "draw_missing": "the same",
    "adopt_weights": "a Keras variable owns its memory",
    "chosen_device": "TensorFlow places computations, PyTorch places models",
    "XLMPreTrainedModel.device": "a Keras model has no one device",
    "XLMPreTrainedModel.dtype": "a Keras model's dtype is a policy",
}
"""Definitions of one side only, and why."""

ONLY_KERAS = {"name", "training"}
"""Parameters that Keras adds everywhere."""


def twins() -> list[str]:
    return sorted(name for name in files("xlm_torch") if f"xlm_torch/{name}" not in ALONE)


def files(package: str) -> set[str]:
    return {path.relative_to(ROOT / package).as_posix() for path in (ROOT / package).rglob("*.py")}


def definitions(path: Path) -> dict[str, ast.ClassDef | ast.FunctionDef]:
    """Classes, their methods and functions, in order, under names that both sides share."""
    found: dict[str, ast.ClassDef | ast.FunctionDef] = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and node.name not in ONE_SIDED:
            found[node.name.removeprefix("TF")] = node
            methods = [each for each in getattr(node, "body", []) if isinstance(each, ast.FunctionDef)]
            if isinstance(node, ast.ClassDef):
                own = {each.name: each for each in methods if f"{node.name}.{each.name}" not in ONE_SIDED}
                found |= {f"{node.name.removeprefix('TF')}.{shared_name(name)}": each for name, each in own.items()}
    return found


def shared_name(method: str) -> str:
    return "forward" if method == "call" else method


def parameters(function: ast.FunctionDef) -> list[str]:
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return [argument.arg for argument in arguments if argument.arg not in ONLY_KERAS]


def sentences(node: ast.ClassDef | ast.FunctionDef) -> str:
    """The docstring up to its example, which names the framework."""
    text = (ast.get_docstring(node) or "").split("Example:")[0]
    return text.replace("TFXLM", "XLM")


@pytest.mark.parametrize("name", twins())
def test_twins_define_the_same_in_the_same_order(name: str) -> None:
    """A reader who knows one file knows where to look in the other."""
    one, other = definitions(ROOT / "xlm_torch" / name), definitions(ROOT / "xlm_tf" / name)

    assert list(one) == list(other)


@pytest.mark.parametrize("name", twins())
def test_twins_take_the_same_parameters(name: str) -> None:
    """What one framework's function is given, the other's is given too."""
    one, other = definitions(ROOT / "xlm_torch" / name), definitions(ROOT / "xlm_tf" / name)

    for each, node in one.items():
        if isinstance(node, ast.FunctionDef) and (name, each) not in OWN_PARAMETERS:
            assert parameters(node) == parameters(other[each]), each


@pytest.mark.parametrize("name", twins())
def test_twins_are_documented_in_the_same_words(name: str) -> None:
    """A difference in the docstrings is a difference in behaviour, or a mistake."""
    one, other = definitions(ROOT / "xlm_torch" / name), definitions(ROOT / "xlm_tf" / name)

    for each, node in one.items():
        if each not in OWN_WORDS:
            assert sentences(node) == sentences(other[each]), each


OWN_PARAMETERS = {
    ("generation.py", "_to_tensors"): "TensorFlow places tensors itself",
    ("losses.py", "_total_in_parts"): "Keras is told at each call whether it trains",
    ("precision.py", "warn_of_half"): "TensorFlow places computations, PyTorch places models",
    ("pretrained.py", "XLMPreTrainedModel.from_pretrained"): "TensorFlow places computations, PyTorch places models",
    ("tasks/language_modeling.py", "PredLayer.__init__"): "Keras is given the table, PyTorch is tied afterwards",
}
"""Functions whose parameters differ, and why."""

OWN_WORDS = {
    "labelled_cross_entropy": "TensorFlow takes the gradients of a part with it; only PyTorch has a meta device",
    "MultiHeadAttention._fused": "TensorFlow has no such kernel, but makes few of what is written so",
    "_to_tensors": "TensorFlow places tensors itself",
    "described": "in a graph of TensorFlow sizes may be unknown",
    "linear_layers": "Keras' Dense quantises itself, PyTorch's Linear is replaced",
    "visible_values": "only TensorFlow's values may be symbolic",
    "pipeline": "TensorFlow places computations, PyTorch places models",
    "XLMCache.begin": "TensorFlow's mask hides the room that a cache has left",
    "XLMPreTrainedModel.from_pretrained": "only PyTorch's takes a device",
    "XLMPreTrainedModel": "Keras' `call` is shared, and subclasses write `forward`",
    "XLMModel._check": "in a graph TensorFlow still knows shapes",
}
"""Definitions whose docstrings differ, and why."""


def test_every_file_has_a_twin_or_a_reason() -> None:
    """A file of one framework only is a decision, and is written down."""
    torch_files, tf_files = files("xlm_torch"), files("xlm_tf")

    assert {f"xlm_tf/{name}" for name in tf_files - torch_files} | {
        f"xlm_torch/{name}" for name in torch_files - tf_files
    } == ALONE.keys()


def test_exceptions_are_still_needed() -> None:
    """An exception for what no longer exists would hide the next difference."""
    defined = set()
    for package in ("xlm_torch", "xlm_tf"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
                    defined |= {node.name} | {
                        f"{node.name}.{each.name}" for each in ast.walk(node) if isinstance(each, ast.FunctionDef)
                    }

    assert ONE_SIDED.keys() <= defined
