"""What PyTorch's users do with a model besides calling it."""

from __future__ import annotations

import copy
import inspect
import json
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import tiny
from citizens import CASE, CITIZENS
from frameworks import Torch
from heads import HEADS, Head
from tolerances import assert_close, assert_outputs_close
from xlm_core.errors import InputError, XLMWarning

torch = pytest.importorskip("torch")

from torch._subclasses.fake_tensor import FakeTensorMode  # noqa: E402  # there may be no PyTorch

INPUTS = tiny.CASES[8].inputs() | {"labels": tiny.labels()}
STATE_DICTS = json.loads((Path(__file__).parents[1] / "goldens" / "state_dicts.json").read_text("utf-8"))

Tensors = dict[str, torch.Tensor]


@pytest.fixture
def model() -> torch.nn.Module:
    return Torch().build("XLMWithLMHeadModel").eval()


@pytest.fixture
def tensors() -> Tensors:
    return {name: torch.tensor(array) for name, array in INPUTS.items()}


@pytest.fixture(params=CITIZENS, ids=str)
def head(request: pytest.FixtureRequest) -> Head:
    """Each of the seven models in turn."""
    return request.param


@pytest.fixture
def citizen(head: Head) -> torch.nn.Module:
    return Torch().build(head.name, head.config).eval()


@pytest.fixture
def forgetful_compiler() -> None:
    """One that has compiled nothing: of the same function it compiles eight forms at the most."""
    torch.compiler.reset()


def given(head: Head, *, labelled: bool = True) -> Tensors:
    arrays = head.inputs(CASE) | (dict(head.labels) if labelled else {})
    return {name: torch.tensor(array) for name, array in arrays.items()}


def arrays(output: Any) -> dict[str, Any]:
    return {name: tensor.detach().numpy() for name, tensor in output.items()}


def objective(output: Any) -> torch.Tensor:
    """The loss, or for the body something else that every weight has a part in."""
    return output.get("loss", output[0].sum())


def test_state_dict_is_hugging_faces(head: Head, citizen: torch.nn.Module) -> None:
    """Names and shapes are those recorded from transformers 4.57, so that each loads the other's strictly."""
    recorded = STATE_DICTS[head.name]
    foreign = {name: torch.zeros(shape) for name, shape in recorded.items()}

    assert {name: list(tensor.shape) for name, tensor in citizen.state_dict().items()} == recorded
    citizen.load_state_dict(foreign, strict=True)
    assert not any(weight.any() for weight in citizen.parameters())


@pytest.mark.usefixtures("forgetful_compiler")
@pytest.mark.parametrize("labelled", [False, True], ids=["plain", "labelled"])
def test_compiles_without_a_graph_break(head: Head, citizen: torch.nn.Module, labelled: bool) -> None:
    """torch.compile(fullgraph=True) takes the model, with gradients and without, for any size, and changes nothing."""
    compiled = torch.compile(citizen, fullgraph=True, dynamic=True, backend="eager")
    inputs = given(head, labelled=labelled)
    smaller = {name: tensor[:3] for name, tensor in inputs.items()}

    with torch.set_grad_enabled(labelled):
        for each in (inputs, smaller):
            assert_outputs_close(arrays(compiled(**each)), arrays(citizen(**each)), "states")


@pytest.mark.usefixtures("forgetful_compiler")
def test_learns_without_a_graph_break(head: Head, citizen: torch.nn.Module) -> None:
    """torch.compile(fullgraph=True) takes the model in training, too, and its gradients stay the same."""
    citizen.train()
    inputs = given(head)
    objective(citizen(**inputs)).backward()
    expected = {name: weight.grad for name, weight in citizen.named_parameters()}
    citizen.zero_grad()

    objective(torch.compile(citizen, fullgraph=True, backend="aot_eager")(**inputs)).backward()

    for name, weight in citizen.named_parameters():
        assert_close(weight.grad, expected[name], "gradients", name)


