"""`xlm_core.formats.tensorflow`: names that differ, arrays that lie the other way round, and files that mean harm."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

import tiny
from xlm_core.errors import CheckpointError, FetchError, InputError
from xlm_core.formats import hdf5, tensorflow
from xlm_core.manifest import manifest

TASK = "language-modeling"
CONFIG = tiny.CONFIG


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tf_model.h5"


@pytest.fixture
def written(path: Path) -> Path:
    """A file of a language model."""
    tensorflow.write(path, tiny.weights(CONFIG, TASK), CONFIG, TASK)
    return path


@pytest.mark.parametrize("task", tensorflow.MODELS)
def test_what_is_written_is_read_again_to_the_bit(path, task):
    arrays = tiny.weights(CONFIG, task)
    tensorflow.write(path, arrays, CONFIG, task)

    read = {name.removeprefix("" if task else "transformer."): x for name, x in tensorflow.read(path).items()}

    assert all(np.array_equal(read[name], array) for name, array in arrays.items())


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("transformer/tfxlm_model/transformer/attentions_._0/q_lin/kernel:0", "transformer.attentions.0.q_lin.weight"),
        ("transformer/tfxlm_model_3/transformer/ffns_._11/lin2/bias:0", "transformer.ffns.11.lin2.bias"),
        ("transformer/transformer/layer_norm1_._1/gamma:0", "transformer.layer_norm1.1.weight"),
        ("transformer/layer_norm_emb/beta:0", "transformer.layer_norm_emb.bias"),
        ("transformer/position_embeddings/embeddings:0", "transformer.position_embeddings.weight"),
        ("tfxlm_with_lm_head_model/transformer/embeddings/weight:0", "transformer.embeddings.weight"),
        ("pred_layer_._proj/m/pred_layer_._proj/bias:0", "pred_layer.proj.bias"),
        ("pred_layer_._proj/m/transformer/embeddings/weight:0", "pred_layer.proj.weight"),
        ("sequence_summary/m/sequence_summary/summary/kernel:0", "sequence_summary.summary.weight"),
        ("logits_proj/m/logits_proj/kernel:0", "logits_proj.weight"),
        ("bert/embeddings/gamma:0", "bert/embeddings/gamma:0"),
        ("transformer/something/else:0", "transformer/something/else:0"),
    ],
)
def test_a_name_of_tensorflow_is_one_of_pytorch(name, own):
    assert tensorflow.canonical(name) == own


@pytest.mark.parametrize("task", tensorflow.MODELS)
def test_every_name_has_a_way_back(task):
    for name, weight in manifest(CONFIG, task).items():
        assert (
            tensorflow.canonical(tensorflow.tensorflow_name(weight)).removeprefix("" if task else "transformer.")
            == name
        )


def test_only_kernels_are_turned(written):
    read = tensorflow.read(written)

    turned = {name for name in read if read.stored(name).is_transposed}
    assert turned == {name for name in read if "_lin" in name or ".lin" in name} - {
        n for n in read if n.endswith("bias")
    }


def test_the_table_of_words_is_stored_once(written):
    with h5py.File(written) as file:
        names = [
            f"{group}/tfxlm_with_lm_head_model/{tensorflow.WORDS}" for group in ("transformer", "pred_layer_._proj")
        ]

        assert file[names[0]] == file[names[1]]


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_numbers_are_written_in_the_format_asked_for(path, dtype):
    tensorflow.write(path, tiny.weights(CONFIG), CONFIG, dtype=dtype)

    assert tensorflow.read(path).stored("transformer.embeddings.weight").dtype == dtype


def test_big_endian_numbers_are_read(path):
    with h5py.File(path, "w") as file:
        file["transformer/embeddings/weight:0"] = np.arange(6, dtype=">f4").reshape(2, 3)

    assert tensorflow.read(path)["transformer.embeddings.weight"].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_attributes_too_long_for_one_are_spread_over_several(path):
    config = CONFIG.replace(n_layers=80)
    tensorflow.write(path, tiny.weights(config), config)

    with h5py.File(path) as file:
        attributes = file["transformer"].attrs
        names = [name for number in range(2) for name in attributes[f"weight_names{number}"]]
    assert len(names) == len(manifest(config))


@pytest.mark.parametrize(
    ("task", "changes", "feature"),
    [
        ("question-answering", {}, "the beam search of answers"),
        (TASK, {"asm": True, "asm_cutoffs": [20]}, "an adaptive softmax"),
        (TASK, {"tie_word_embeddings": False}, "an output table of its own"),
        (None, {"sinusoidal_embeddings": True}, "sinusoidal positions"),
        (None, {"pruned_heads": {0: [1]}}, "pruned heads"),
    ],
)
def test_what_their_classes_lack_is_not_written(path, task, changes, feature):
    config = CONFIG.replace(**changes)

    with pytest.raises(CheckpointError, match=f"TensorFlow classes have no {feature}; save the model as safetensors"):
        tensorflow.write(path, tiny.weights(config, task), config, task)

    assert not path.exists()


def test_bfloat16_is_not_written(path):
    with pytest.raises(InputError, match="`dtype` must be float16, float32 or float64"):
        tensorflow.write(path, tiny.weights(CONFIG), CONFIG, dtype="bfloat16")


def test_numbers_that_do_not_fit_are_refused_by_name_and_nothing_is_left(path):
    arrays = tiny.weights(CONFIG) | {"layer_norm_emb.bias": np.full(18, 1e6, np.float32)}

    with pytest.raises(CheckpointError, match=r"`layer_norm_emb.bias`: numbers must fit float16"):
        tensorflow.write(path, arrays, CONFIG, dtype="float16")

    assert not list(path.parent.iterdir())


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
import numpy as np
import tiny
from xlm_core.errors import FetchError
from xlm_core.formats import keras, tensorflow
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
write = {"tensorflow": tensorflow.write, "keras": keras.write_weights, "keras model": keras.write_model}[sys.argv[2]]
try:
    write(Path(sys.argv[1]), tiny.weights(tiny.CONFIG), tiny.CONFIG)
except FetchError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of a file as POSIX does")
@pytest.mark.parametrize("layout", ["tensorflow", "keras", "keras model"])
def test_a_full_disk_is_said_and_leaves_what_was_there(path, layout):
    """The limit on the size of a file stands for the end of a disk, so that the C library meets it itself."""
    path.write_bytes(b"as it was")
    tests = Path(tiny.__file__).parent
    command = [sys.executable, "-c", FULL_DISK, str(path), layout]
    environment = {"PYTHONPATH": f"{tests.parent}:{tests}"}

    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)

    assert (done.returncode, done.stderr) == (0, "")
    assert "must be written whole; got: " in done.stdout
    assert [(path.name, path.read_bytes()) for path in path.parent.iterdir()] == [("tf_model.h5", b"as it was")]


# ---- files that mean harm

SECRET = "transformer/embeddings/weight:0"


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """Another file, which nobody asked for."""
    with h5py.File(tmp_path / "victim.h5", "w") as file:
        file["secret"] = np.ones((2, 3), np.float32)
    return tmp_path / "victim.h5"


def refused(path: Path, problem: str) -> None:
    with pytest.raises(CheckpointError, match=problem):
        tensorflow.read(path)


@pytest.mark.parametrize("kind", ["external", "soft"])
def test_a_link_is_refused_by_name(path, victim, kind):
    with h5py.File(path, "w") as file:
        file[SECRET] = h5py.ExternalLink(victim, "/secret") if kind == "external" else h5py.SoftLink("/elsewhere")

    refused(path, f"must hold its weights itself; `{SECRET}` is a link to elsewhere")


def test_a_linked_group_is_refused(path, victim):
    with h5py.File(path, "w") as file:
        file["transformer"] = h5py.ExternalLink(victim, "/")

    refused(path, "`transformer` is a link to elsewhere")


def test_a_virtual_array_is_refused(path, victim):
    layout = h5py.VirtualLayout((2, 3), "f4")
    layout[:] = h5py.VirtualSource(victim, "secret", (2, 3))
    with h5py.File(path, "w") as file:
        file.create_virtual_dataset(SECRET, layout)

    refused(path, f"must hold its weights itself; `{SECRET}` lies in other files")


def test_an_array_in_another_file_is_refused(path, victim):
    with h5py.File(path, "w") as file:
        file.create_dataset(SECRET, (2, 3), "f4", external=[(str(victim), 0, 24)])

    refused(path, f"must hold its weights itself; `{SECRET}` lies in other files")


@pytest.mark.parametrize(
    "dtype", [h5py.ref_dtype, h5py.regionref_dtype, h5py.string_dtype(), np.dtype([("a", "f4")]), "S3"]
)
def test_what_are_no_numbers_is_refused(path, dtype):
    with h5py.File(path, "w") as file:
        file.create_dataset(SECRET, (2, 3), dtype)

    refused(path, f"must hold numbers of type bool, float16, .*; `{SECRET}` is")


@pytest.mark.parametrize(
    "options", [{"compression": "gzip"}, {"chunks": (1, 3)}, {"shuffle": True}, {"fletcher32": True}]
)
def test_an_array_that_is_packed_or_in_pieces_is_refused(path, options):
    with h5py.File(path, "w") as file:
        file.create_dataset(SECRET, data=np.ones((2, 3), np.float32), **options)

    refused(path, f"must hold each array in one piece; `{SECRET}` is packed or in pieces. Save it again")


def test_an_absurd_shape_costs_no_memory(path):
    with h5py.File(path, "w") as file:
        file.create_dataset(SECRET, (2**40, 2**20), "f4")

    refused(path, f"`{SECRET}` needs {2**62} bytes, which are not in the file")


def test_groups_without_end_are_refused(path):
    with h5py.File(path, "w") as file:
        group = file.create_group("transformer")
        group["again"] = group

    refused(path, "must have at most 32 groups within each other")


def test_groups_that_multiply_are_refused(path, monkeypatch):
    monkeypatch.setattr(hdf5, "MAX_OBJECTS", 1000)
    with h5py.File(path, "w") as file:
        group = file.create_group("transformer")
        for _ in range(12):
            group["left"] = group["right"] = group = file.create_group(None)

    refused(path, "must hold at most 1,000 arrays and groups")


def test_a_named_type_is_refused(path):
    with h5py.File(path, "w") as file:
        file["transformer"] = np.dtype("f4")

    refused(path, "must hold groups and arrays only; `transformer` is a Datatype")


def test_an_empty_array_is_refused(path):
    with h5py.File(path, "w") as file:
        file[SECRET] = h5py.Empty("f4")

    refused(path, f"must hold arrays; `{SECRET}` is empty")


def test_memory_is_not_taken_for_what_lies_behind_the_end(written):
    """Where, and for how long, the root group's header goes on: HDF5 would take 7 GB and 20 seconds."""
    data = bytearray(written.read_bytes())
    start = data.index(b"\x10\x00\x10\x00", 96) + 12  # message 16: an address and a length, their middle
    data[start : start + 8] = b"\xff" * 8
    written.write_bytes(data)

    refused(written, r"must be a whole HDF5 file; it refers to \d+ bytes at \d+, behind its end")


def test_two_names_of_one_weight_are_refused(path):
    with h5py.File(path, "w") as file:
        file[SECRET] = file[f"model/{SECRET}"] = np.ones((2, 3), np.float32)

    refused(path, "must hold each weight once")


def test_a_truncated_file_is_refused_by_name(written):
    written.write_bytes(written.read_bytes()[:-500])

    refused(written, r"tf_model.h5` must be a whole HDF5 file; .* Download it or save it again")


def test_a_file_that_is_not_there_is_refused(path):
    with pytest.raises(FetchError, match="must be a readable file"):
        tensorflow.read(path)


def test_arrays_cannot_be_written_into(written):
    with pytest.raises(ValueError, match="read-only"):
        tensorflow.read(written)["transformer.embeddings.weight"][0] = 1
