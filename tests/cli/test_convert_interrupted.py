"""`xlm-convert convert` killed, stopped, or short of memory: the old model or the new one, and nothing in between."""

from __future__ import annotations

import json
import math
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conversion.cli import main
from conversions import CONFIG, write_model
from xlm_core.config import XLMConfig
from xlm_core.errors import FetchError
from xlm_core.manifest import manifest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="uses the signals of POSIX"),
]

KILLS = 50
LARGE = XLMConfig(vocab_size=1000, emb_dim=1024, n_layers=8, n_heads=8, architectures=["XLMModel"])
LIMITED = """
import resource, sys
from conversion.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
sys.exit(main(sys.argv[1:]))
"""
PEAK = """
import sys
from conversion.cli import main
status = main(sys.argv[1:])
lines = open("/proc/self/status").read().split("\\n")
print(next(line.split()[1] for line in lines if line.startswith("VmHWM")))
sys.exit(status)
"""


def start(*arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "conversion", *map(str, arguments)]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=listen_to_ctrl_c,  # noqa: PLW1509  (no other thread is running here)
    )


def listen_to_ctrl_c() -> None:
    """A program in the background is started deaf to it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def is_model(folder: Path, model: Path) -> bool:
    """Whether a folder reads as a model: the same config, the same weights."""
    same_config = XLMConfig.from_pretrained(folder).n_layers == XLMConfig.from_pretrained(model).n_layers
    return same_config and main(["compare", "--quiet", str(folder), str(model)]) == 0


def sparse_model(folder: Path) -> int:
    """A large model whose zeros take no room on the disk; the size of its file."""
    header, end = {}, 0
    for name, weight in manifest(LARGE).items():
        begin, end = end, end + 4 * math.prod(weight.shape)
        header[name] = {"dtype": "F32", "shape": list(weight.shape), "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    LARGE.save_pretrained(folder)
    with (folder / "model.safetensors").open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(8 + len(text) + end)
    return end


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    folder = tmp_path_factory.mktemp("large") / "model"
    return folder, sparse_model(folder)


@pytest.mark.parametrize("is_there", [True, False], ids=["over another model", "into a new folder"])
def test_killed_at_any_moment_it_leaves_the_old_model_or_the_new(tmp_path, is_there):
    """kill -9 at random moments, from before the start until after the end."""
    old, new, target = (tmp_path / name for name in ("old", "new", "target"))
    write_model(old, CONFIG.replace(n_layers=1), max_shard_size=20_000)
    write_model(new)
    command = ("convert", new, target, "--to", "safetensors", "--force", "--max-shard-size", "30KB")
    began = time.perf_counter()
    start(*command).communicate()
    duration = time.perf_counter() - began
    moments = random.Random(6)
    found = {"old": 0, "new": 0, "refused": 0}

    for _ in range(KILLS // 2):
        shutil.rmtree(target, ignore_errors=True)
        if is_there:
            shutil.copytree(old, target)
        process = start(*command)
        time.sleep(moments.uniform(0.3, 1.2) * duration)
        process.kill()
        process.communicate()
        found[state(target, old, new)] += 1

    start(*command).communicate()
    assert state(target, old, new) == "new"
    assert found["refused"] <= KILLS // 10, "the files are moved in an instant"


def state(target: Path, old: Path, new: Path) -> str:
    """What a target reads as; no folder is what a new one is before."""
    if not target.exists():
        return "old"
    if not (target / "config.json").exists():
        with pytest.raises(FetchError, match=r"must have `config.json`"):
            XLMConfig.from_pretrained(target)
        return "refused"
    assert is_model(target, old) or is_model(target, new)
    return "old" if is_model(target, old) else "new"


def test_ctrl_c_ends_it_without_a_word_too_many_and_leaves_nothing(large, tmp_path):
    model, _ = large
    process = start("convert", model, tmp_path / "new", "--to", "safetensors", "--dtype", "float16")
    while process.poll() is None and not list(tmp_path.iterdir()):
        time.sleep(0.01)

    process.send_signal(signal.SIGINT)

    printed, said = process.communicate()
    assert (process.returncode, printed, said) == (130, "", "xlm-convert: interrupted\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("target", ["safetensors", "torch", "tf", "keras", "original"])
def test_without_room_on_the_disk_it_says_so_and_leaves_the_old_model(tmp_path, target):
    """A limit on the size of files stands for the disk."""
    new, old = write_model(tmp_path / "new"), write_model(tmp_path / "old", CONFIG.replace(n_layers=1))
    convert = ["convert", "--quiet", str(new), str(tmp_path / "target"), "--to", target, "--force"]
    assert main([*convert[:2], str(old), *convert[3:]]) == 0

    done = subprocess.run([sys.executable, "-c", LIMITED, *convert], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr
    assert done.stderr.startswith("xlm-convert: ")
    assert main(["compare", "--quiet", str(tmp_path / "target"), str(old)]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"new", "old", "target"}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux for the peak of memory")
@pytest.mark.parametrize(
    "options", [("safetensors",), ("torch",), ("tf",), ("keras",), ("safetensors", "--dtype", "float16")], ids=" ".join
)
def test_memory_stays_within_the_size_of_the_file(large, tmp_path, options):
    """At most 1.3 × the size of the weights, counting the mapped file itself, beyond what the program needs."""
    model, size = large

    peak, base = (
        int(subprocess.run([sys.executable, "-c", PEAK, *arguments], capture_output=True, text=True, check=True).stdout)
        for arguments in (
            ["convert", "--quiet", str(model), str(tmp_path / "new"), "--to", *options],
            ["convert", "--quiet", *small(tmp_path), "--to", *options],
        )
    )

    assert 1024 * (peak - base) <= 1.3 * size


def small(folder: Path) -> list[str]:
    """A small model and where to put it."""
    return [str(write_model(folder / "small")), str(folder / "other")]
