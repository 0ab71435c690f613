"""What PyTorch's users do with a model besides calling it."""

from __future__ import annotations

import copy
import pickle

import pytest

import tiny
from frameworks import Torch
from tolerances import assert_close

torch = pytest.importorskip("torch")

INPUTS = tiny.CASES[8].inputs() | {"labels": tiny.labels()}


@pytest.fixture
def model() -> torch.nn.Module:
    return Torch().build("XLMWithLMHeadModel").eval()


@pytest.fixture
def tensors() -> dict[str, torch.Tensor]:
    return {name: torch.tensor(array) for name, array in INPUTS.items()}


def test_state_dict_has_hugging_faces_keys(model: torch.nn.Module) -> None:
    """Every weight of the manifest under its name, and the tied one once more, as in Hugging Face."""
    assert model.state_dict().keys() == model.manifest().keys() | {"pred_layer.proj.weight"}


def test_compiles_without_a_graph_break(model: torch.nn.Module, tensors: dict[str, torch.Tensor]) -> None:
    """torch.compile(fullgraph=True) takes the model with all checks, and changes nothing."""
    compiled = torch.compile(model, fullgraph=True, backend="eager")

    assert_close(compiled(**tensors).logits.detach(), model(**tensors).logits.detach(), "states")


def test_exports(model: torch.nn.Module, tensors: dict[str, torch.Tensor]) -> None:
    """torch.export takes the model for batches and texts of other sizes, and changes nothing."""
    ids = tensors["input_ids"]
    sizes = {0: torch.export.Dim("batch"), 1: torch.export.Dim("size", max=tiny.CONFIG.max_position_embeddings)}
    program = torch.export.export(model, (ids,), dynamic_shapes=(sizes,))

    actual = program.module()(ids[:2, :5]).logits

    assert_close(actual.detach(), model(ids[:2, :5]).logits.detach(), "states")


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_are_models(model: torch.nn.Module, tensors: dict[str, torch.Tensor], duplicate: object) -> None:
    """A deep copy and a pickle compute the same, and keep the tie."""
    twin = duplicate(model)

    assert_close(twin(**tensors).logits.detach(), model(**tensors).logits.detach(), "exact")
    assert twin.pred_layer.proj.weight is twin.transformer.embeddings.weight


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("attentions", [False, True], ids=["fused", "explicit"])
def test_half_precision_is_finite_with_padding(model: torch.nn.Module, dtype: str, attentions: bool) -> None:
    """No mask overflows: the logits of a half model are finite and near the full one's."""
    tensors = {name: torch.tensor(array) for name, array in tiny.CASES[8].inputs().items()}
    full = model(**tensors).logits

    half = model.to(getattr(torch, dtype))(**tensors, output_attentions=attentions).logits

    assert half.isfinite().all()
    assert_close(half.float().detach(), full.detach(), dtype)


def test_a_text_of_padding_alone_has_finite_gradients(model: torch.nn.Module, tensors: dict[str, torch.Tensor]) -> None:
    """A row with nothing to look at neither gives NaN nor spoils the gradients of the others."""
    mask = tensors["attention_mask"].clone()
    mask[0] = 0

    model(**tensors | {"attention_mask": mask}).loss.backward()

    assert all(weight.grad.isfinite().all() for weight in model.parameters() if weight.grad is not None)


def test_loading_draws_no_numbers(tmp_path: object) -> None:
    """from_pretrained neither spends the caller's random numbers nor time on values that are thrown away."""
    Torch().build("XLMWithLMHeadModel").save_pretrained(tmp_path)
    before = torch.get_rng_state()

    loaded = Torch().model_class("XLMWithLMHeadModel").from_pretrained(tmp_path)

    assert torch.equal(before, torch.get_rng_state())
    assert not loaded.training


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
@pytest.mark.parametrize("case", tiny.CASES, ids=str)
def test_a_gpu_gives_the_cpus_numbers(case: tiny.Case) -> None:
    """Moved to a GPU, with its own fused kernels, a model computes the same in every case of the grid."""
    model = Torch().build("XLMWithLMHeadModel", case.config).eval()
    tensors = {name: torch.tensor(array) for name, array in (case.inputs() | {"labels": tiny.labels()}).items()}
    expected = model(**tensors)

    actual = model.to("cuda")(**{name: tensor.to("cuda") for name, tensor in tensors.items()})

    assert_close(actual.logits.detach().cpu(), expected.logits.detach(), "states")
    assert_close(actual.loss.detach().cpu(), expected.loss.detach(), "loss")