@pytest.mark.slow
@pytest.mark.usefixtures("forgetful_compiler")
@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_compiles_to_machine_code(model: torch.nn.Module, tensors: Tensors) -> None:
    """The default compiler gives the same numbers, and gradients."""
    expected = arrays(model(**tensors))

    actual = torch.compile(model, fullgraph=True)(**tensors)
    actual.loss.backward()

    assert_outputs_close(arrays(actual), expected, "states")
    assert all(weight.grad is not None for weight in model.parameters())


@pytest.mark.parametrize("labelled", [False, True], ids=["plain", "labelled"])
def test_exports(head: Head, citizen: torch.nn.Module, labelled: bool) -> None:
    """torch.export takes the model for batches and texts of any size, each input by its name, and changes nothing."""
    inputs = given(head, labelled=labelled)
    batch, size = torch.export.Dim("batch"), torch.export.Dim("size", max=tiny.CONFIG.max_position_embeddings)
    sizes = {name: {0: batch} | ({x.ndim - 1: size} if x.ndim > 1 else {}) for name, x in inputs.items()}

    program = torch.export.export(citizen, (), inputs, dynamic_shapes=sizes).module()

    smaller = {name: x[:3, ..., :6] if x.ndim > 1 else x[:3] for name, x in inputs.items()}
    for each in (inputs, smaller):
        assert_outputs_close(arrays(program(**each)), arrays(citizen(**each)), "states")


@pytest.mark.filterwarnings("ignore:There is a performance drop:UserWarning")
@pytest.mark.parametrize("masked", [False, True], ids=["ids alone", "with a mask"])
def test_gradients_of_each_text(model: torch.nn.Module, masked: bool) -> None:
    """torch.func takes the model: vmap over grad gives what each text's own loss does, as private learning needs."""
    ids = tiny.input_ids()
    batch = {"input_ids": ids, "labels": tiny.labels()}
    batch |= {"attention_mask": (ids != tiny.CONFIG.pad_index).astype(int)} if masked else {}
    weights = {name: weight.detach() for name, weight in model.named_parameters()}

    def loss(weights: Tensors, text: Tensors) -> torch.Tensor:
        return torch.func.functional_call(model, weights, (), {name: x[None] for name, x in text.items()}).loss

    tensors = {name: torch.tensor(x) for name, x in batch.items()}
    taken = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0))(weights, tensors)

    for number in range(tiny.BATCH):
        alone = Torch().gradients(model, **{name: x[number, None] for name, x in batch.items()})
        for name, gradient in alone.items():
            assert_close(taken[name][number], gradient, "gradients", name)


@pytest.mark.parametrize("training", [False, True], ids=["inference", "training"])
def test_sizes_are_found_without_values(head: Head, citizen: torch.nn.Module, training: bool) -> None:
    """FakeTensorMode, with which tools plan memory, takes the model with padding, and gives the shapes."""
    expected = citizen(**given(head, labelled=False))

    with FakeTensorMode(allow_non_fake_inputs=True) as fake, torch.set_grad_enabled(training):
        inputs = {name: fake.from_tensor(x) for name, x in given(head, labelled=False).items()}
        output = citizen.train(training)(**inputs)

    assert {name: x.shape for name, x in output.items()} == {name: x.shape for name, x in expected.items()}


def test_signature_names_every_input(head: Head, citizen: torch.nn.Module) -> None:
    """Trainers that drop the columns of a data set which a model does not name keep ours."""
    assert inspect.signature(citizen.forward).parameters.keys() >= given(head).keys()


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning", "ignore::torch.jit.TracerWarning")
def test_traces_to_a_tuple(head: Head, citizen: torch.nn.Module) -> None:
    """torch.jit.trace takes the model with return_dict=False, and the trace serves batches of other sizes."""
    inputs = given(head, labelled=False)
    wrapped = _Positional(citizen)

    traced = torch.jit.trace(wrapped, tuple(inputs.values()))

    for each in (inputs, {name: tensor[:3] for name, tensor in inputs.items()}):
        for actual, expected in zip(traced(*each.values()), citizen(**each).values(), strict=True):
            assert_close(actual.detach(), expected.detach(), "states")


class _Positional(torch.nn.Module):
    """What torch.jit.trace takes: tensors in order, tuples out."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Any, langs: Any, attention_mask: Any) -> Any:
        return self.model(input_ids, langs=langs, attention_mask=attention_mask, return_dict=False)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_are_models(head: Head, citizen: torch.nn.Module, duplicate: Callable[[Any], Any]) -> None:
    """A deep copy and a pickle compute the same, and keep the tie."""
    twin = duplicate(citizen)

    assert_outputs_close(arrays(twin(**given(head))), arrays(citizen(**given(head))), "exact")
    assert len(list(twin.parameters())) == len(list(citizen.parameters()))


def test_outputs_are_pickled(head: Head, citizen: torch.nn.Module) -> None:
    """Another process gets the output as it was."""
    output = citizen(**given(head))
    detached = type(output)(**{name: tensor.detach() for name, tensor in output.items()})

    assert_outputs_close(arrays(pickle.loads(pickle.dumps(detached))), arrays(output), "exact")


@pytest.mark.parametrize("labelled", [False, True], ids=["plain", "labelled"])
def test_computes_shapes_on_the_meta_device(head: Head, citizen: torch.nn.Module, labelled: bool) -> None:
    """A model without values gives an output without values, of the right shapes."""
    inputs = given(head, labelled=labelled)
    expected = {name: tensor.shape for name, tensor in citizen(**inputs).items()}

    output = citizen.to("meta")(**{name: tensor.to("meta") for name, tensor in inputs.items()})

    assert {name: tensor.shape for name, tensor in output.items()} == expected
    assert (citizen.device.type, citizen.dtype) == ("meta", torch.float32)


def test_computes_the_shape_of_a_loss_on_the_meta_device() -> None:
    """In training, too, where the loss is that of labelled words alone, however many there would be."""
    model = Torch().build("XLMWithLMHeadModel").train().to("meta")

    output = model(**{name: torch.tensor(array, device="meta") for name, array in INPUTS.items()})
    output.loss.backward()

    assert (output.loss.device.type, output.loss.shape, output.logits) == ("meta", (), None)
    assert all(weight.grad.shape == weight.shape for weight in model.parameters())


@pytest.fixture
def process_group(tmp_path: Path) -> Iterator[None]:
    """A group of this process alone."""
    torch.distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/group", rank=0, world_size=1)
    yield
    torch.distributed.destroy_process_group()


@pytest.mark.usefixtures("process_group")
def test_trains_in_parallel_with_every_parameter_used(head: Head, citizen: torch.nn.Module) -> None:
    """DistributedDataParallel without find_unused_parameters takes a second step."""
    parallel = torch.nn.parallel.DistributedDataParallel(citizen)

    for _ in range(2):
        objective(parallel(**given(head))).backward()

    assert all(weight.grad is not None for weight in citizen.parameters())


RANK = """
import sys
import torch
import tiny
from frameworks import Torch

rank, path = int(sys.argv[1]), sys.argv[2]
torch.distributed.init_process_group("gloo", init_method=f"file://{path}", rank=rank, world_size=2)
model = torch.nn.parallel.DistributedDataParallel(Torch().build("XLMWithLMHeadModel"))
arrays = tiny.CASES[8].inputs() | {"labels": tiny.input_ids()}
half = {name: torch.tensor(array)[2 * rank : 2 * rank + 2] for name, array in arrays.items()}
model(**half).loss.backward()
print(model.module.transformer.embeddings.weight.grad.double().norm().item())
"""


@pytest.mark.slow
def test_two_processes_learn_the_mean_of_their_gradients(model: torch.nn.Module, tmp_path: Path) -> None:
    """Each half of a batch in a process of its own gives both processes the gradient of the mean loss."""
    arrays = tiny.CASES[8].inputs() | {"labels": tiny.input_ids()}
    halves = [{name: torch.tensor(array)[rows] for name, array in arrays.items()} for rows in (slice(2), slice(2, 4))]
    (sum(model(**half).loss for half in halves) / 2).backward()
    expected = model.transformer.embeddings.weight.grad.double().norm()
    command = [sys.executable, "-c", RANK]

    ranks = [
        subprocess.Popen([*command, str(rank), str(tmp_path / "group")], cwd=TESTS, stdout=subprocess.PIPE, text=True)
        for rank in range(2)
    ]

    for rank in ranks:
        assert_close(float(rank.communicate()[0]), expected, "gradients")


TESTS = Path(__file__).parents[1]


def test_a_text_of_padding_alone_has_finite_gradients(model: torch.nn.Module, tensors: Tensors) -> None:
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


def test_only_a_missing_head_is_drawn(tmp_path: object) -> None:
    """A head that the checkpoint lacks gets initial values; all else is the checkpoint's, and nothing is left empty."""
    saved = Torch().build("XLMModel")
    saved.save_pretrained(tmp_path)

    with pytest.warns(XLMWarning, match="A new head was initialised"):
        model = Torch().model_class("XLMForTokenClassification").from_pretrained(tmp_path)

    assert not any(weight.is_meta for weight in model.parameters())
    assert torch.equal(model.transformer.embeddings.weight, saved.embeddings.weight)
    assert model.classifier.weight.std() > 0
    assert not model.classifier.bias.any()
    assert all(weight.requires_grad for weight in model.parameters())


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, "cpu"),
        ({"device": "cpu"}, "cpu"),
        ({"device_map": torch.device("cpu")}, "cpu"),
        ({"device_map": {"": "cpu"}}, "cpu"),
        ({"device_map": "meta"}, "meta"),
    ],
)
def test_a_model_goes_to_the_device_that_is_asked_for(
    arguments: dict[str, Any], expected: str, tmp_path: object
) -> None:
    Torch().build("XLMModel").save_pretrained(tmp_path)

    model = Torch().model_class("XLMModel").from_pretrained(tmp_path, **arguments)

    assert model.device.type == expected


@pytest.mark.parametrize("arguments", [{"device": "cpu", "device_map": "cpu"}, {"device_map": {"ffns": 0, "": 1}}])
def test_a_model_is_not_spread_over_devices(arguments: dict[str, Any], tmp_path: object) -> None:
    with pytest.raises(InputError, match="must"):
        Torch().model_class("XLMModel").from_pretrained(tmp_path, **arguments)


def test_a_loaded_model_is_its_own(tmp_path: object) -> None:
    """Training one model changes neither the file nor another model loaded from it."""
    Torch().build("XLMModel").save_pretrained(tmp_path)
    load = Torch().model_class("XLMModel").from_pretrained
    changed, other = load(tmp_path), load(tmp_path)

    with torch.no_grad():
        changed.embeddings.weight.zero_()

    assert other.embeddings.weight.any()
    assert load(tmp_path).embeddings.weight.any()


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


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
@pytest.mark.parametrize("head", HEADS, ids=str)
def test_every_head_computes_the_same_on_a_gpu(head: Head) -> None:
    """A task model moved to a GPU gives the CPU's numbers, and its gradients."""
    model = Torch().build(head.name, head.config).eval()
    tensors = {name: torch.tensor(x) for name, x in (head.inputs(CASE) | dict(head.labels)).items()}
    expected = model(**tensors)

    twin = Torch().build(head.name, head.config).eval().to("cuda")
    actual = twin(**{name: tensor.to("cuda") for name, tensor in tensors.items()})

    for name, values in expected.items():
        assert_close(actual[name].detach().cpu(), values.detach(), "states", name)
    if head.labels:
        expected.loss.backward()
        actual.loss.backward()
        for (name, one), other in zip(model.named_parameters(), twin.parameters(), strict=True):
            if one.grad is not None:
                assert_close(other.grad.cpu(), one.grad, "gradients", name)
